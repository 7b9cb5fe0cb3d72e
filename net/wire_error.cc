#include "net/wire_error.h"

#include "proto/wire.pb.h"

namespace latium {

namespace {

constexpr std::size_t kMaxText = 4096;

bool known_code(std::uint32_t code) {
  switch (code) {
#define LATIUM_ERROR(number, name, exit_status, meaning) case number:
#include "latium/error_codes.def"
#undef LATIUM_ERROR
    return true;
    default:
      return false;
  }
}

}  // namespace

Bytes encode_error(const Error& error) {
  wire::Error message;
  message.set_code(static_cast<std::uint32_t>(error.code));
  message.set_certainty(static_cast<std::uint32_t>(error.certainty));
  // A cut in the middle of a character would not be valid UTF-8, which protobuf demands of strings.
  std::size_t size = error.message.size();
  if (size > kMaxText) {
    size = kMaxText;
    while (size > 0 && (static_cast<unsigned char>(error.message[size]) & 0xC0) == 0x80) --size;
  }
  message.set_message(error.message.substr(0, size));
  return message.SerializeAsString();
}

Error decode_error(BytesView bytes) {
  wire::Error message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return {ErrorCode::corruption, Certainty::unknown, "the peer answered with an error that cannot be read"};
  }
  const Certainty certainty = message.certainty() == 0 ? Certainty::not_applied : Certainty::unknown;
  const ErrorCode code = known_code(message.code()) ? static_cast<ErrorCode>(message.code()) : ErrorCode::internal;
  return {code, certainty, std::move(*message.mutable_message())};
}

}  // namespace latium
