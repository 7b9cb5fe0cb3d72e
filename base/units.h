// Durations and sizes as people write them, in options, configuration files and status reports.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace latium {

/// "250ms", "10s", "5m", "1h", "2d", or several from large to small as in "1h30m". `invalid_argument` on anything else: a
/// number without a unit, a sign, a fraction, a space, or more milliseconds than 63 bits hold.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

/// "100" or "100B" (bytes), "512KiB", "64MiB", "1GiB", "2TiB", "1PiB". `invalid_argument` on anything else, 1000-based units
/// included, or over 64 bits.
Result<std::uint64_t> parse_size(std::string_view text);

/// Exact: "1h30m", "2s250ms", "0s". What parse_duration takes back, but for negative ones, which start with '-'.
std::string format_duration(std::chrono::milliseconds duration);

/// In the largest unit that it reaches, to one decimal, cut and not rounded: "64MiB", "1.5GiB", "1023B".
std::string format_size(std::uint64_t bytes);

}  // namespace latium
