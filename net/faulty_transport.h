// FaultyTransport: a transport whose paths can be cut and made slow at run time, for tests and demonstrations of real nodes.
#pragma once

#include <list>
#include <memory>

#include "net/fault_rules.h"
#include "net/faulty_requests.h"
#include "net/transport.h"
#include "runtime/runtime.h"
#include "runtime/suspension.h"

namespace latium {

/// Over another transport. Requests of clients pass as they are; those of nodes cost one allocation more. What a rule does:
///  - cut: a call sends nothing and ends as one whose request or answer was lost does: `deadline_exceeded` + unknown at its
///    deadline, without one `unavailable` + unknown after `loss_noticed`. A request that comes in is not served. What was under
///    way when the rule was set, either way, is lost too, and stays so when it is lifted.
///  - delay: what is sent is held for that long first. Two nodes that each have a rule of 40 ms are 80 ms of round trip apart.
/// Connections, their handshakes and pings know of no rules. Loop thread only.
class FaultyTransport final : public Transport {
 public:
  /// Both outlive it. Everything else that has a part in `inner` goes through this object, its stop() too.
  FaultyTransport(Runtime& runtime, Transport& inner, Duration loss_noticed = std::chrono::seconds(15))
      : runtime_(runtime), inner_(inner), loss_noticed_(loss_noticed) {}
  ~FaultyTransport() override;

  /// In place of all rules before. Those under a delay keep the one that they began with.
  void set_rules(FaultRules rules);

  Result<Address> listen(const Address& address, RequestHandler& handler) override;
  /// Beside the errors of `inner`: `overloaded` + not_applied when too many calls are held by rules.
  Task<Bytes> call(Address peer, Method method, Bytes request, CallOptions options) override;
  /// Of `inner`: what is held or lost before it is sent is not counted.
  TransportStatistics statistics() const override { return inner_.statistics(); }
  /// Ends held calls with `unavailable` + unknown, stops `inner`, and waits for the end of every call.
  Task<void> stop() override;

 private:
  class Counted;

  // Sleeps. `cancelled`, or `unavailable` when the transport stops first, both unknown.
  Task<void> hold(MonotonicTime until);
  Task<Bytes> lose(Address peer, MonotonicTime deadline);

  Runtime& runtime_;
  Transport& inner_;
  const Duration loss_noticed_;
  FaultRules rules_;
  std::shared_ptr<FaultyRequests> requests_;  // once it listens
  bool stopping_ = false;
  std::size_t calls_ = 0;        // in progress
  std::list<Suspension*> held_;  // the calls among them that sleep
  Suspension* joiner_ = nullptr;
};

}  // namespace latium
