#include "net/faulty_requests.h"

#include "base/check.h"

namespace latium {

/// Where the handler's answer to one request goes. Holds the request as it came, and with it its peer.
class FaultyRequests::Answer final : public ResponseSink {
 public:
  Answer(std::shared_ptr<FaultyRequests> requests, IncomingRequest request)
      : requests_(std::move(requests)), request_(std::move(request)) {}

  void respond(std::uint64_t /*request_id*/, Result<Bytes> response) override {
    requests_->answer(std::move(request_), std::move(response));
  }

 private:
  std::shared_ptr<FaultyRequests> requests_;
  IncomingRequest request_;
};

void FaultyRequests::handle(IncomingRequest request) {
  if (stopped_ || request.peer().role == PeerRole::client) return next_.handle(std::move(request));
  if (rules_.from(request.peer()).cut) return lose(std::move(request));
  // Without a rule too: there may be one by the time it is answered.
  const PeerIdentity& peer = request.peer();
  const Method method = request.method();
  const MonotonicTime deadline = request.deadline();
  const Key key(request.connection_id(), request.id());
  Bytes payload = request.take_payload();
  auto sink = std::make_shared<Answer>(shared_from_this(), std::move(request));
  next_.handle(IncomingRequest(method, std::move(payload), deadline, peer, std::move(sink), key.first, key.second));
}

void FaultyRequests::answer(IncomingRequest request, Result<Bytes> response) {
  if (stopped_) return std::move(request).respond(std::move(response));
  const Fault fault = rules_.from(request.peer());
  if (fault.cut) return lose(std::move(request));
  if (fault.delay <= Duration(0)) return std::move(request).respond(std::move(response));
  hold(std::move(request), std::move(response), false, saturating_add(runtime_.clock.monotonic_now(), fault.delay));
}

// A request can only be answered, not forgotten. So it gets, when its caller has given up or would have found the path dead,
// what that caller says itself.
void FaultyRequests::lose(IncomingRequest request) {
  const bool ends = request.deadline() != kNever;
  const MonotonicTime until = ends ? request.deadline() : saturating_add(runtime_.clock.monotonic_now(), loss_noticed_);
  hold(std::move(request),
       fail(ends ? ErrorCode::deadline_exceeded : ErrorCode::unavailable, Certainty::unknown,
            "no answer came: the path is cut by a fault rule"),
       true, until);
}

void FaultyRequests::hold(IncomingRequest request, Result<Bytes> response, bool lost, MonotonicTime until) {
  const Key key(request.connection_id(), request.id());
  const TimerId timer = runtime_.timers.schedule(until, [this, key] { release(key); });
  const bool added = held_.emplace(key, Held{std::move(request), std::move(response), lost, timer}).second;
  LATIUM_CHECK(added, "a request that is not answered has its id for itself");
}

void FaultyRequests::release(Key key) {
  auto entry = held_.extract(key);
  Held& held = entry.mapped();
  if (!held.lost && rules_.from(held.request.peer()).cut) return lose(std::move(held.request));
  std::move(held.request).respond(std::move(held.response));
}

void FaultyRequests::cancelled(std::uint64_t connection_id, std::uint64_t request_id) {
  const auto entry = held_.extract({connection_id, request_id});
  if (!entry) return next_.cancelled(connection_id, request_id);
  runtime_.timers.cancel(entry.mapped().timer);
}

void FaultyRequests::stop() {
  stopped_ = true;
  for (const auto& [key, held] : held_) runtime_.timers.cancel(held.timer);
}

void FaultyRequests::drop_held() {
  const auto dropped = std::exchange(held_, {});
}

}  // namespace latium
