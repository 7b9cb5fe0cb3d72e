#include "node/cli/batch_sender.h"

#include <algorithm>
#include <utility>

#include "proto/wire.pb.h"

namespace latium::cli {

namespace {

std::unexpected<Error> interrupted_error() {
  return fail(ErrorCode::cancelled, "interrupted");
}

}  // namespace

bool is_transient(const Error& error) {
  return error.code == ErrorCode::unavailable || error.code == ErrorCode::deadline_exceeded ||
         error.code == ErrorCode::overloaded;
}

void BatchSender::start(Slot& slot) {
  if (slot.batch.request.empty()) {
    slot.acknowledged = true;
    return;
  }
  slot.attempt = ++attempts_;
  slot.acknowledged = false;
  slot.sent = client_.now();
  ++in_flight_;
  client_.start(0, wire::METHOD_KV_PUT_MANY, slot.batch.request, client_.after(options_.timeout),
                [inbox = inbox_, attempt = slot.attempt](Result<Bytes> result) {
                  inbox->put({attempt, result ? std::nullopt : std::optional<Error>(std::move(result).error())});
                });
}

void BatchSender::start_all() {
  for (Slot& slot : slots_) start(slot);
}

Result<void> BatchSender::send(Batch batch) {
  while (slots_.size() >= options_.window || last_error_) LATIUM_CHECKED(wait_for_one());
  if (interrupted()) return interrupted_error();
  if (slots_.empty()) last_progress_ = client_.now();
  slots_.push_back({.batch = std::move(batch)});
  start(slots_.back());
  advance();
  return poll();
}

Result<void> BatchSender::drain() {
  while (!slots_.empty()) LATIUM_CHECKED(wait_for_one());
  return {};
}

Result<void> BatchSender::poll() {
  while (auto answer = inbox_->take(std::chrono::milliseconds(0))) LATIUM_CHECKED(handle(*std::move(answer)));
  return {};
}

Result<void> BatchSender::wait_for_one() {
  for (;;) {
    if (interrupted()) return interrupted_error();
    if (last_error_ && in_flight_ == 0) return recover();
    if (auto answer = inbox_->take(kLookAround)) return handle(*std::move(answer));
  }
}

Result<void> BatchSender::handle(Answer answer) {
  --in_flight_;
  const auto slot = std::ranges::find(slots_, answer.attempt, &Slot::attempt);
  if (answer.error) {
    if (!is_transient(*answer.error)) return fail(*std::move(answer.error));
    last_error_ = std::move(answer.error);
    return {};
  }
  slot->acknowledged = true;
  latencies_.record(static_cast<std::uint64_t>((client_.now() - slot->sent) / std::chrono::nanoseconds(1)));
  advance();
  return {};
}

void BatchSender::advance() {
  while (!slots_.empty() && slots_.front().acknowledged) {
    acknowledged_ = slots_.front().batch.end;
    slots_.pop_front();
    last_progress_ = client_.now();
    failures_ = 0;
  }
}

Result<void> BatchSender::recover() {
  const MonotonicTime next = client_.after(options_.backoff.wait(failures_++, random_));
  if (next >= saturating_add(last_progress_, options_.timeout)) return fail(*std::move(last_error_));
  while (client_.now() < next) {
    if (interrupted()) return interrupted_error();
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - client_.now());
    // Nothing is in flight: this only passes the time.
    inbox_->take(std::clamp(left, std::chrono::milliseconds(0), kLookAround));
  }
  last_error_.reset();
  start_all();
  return {};
}

}  // namespace latium::cli
