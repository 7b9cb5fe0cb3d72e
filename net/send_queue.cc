#include "net/send_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "net/reassembly.h"

namespace latium {

namespace {

/// Of memory that is used again; the rest of a larger buffer is freed, or a burst would stay with its connection for good.
constexpr std::size_t kKeptCapacity = 4 * kMaxFramePayloadBytes;

}  // namespace

void SendQueue::push(const FrameHeader& header, Bytes&& payload) {
  if (payload.size() <= kMaxFramePayloadBytes) {
    append_frame(small_, header, payload);
    return;
  }
  LATIUM_CHECK(payload.size() <= kMaxMessageBytes, "the size of a message is checked before it is queued");
  large_bytes_ += payload.size();
  waiting_.push_back(Large{header, std::move(payload)});
  start_waiting();
}

void SendQueue::take(Bytes& out) {
  if (out.capacity() > kKeptCapacity) out = Bytes();
  out.clear();
  std::swap(out, small_);
  if (!active_.empty()) append_chunk(out);
}

void SendQueue::start_waiting() {
  while (!waiting_.empty() && waiting_.front().payload.size() <= kMaxUnfinishedBytes - active_bytes_) {
    active_bytes_ += waiting_.front().payload.size();
    active_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
}

void SendQueue::append_chunk(Bytes& out) {
  Large& large = active_.front();
  FrameHeader header = large.header;
  if (large.sent == 0) {
    Bytes first;
    put_u32(first, static_cast<std::uint32_t>(large.payload.size()));
    large.sent = kMaxFramePayloadBytes - first.size();
    first.append(large.payload, 0, large.sent);
    header.flags = kFrameMore;
    append_frame(out, header, first);
    large_bytes_ -= large.sent;
  } else {
    const std::size_t size = std::min(large.left(), kMaxFramePayloadBytes);
    header = FrameHeader{.type = FrameType::chunk, .request_id = large.header.request_id};
    header.flags = size < large.left() ? kFrameMore : 0;
    append_frame(out, header, BytesView(large.payload).substr(large.sent, size));
    large.sent += size;
    large_bytes_ -= size;
  }
  if (large.left() == 0) {
    active_bytes_ -= large.payload.size();
    active_.pop_front();
    start_waiting();
  } else {
    active_.splice(active_.end(), active_, active_.begin());
  }
}

void SendQueue::discard(std::uint64_t request_id) {
  const auto is_it = [request_id](const Large& large) { return large.header.request_id == request_id; };
  if (const auto found = std::ranges::find_if(active_, is_it); found != active_.end()) {
    active_bytes_ -= found->payload.size();
    large_bytes_ -= found->left();
    active_.erase(found);
    start_waiting();
  } else if (const auto waits = std::ranges::find_if(waiting_, is_it); waits != waiting_.end()) {
    large_bytes_ -= waits->left();
    waiting_.erase(waits);
  }
}

}  // namespace latium
