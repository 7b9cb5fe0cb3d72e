// What clients send of SQL: any bytes are a request or refused; its options are in bounds or refused with invalid_argument; its
// values go to values and back to the same message.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "node/call_options.h"
#include "node/message.h"
#include "node/sql_conversation.h"

namespace latium {
namespace {

void check_open(BytesView bytes) {
  const auto request = parse_request<client::SqlOpenRequest>(bytes);
  if (!request) {
    LATIUM_CHECK(request.error().code == ErrorCode::invalid_argument);
    return;
  }
  const auto options = to_options(*request);
  if (!options) {
    LATIUM_CHECK(options.error().code == ErrorCode::invalid_argument);
    return;
  }
  LATIUM_CHECK(options->timeout >= std::chrono::milliseconds(1) && options->timeout <= kCallTimeMax);
  LATIUM_CHECK(options->max_rows >= 1 && options->max_rows <= SqlOptions().max_rows);
}

void check_execute(BytesView bytes) {
  const auto request = parse_request<client::SqlExecuteRequest>(bytes);
  if (!request) return;
  for (const client::SqlValue& value : request->values()) {
    client::SqlValue again;
    to_message(to_value(value), again);
    LATIUM_CHECK(again.kind_case() == value.kind_case());
    client::SqlValue known = value;  // without fields that this program does not know
    known.DiscardUnknownFields();
    LATIUM_CHECK(again.SerializeAsString() == known.SerializeAsString());
  }
}

}  // namespace
}  // namespace latium

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const latium::BytesView input(reinterpret_cast<const char*>(data), size);
  latium::check_open(input);
  latium::check_execute(input);
  return 0;
}
