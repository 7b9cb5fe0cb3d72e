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
  /// Drops what has arrived of an unfinished message and passes over the rest of it: it never becomes whole.
  void refuse(std::uint64_t request_id);

  /// The full sizes of the unfinished messages together.
  std::size_t unfinished_bytes() const { return unfinished_bytes_; }
  /// What is kept of them.
  std::size_t kept_bytes() const { return kept_bytes_; }

 private:
  struct Partial {
    FrameHeader header;
    std::size_t total = 0;
    std::size_t arrived = 0;
    bool refused = false;
    Bytes payload;  // all that arrived; empty once refused
  };

  using Unfinished = std::unordered_map<std::uint64_t, Partial>;

  Result<void> begin(const Frame& frame);
  Result<std::optional<Message>> go_on(const Frame& frame);
  void forget(Unfinished::iterator message);

  Unfinished unfinished_;
  std::size_t unfinished_bytes_ = 0;
  std::size_t kept_bytes_ = 0;
};

}  // namespace latium
