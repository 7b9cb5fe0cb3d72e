// Calls: their way out, back, and their ends.
#include "net/peer.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "net/wire_error.h"

namespace latium {

namespace {

/// Deadlines that are closer together than this end together.
constexpr Duration kSweepGranularity = std::chrono::milliseconds(1);

std::uint32_t timeout_ms(MonotonicTime deadline, MonotonicTime now) {
  if (deadline == kNever) return 0;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now).count();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(left, 1, std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace

Peer::Peer(NetContext& context, Address address)
    : context_(context), address_(std::move(address)), address_text_(address_.to_string()) {}

Result<void> Peer::admit(const Bytes& request, MonotonicTime deadline) const {
  if (request.size() > kMaxMessageBytes) {
    return fail(ErrorCode::invalid_argument, "a request of " + std::to_string(request.size()) + " bytes: at most " +
                                                 std::to_string(kMaxMessageBytes) + " are allowed, split it");
  }
  if (context_.stopping) return fail(ErrorCode::unavailable, "the node is stopping");
  if (deadline != kNever && deadline <= context_.now()) {
    return fail(ErrorCode::deadline_exceeded, "the deadline passed before the request was sent to " + address_text_);
  }
  const std::size_t queued = unsent_bytes_ + (connection_ ? connection_->queued_bytes() : 0);
  if (calls_.size() >= context_.limits.max_calls_per_peer || queued + request.size() > context_.limits.max_send_bytes) {
    ++context_.statistics.overloaded;
    return fail(ErrorCode::overloaded, "too many calls wait for " + address_text_ + ": retry with backoff");
  }
  if (state_ == State::idle && last_failure_ && context_.now() < next_dial_) return fail(*last_failure_);
  return {};
}

std::uint64_t Peer::send(Method method, Bytes request, MonotonicTime deadline, ResponseCallback callback) {
  if (auto admitted = admit(request, deadline); !admitted) {
    callback(fail(std::move(admitted).error()));
    return 0;
  }
  unsent_bytes_ += request.size();
  const std::uint64_t id = calls_.add(
      {.callback = std::move(callback), .deadline = deadline, .sent = false, .method = method, .request = std::move(request)});
  if (deadline != kNever) arm_sweep(deadline);
  if (state_ == State::open) {
    transmit(id);
  } else if (state_ == State::idle) {
    start_dialling();
  }
  return id;
}

void Peer::transmit(std::uint64_t id) {
  CallTable::Call& call = *calls_.find(id);
  call.sent = true;
  unsent_bytes_ -= call.request.size();
  ++context_.statistics.requests_sent;
  const FrameHeader header{.type = FrameType::request,
                           .method = call.method,
                           .request_id = id,
                           .timeout_ms = call.deadline == kNever ? 0 : timeout_ms(call.deadline, connection_->now())};
  connection_->send(header, std::exchange(call.request, Bytes()));
}

void Peer::on_message(Connection& /*connection*/, Message message) {
  const std::uint64_t id = message.header.request_id;
  // An answer to a call that ended before it (deadline, cancel) meets nobody.
  if (message.header.type == FrameType::error) {
    finish(id, fail(decode_error(message.payload)));
  } else {
    finish(id, std::move(message.payload));
  }
}

void Peer::finish(std::uint64_t id, Result<Bytes> result) {
  auto call = calls_.take(id);
  if (!call) return;
  if (!call->sent) unsent_bytes_ -= call->request.size();
  call->callback(std::move(result));
}

Certainty Peer::cancel(std::uint64_t id) {
  const auto call = calls_.take(id);
  if (!call) return Certainty::unknown;
  if (!call->sent) {
    unsent_bytes_ -= call->request.size();
    return Certainty::not_applied;
  }
  tell_cancelled(id);
  return Certainty::unknown;
}

void Peer::tell_cancelled(std::uint64_t id) {
  if (!connection_) return;
  // Large requests first go out of the queue: no chunk may follow the cancel.
  connection_->discard(id);
  connection_->send_small({.type = FrameType::cancel, .request_id = id}, {});
}

void Peer::on_cancel(Connection& /*connection*/, std::uint64_t /*request_id*/) {}

void Peer::on_closed(Connection& /*connection*/, const Error& reason) {
  connection_.reset();
  state_ = State::idle;
  fail_all({reason.code == ErrorCode::cancelled ? ErrorCode::unavailable : reason.code, reason.certainty,
            "the connection to " + address_text_ + " ended: " + reason.message});
}

void Peer::fail_all(const Error& reason) {
  failing_ = true;
  // A callback may call again: only those that wait now.
  for (const std::uint64_t id : calls_.ids_if([](const CallTable::Call&) { return true; })) {
    const CallTable::Call* call = calls_.find(id);
    if (call == nullptr) continue;
    if (call->sent) {
      finish(id, fail(ErrorCode::unavailable, Certainty::unknown, reason.message));
    } else {
      finish(id, fail(reason.code, Certainty::not_applied, reason.message));
    }
  }
  failing_ = false;
}

void Peer::close(const Error& reason) {
  if (const auto connection = connection_) {
    connection->close(reason, true);
  } else {
    state_ = State::idle;
    fail_all(reason);
  }
  context_.runtime.timers.cancel(sweep_timer_);
  sweep_at_ = kNever;
}

void Peer::arm_sweep(MonotonicTime deadline) {
  if (deadline >= sweep_at_) return;
  context_.runtime.timers.cancel(sweep_timer_);
  sweep_at_ = deadline;
  sweep_timer_ = context_.runtime.timers.schedule(deadline, [this] { sweep(); });
}

void Peer::sweep() {
  sweep_at_ = kNever;
  const MonotonicTime now = context_.now();
  failing_ = true;
  for (const std::uint64_t id : calls_.ids_if([now](const CallTable::Call& call) { return call.deadline <= now; })) {
    const CallTable::Call* call = calls_.find(id);
    if (call == nullptr) continue;
    const Certainty certainty = call->sent ? Certainty::unknown : Certainty::not_applied;
    if (call->sent) tell_cancelled(id);
    finish(id, fail(ErrorCode::deadline_exceeded, certainty, "no answer from " + address_text_ + " before the deadline"));
  }
  failing_ = false;
  if (const MonotonicTime next = calls_.earliest_deadline(); next != kNever) arm_sweep(std::max(next, now + kSweepGranularity));
}

}  // namespace latium
