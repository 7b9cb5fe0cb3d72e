#include "net/frame.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/hash.h"

namespace latium {

namespace {

constexpr std::size_t kCheckedHeaderBytes = 28;
constexpr std::size_t kInitialCapacity = 16u << 10;
constexpr std::size_t kMaxCapacity = kFrameHeaderBytes + kMaxFramePayloadBytes;

template <class T>
void store(char* at, T value) {
  value = detail::in_byte_order<std::endian::little>(value);
  std::memcpy(at, &value, sizeof(T));
}

bool known_type(std::uint8_t type) {
  return type >= static_cast<std::uint8_t>(FrameType::hello) && type <= static_cast<std::uint8_t>(FrameType::goodbye);
}

bool may_go_on(FrameType type) {
  return type == FrameType::request || type == FrameType::response || type == FrameType::chunk;
}

}  // namespace

void append_frame(Bytes& out, const FrameHeader& header, BytesView payload) {
  LATIUM_CHECK(payload.size() <= kMaxFramePayloadBytes, "a larger message is cut into chunks first");
  char raw[kFrameHeaderBytes];
  store(raw, static_cast<std::uint32_t>(payload.size()));
  raw[4] = static_cast<char>(header.type);
  raw[5] = static_cast<char>(header.flags);
  store(raw + 6, header.method);
  store(raw + 8, header.request_id);
  store(raw + 16, header.hlc);
  store(raw + 24, header.timeout_ms);
  store(raw + 28, crc32c(payload, crc32c(BytesView(raw, kCheckedHeaderBytes))));
  out.append(raw, kFrameHeaderBytes);
  out.append(payload);
}

FrameDecoder::FrameDecoder() : buffer_(std::make_unique_for_overwrite<char[]>(kInitialCapacity)), capacity_(kInitialCapacity) {}

FrameDecoder::Space FrameDecoder::prepare() {
  const std::size_t wanted = std::max(wanted_, was_filled_ ? std::min(2 * capacity_, kMaxCapacity) : std::size_t{0});
  was_filled_ = false;
  if (begin_ == end_) begin_ = end_ = 0;
  if (wanted > capacity_) {
    make_room(std::max(wanted, std::min(2 * capacity_, kMaxCapacity)));
  } else if (begin_ > 0 && (capacity_ - end_ < capacity_ / 2 || begin_ + wanted_ > capacity_)) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, buffered());
    end_ -= std::exchange(begin_, 0);
  }
  LATIUM_CHECK(end_ < capacity_, "next() was called until it gave nothing");
  return {buffer_.get() + end_, capacity_ - end_};
}

void FrameDecoder::make_room(std::size_t capacity) {
  auto larger = std::make_unique_for_overwrite<char[]>(capacity);
  std::memcpy(larger.get(), buffer_.get() + begin_, buffered());
  buffer_ = std::move(larger);
  capacity_ = capacity;
  end_ -= std::exchange(begin_, 0);
}

void FrameDecoder::commit(std::size_t count) {
  LATIUM_CHECK(count <= capacity_ - end_);
  end_ += count;
  was_filled_ = end_ == capacity_;
}

std::size_t FrameDecoder::feed(BytesView bytes) {
  const Space space = prepare();
  const std::size_t count = std::min(space.size, bytes.size());
  std::memcpy(space.data, bytes.data(), count);
  commit(count);
  return count;
}

Result<std::optional<Frame>> FrameDecoder::next() {
  if (buffered() < kFrameHeaderBytes) {
    wanted_ = kFrameHeaderBytes;
    return std::nullopt;
  }
  const char* raw = buffer_.get() + begin_;
  const std::uint32_t length = get_u32(raw);
  const auto type = static_cast<std::uint8_t>(raw[4]);
  const auto flags = static_cast<std::uint8_t>(raw[5]);
  if (length > kMaxFramePayloadBytes) {
    return fail(ErrorCode::corruption, "a frame of " + std::to_string(length) + " bytes is larger than any frame");
  }
  if (!known_type(type)) return fail(ErrorCode::corruption, "a frame of the unknown type " + std::to_string(type));
  if ((flags & ~kFrameMore) != 0 || ((flags & kFrameMore) != 0 && !may_go_on(static_cast<FrameType>(type)))) {
    return fail(ErrorCode::corruption, "a frame with unknown flags " + std::to_string(flags));
  }
  if (buffered() < kFrameHeaderBytes + length) {
    wanted_ = kFrameHeaderBytes + length;
    return std::nullopt;
  }
  const BytesView payload(raw + kFrameHeaderBytes, length);
  if (crc32c(payload, crc32c(BytesView(raw, kCheckedHeaderBytes))) != get_u32(raw + 28)) {
    return fail(ErrorCode::corruption, "a frame does not match its checksum");
  }
  Frame frame;
  frame.header.type = static_cast<FrameType>(type);
  frame.header.flags = flags;
  frame.header.method = get_u16(raw + 6);
  frame.header.request_id = get_u64(raw + 8);
  frame.header.hlc = get_u64(raw + 16);
  frame.header.timeout_ms = get_u32(raw + 24);
  frame.payload = payload;
  begin_ += kFrameHeaderBytes + length;
  wanted_ = 0;
  return frame;
}

}  // namespace latium
