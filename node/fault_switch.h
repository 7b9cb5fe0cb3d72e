// FaultSwitch: what a node that was started with enable_faults has around its transport: faults, set by a request.
#pragma once

#include "net/faulty_transport.h"
#include "net/transport.h"

namespace latium {

/// The rules of a FaultsSetRequest. `invalid_argument` naming the rule, counted from 0.
Result<FaultRules> parse_fault_rules(BytesView request);

/// Loop thread only, once it listens.
class FaultSwitch {
 public:
  /// `wire` and `service`, which serves every other request, outlive it. `authenticated`: every peer of `wire` has shown a
  /// certificate; otherwise rules are taken from this machine only.
  FaultSwitch(Runtime& runtime, Transport& wire, RequestHandler& service, bool authenticated)
      : transport_(runtime, wire), handler_(transport_, service, authenticated) {}

  /// What the node uses in place of `wire`.
  Transport& transport() { return transport_; }
  /// What listens in place of the service.
  RequestHandler& handler() { return handler_; }

 private:
  class Handler final : public RequestHandler {
   public:
    Handler(FaultyTransport& transport, RequestHandler& service, bool authenticated)
        : transport_(transport), service_(service), authenticated_(authenticated) {}
    void handle(IncomingRequest request) override;
    void cancelled(std::uint64_t connection_id, std::uint64_t request_id) override {
      service_.cancelled(connection_id, request_id);
    }

   private:
    Result<Bytes> set(const IncomingRequest& request);

    FaultyTransport& transport_;
    RequestHandler& service_;
    const bool authenticated_;
  };

  FaultyTransport transport_;
  Handler handler_;
};

}  // namespace latium
