#include "net/reassembly.h"

#include <algorithm>
#include <string>
#include <utility>

namespace latium {

namespace {

constexpr std::size_t kSizeBytes = 4;
constexpr std::size_t kFirstReservation = 1u << 20;

}  // namespace

Result<std::optional<Message>> Reassembler::add(const Frame& frame) {
  if (frame.header.type == FrameType::chunk) return go_on(frame);
  if ((frame.header.flags & kFrameMore) == 0) return Message{frame.header, Bytes(frame.payload)};
  LATIUM_CHECKED(begin(frame));
  return std::nullopt;
}

Result<void> Reassembler::begin(const Frame& frame) {
  if (frame.payload.size() < kSizeBytes) return fail(ErrorCode::corruption, "a message in chunks without its size");
  const std::size_t total = get_u32(frame.payload.data());
  // The lower bound also bounds how many messages can be unfinished at once.
  if (total <= kMaxFramePayloadBytes || total > kMaxMessageBytes) {
    return fail(ErrorCode::corruption, "a message in chunks of " + std::to_string(total) + " bytes");
  }
  if (total > kMaxUnfinishedBytes - unfinished_bytes_) {
    return fail(ErrorCode::corruption, "more than " + std::to_string(kMaxUnfinishedBytes) + " bytes of unfinished messages");
  }
  const auto [place, is_new] = unfinished_.try_emplace(frame.header.request_id);
  if (!is_new) return fail(ErrorCode::corruption, "a second message with the id of an unfinished one");
  Partial& partial = place->second;
  partial.header = frame.header;
  partial.header.flags = 0;
  partial.total = total;
  // Not all of it: memory follows the bytes that arrive, not what the peer says is to come.
  partial.payload.reserve(std::min(total, kFirstReservation));
  partial.payload.append(frame.payload.substr(kSizeBytes));
  partial.arrived = partial.payload.size();
  unfinished_bytes_ += total;
  kept_bytes_ += partial.arrived;
  return {};
}

Result<std::optional<Message>> Reassembler::go_on(const Frame& frame) {
  const auto found = unfinished_.find(frame.header.request_id);
  if (found == unfinished_.end()) return fail(ErrorCode::corruption, "a chunk of no message");
  Partial& partial = found->second;
  const bool last = (frame.header.flags & kFrameMore) == 0;
  const std::size_t size = partial.arrived + frame.payload.size();
  if (frame.payload.empty() || size > partial.total || last != (size == partial.total)) {
    return fail(ErrorCode::corruption, "the chunks of a message do not add up to its size");
  }
  partial.arrived = size;
  if (!partial.refused) {
    partial.payload.append(frame.payload);
    kept_bytes_ += frame.payload.size();
  }
  if (!last) return std::nullopt;
  std::optional<Message> message;
  if (!partial.refused) message.emplace(partial.header, std::move(partial.payload));
  forget(found);
  return message;
}

void Reassembler::forget(Unfinished::iterator message) {
  unfinished_bytes_ -= message->second.total;
  if (!message->second.refused) kept_bytes_ -= message->second.arrived;
  unfinished_.erase(message);
}

void Reassembler::refuse(std::uint64_t request_id) {
  const auto found = unfinished_.find(request_id);
  if (found == unfinished_.end() || std::exchange(found->second.refused, true)) return;
  kept_bytes_ -= found->second.arrived;
  Bytes().swap(found->second.payload);
}

void Reassembler::discard(std::uint64_t request_id) {
  const auto found = unfinished_.find(request_id);
  if (found != unfinished_.end()) forget(found);
}

}  // namespace latium
