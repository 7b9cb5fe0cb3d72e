// Reassembler: makes whole messages of the frames of one connection. No I/O here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "net/frame.h"
#include "net/transport.h"

namespace latium {

/// How many bytes of unfinished messages, counted by their full sizes, one side of a connection may have under way. The
/// sender keeps to it (SendQueue); the receiver closes the connection of one that does not.
inline constexpr std::size_t kMaxUnfinishedBytes = 2 * kMaxMessageBytes;

/// A whole message: the header of its first frame (without kFrameMore) and all of its payload.
struct Message {
  FrameHeader header;
  Bytes payload;
};

class Reassembler {
 public:
  /// Takes a request, response, error or chunk frame; returns the message that it completes, if any. `corruption` when the
  /// frame breaks the rules of docs/formats.md. Holds no more memory than twice what has arrived.
  Result<std::optional<Message>> add(const Frame& frame);
  /// Forgets an unfinished message; one that is not there is no error.
  void discard(std::uint64_t request_id);

  /// The full sizes of the unfinished messages together.
  std::size_t unfinished_bytes() const { return unfinished_bytes_; }

 private:
  struct Partial {
    FrameHeader header;
    std::size_t total = 0;
    Bytes payload;
  };

  Result<void> begin(const Frame& frame);
  Result<std::optional<Message>> go_on(const Frame& frame);

  std::unordered_map<std::uint64_t, Partial> unfinished_;
  std::size_t unfinished_bytes_ = 0;
};

}  // namespace latium
