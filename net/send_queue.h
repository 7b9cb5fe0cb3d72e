// SendQueue: what waits to be written to one connection, already as frames where that is small. No I/O here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>

#include "net/frame.h"

namespace latium {

/// Small messages go first and together; large ones go chunk by chunk in turn, so that neither waits for the end of a
/// large one.
class SendQueue {
 public:
  /// Precondition: at most kMaxMessageBytes. Copies small payloads, keeps large ones.
  void push(const FrameHeader& header, Bytes&& payload);
  /// For frames that are never large. Precondition: at most kMaxFramePayloadBytes.
  void push_small(const FrameHeader& header, BytesView payload) { append_frame(small_, header, payload); }

  /// Replaces `out`, whose memory is used again, by what is to be written next: all small frames and at most one chunk.
  /// Empty when nothing waits.
  void take(Bytes& out);

  /// Drops what is left of a large message.
  void discard(std::uint64_t request_id);

  /// Bytes that wait, not counting what take() gave.
  std::size_t bytes() const { return small_.size() + large_bytes_; }
  bool empty() const { return bytes() == 0; }

 private:
  struct Large {
    FrameHeader header;
    Bytes payload;
    std::size_t sent = 0;
    std::size_t left() const { return payload.size() - sent; }
  };

  void start_waiting();
  void append_chunk(Bytes& out);

  Bytes small_;
  std::list<Large> active_;    // begun or about to, in turn; their sizes together keep below kMaxUnfinishedBytes
  std::deque<Large> waiting_;  // first come, first served
  std::size_t active_bytes_ = 0;
  std::size_t large_bytes_ = 0;
};

}  // namespace latium
