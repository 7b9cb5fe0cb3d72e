// The TOML configuration: arbitrary text is applied or refused in one line; what is applied can be validated.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "node/config_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  latium::NodeOptions options;
  const auto applied = latium::apply_config({reinterpret_cast<const char*>(data), size}, "fuzz.toml", options);
  if (!applied) {
    LATIUM_CHECK(applied.error().code == latium::ErrorCode::invalid_argument);
    LATIUM_CHECK(applied.error().message.find('\n') == std::string::npos);
    return 0;
  }
  if (const auto valid = options.validate(); !valid) LATIUM_CHECK(!valid.error().message.empty());
  return 0;
}
