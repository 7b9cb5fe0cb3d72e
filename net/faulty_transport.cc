#include "net/faulty_transport.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace latium {

namespace {

// As many as one peer of a TcpTransport may have in flight by default.
constexpr std::size_t kMaxHeldCalls = 16384;

}  // namespace

/// A call in progress; stop() waits for the last one.
class FaultyTransport::Counted {
 public:
  explicit Counted(FaultyTransport& transport) : transport_(transport) { ++transport_.calls_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() {
    if (--transport_.calls_ == 0 && transport_.joiner_ != nullptr) transport_.joiner_->wake();
  }

 private:
  FaultyTransport& transport_;
};

FaultyTransport::~FaultyTransport() {
  LATIUM_CHECK(calls_ == 0, "stop() a FaultyTransport before it dies");
}

void FaultyTransport::set_rules(FaultRules rules) {
  if (requests_) requests_->set_rules(rules);
  rules_ = std::move(rules);
}

Result<Address> FaultyTransport::listen(const Address& address, RequestHandler& handler) {
  auto requests = std::make_shared<FaultyRequests>(runtime_, handler, loss_noticed_);
  requests->set_rules(rules_);
  LATIUM_TRY(Address listening, inner_.listen(address, *requests));
  requests_ = std::move(requests);
  return listening;
}

Task<Bytes> FaultyTransport::call(Address peer, Method method, Bytes request, CallOptions options) {
  const Counted counted(*this);
  if (stopping_) co_return fail(ErrorCode::unavailable, "the node is stopping");
  const MonotonicTime now = runtime_.clock.monotonic_now();
  const Fault fault = rules_.towards(peer);
  if (fault != Fault()) {
    if (options.deadline <= now) {
      co_return fail(ErrorCode::deadline_exceeded, "the deadline passed before the request was sent");
    }
    if (held_.size() >= kMaxHeldCalls) {
      co_return fail(ErrorCode::overloaded, "too many calls are held by fault rules: retry with backoff");
    }
  }
  if (fault.delay > Duration(0)) {
    LATIUM_CO_CHECKED(co_await hold(std::min(options.deadline, saturating_add(now, fault.delay))));
    if (options.deadline <= runtime_.clock.monotonic_now()) {
      co_return fail(ErrorCode::deadline_exceeded, Certainty::unknown, "the deadline passed while a fault rule held the request");
    }
  }
  if (rules_.towards(peer).cut) co_return co_await lose(std::move(peer), options.deadline);
  Result<Bytes> answer = co_await inner_.call(peer, method, std::move(request), options);
  if (!stopping_ && rules_.towards(peer).cut) co_return co_await lose(std::move(peer), options.deadline);
  co_return answer;
}

Task<Bytes> FaultyTransport::lose(Address peer, MonotonicTime deadline) {
  const bool ends = deadline != kNever;
  LATIUM_CO_CHECKED(co_await hold(ends ? deadline : saturating_add(runtime_.clock.monotonic_now(), loss_noticed_)));
  co_return fail(ends ? ErrorCode::deadline_exceeded : ErrorCode::unavailable, Certainty::unknown,
                 "no answer came from " + peer.to_string() + ": the path is cut by a fault rule");
}

Task<void> FaultyTransport::hold(MonotonicTime until) {
  Suspension woken;
  const auto place = held_.insert(held_.end(), &woken);
  const TimerId timer = runtime_.timers.schedule(until, [&woken] { woken.wake(); });
  const Wake wake = co_await woken.wait();
  runtime_.timers.cancel(timer);
  held_.erase(place);
  if (wake == Wake::cancelled) {
    co_return fail(ErrorCode::cancelled, Certainty::unknown, "the caller gave up on a call held by a fault rule");
  }
  if (stopping_) co_return fail(ErrorCode::unavailable, Certainty::unknown, "the node is stopping");
  co_return Result<void>();
}

Task<void> FaultyTransport::stop() {
  stopping_ = true;
  if (requests_) requests_->stop();
  for (Suspension* held : held_) held->wake();
  Result<void> stopped = co_await inner_.stop();
  // Not before: an answer may not slip out through a cut.
  if (requests_) requests_->drop_held();
  if (calls_ > 0) {
    Suspension last_call;
    joiner_ = &last_call;
    co_await last_call.wait_shielded();
    joiner_ = nullptr;
  }
  co_return stopped;
}

}  // namespace latium
