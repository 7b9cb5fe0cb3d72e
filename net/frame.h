// Frames: how messages travel on a connection. No I/O here. Byte table: docs/formats.md, section "Frames".
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"

namespace latium {

enum class FrameType : std::uint8_t {
  hello = 1,      ///< who dials; the first frame of the dialling side
  hello_ack = 2,  ///< who answers; the first frame of the accepting side
  request = 3,
  response = 4,
  error = 5,   ///< the answer of a failed request
  chunk = 6,   ///< goes on with the request or response that has the same id
  cancel = 7,  ///< the dialling side no longer waits for this id
  ping = 8,
  pong = 9,
  goodbye = 10,  ///< why the sender closes the connection
};

/// The message goes on in chunks; in its first frame the payload begins with the size of the whole message, u32.
inline constexpr std::uint8_t kFrameMore = 1;

inline constexpr std::size_t kFrameHeaderBytes = 32;
/// Larger messages are cut into frames of this size, between which other frames can go.
inline constexpr std::size_t kMaxFramePayloadBytes = 128u << 10;

/// The length is the payload's and is not kept here.
struct FrameHeader {
  FrameType type = FrameType::ping;
  std::uint8_t flags = 0;
  std::uint16_t method = 0;      ///< requests only
  std::uint64_t request_id = 0;  ///< chosen by the dialling side, unique among its requests in flight; 0 in other frames
  std::uint64_t hlc = 0;         ///< the sender's hybrid logical clock; 0: no stamp
  std::uint32_t timeout_ms = 0;  ///< requests: the time that the sender will still wait; 0: no bound

  friend bool operator==(const FrameHeader&, const FrameHeader&) = default;
};

struct Frame {
  FrameHeader header;
  BytesView payload;
};

/// Appends one frame. Precondition: at most kMaxFramePayloadBytes of payload. Cost: one copy and one CRC of the payload.
void append_frame(Bytes& out, const FrameHeader& header, BytesView payload);

/// Cuts a stream of bytes into frames. Buffers at most one frame of the largest size and what one read brought beyond it.
class FrameDecoder {
 public:
  FrameDecoder();

  struct Space {
    char* data;
    std::size_t size;
  };
  /// Where the next bytes of the stream go: at least one byte. Frames handed out before are no longer valid.
  Space prepare();
  /// `count` bytes were written to the space that prepare() gave.
  void commit(std::size_t count);
  /// prepare() and commit() of as much of `bytes` as fits; returns how much.
  std::size_t feed(BytesView bytes);

  /// The next whole frame, valid until prepare(); nothing when bytes are missing. `corruption` when the bytes cannot be a
  /// frame (too long: seen from the header alone; unknown type or flag; checksum): the stream cannot be read further.
  Result<std::optional<Frame>> next();

  std::size_t buffered() const { return end_ - begin_; }

 private:
  void make_room(std::size_t capacity);

  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t wanted_ = 0;   // the whole size of the frame that is incomplete, once its header is known
  bool was_filled_ = false;  // the last read took all the space there was: a larger buffer would save reads
};

}  // namespace latium
