// FaultyRequests: the serving side of a FaultyTransport. Requests of a peer that is cut off get no answer in time, those of one
// that is far away get theirs later.
#pragma once

#include <map>
#include <memory>
#include <utility>

#include "net/fault_rules.h"
#include "net/transport.h"
#include "runtime/runtime.h"

namespace latium {

/// Loop thread only. Shared: answers that come after the transport is gone still find it.
class FaultyRequests final : public RequestHandler, public std::enable_shared_from_this<FaultyRequests> {
 public:
  /// `next` serves what gets through; both outlive stop(). `loss_noticed`: what a request without a deadline waits when lost.
  FaultyRequests(Runtime& runtime, RequestHandler& next, Duration loss_noticed)
      : runtime_(runtime), next_(next), loss_noticed_(loss_noticed) {}
  /// What is held goes unanswered; stop() was called before.
  ~FaultyRequests() override = default;

  void set_rules(FaultRules rules) { rules_ = std::move(rules); }

  void handle(IncomingRequest request) override;
  void cancelled(std::uint64_t connection_id, std::uint64_t request_id) override;

  /// No timers any more: what is held stays so until drop_held(), what comes later passes.
  void stop();
  /// Once nothing is sent any more.
  void drop_held();

 private:
  class Answer;
  using Key = std::pair<std::uint64_t, std::uint64_t>;  // connection, request: one that is held is not answered yet

  /// A request with the answer that it will get.
  struct Held {
    IncomingRequest request;
    Result<Bytes> response;
    bool lost = false;  // the response says so; otherwise it is under way, and may still be lost
    TimerId timer;
  };

  void answer(IncomingRequest request, Result<Bytes> response);
  void lose(IncomingRequest request);
  void hold(IncomingRequest request, Result<Bytes> response, bool lost, MonotonicTime until);
  void release(Key key);

  Runtime& runtime_;
  RequestHandler& next_;
  const Duration loss_noticed_;
  FaultRules rules_;
  bool stopped_ = false;
  std::map<Key, Held> held_;
};

}  // namespace latium
