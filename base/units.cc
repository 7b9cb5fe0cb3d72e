#include "base/units.h"

#include <array>
#include <charconv>
#include <limits>

#include "base/bytes.h"

namespace latium {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t scale;
};

// Both from large to small.
constexpr std::array kDurationUnits = {Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1'000},
                                       Unit{"ms", 1}};
constexpr std::array kSizeUnits = {Unit{"PiB", 1ULL << 50}, Unit{"TiB", 1ULL << 40}, Unit{"GiB", 1ULL << 30},
                                   Unit{"MiB", 1ULL << 20}, Unit{"KiB", 1ULL << 10}, Unit{"B", 1}};

// The value is out of bounds, or not there: the callers say what they wanted instead.
struct Bad {};

// Takes the digits at the front of `text`.
std::expected<std::uint64_t, Bad> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::unexpected(Bad{});
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

// Takes what stands before the next digit.
std::string_view take_name(std::string_view& text) {
  const std::string_view name = text.substr(0, text.find_first_of("0123456789"));
  text.remove_prefix(name.size());
  return name;
}

template <std::size_t N>
const Unit* find_unit(const std::array<Unit, N>& units, std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

// sum + number * scale, kept at or below `limit`.
std::expected<std::uint64_t, Bad> add_scaled(std::uint64_t sum, std::uint64_t number, std::uint64_t scale, std::uint64_t limit) {
  if (number > (limit - sum) / scale) return std::unexpected(Bad{});
  return sum + number * scale;
}

std::expected<std::uint64_t, Bad> milliseconds_of(std::string_view text) {
  constexpr auto kLimit = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::uint64_t total = 0;
  std::uint64_t last_scale = std::numeric_limits<std::uint64_t>::max();
  do {
    const auto number = take_number(text);
    const Unit* unit = find_unit(kDurationUnits, take_name(text));
    if (!number || unit == nullptr || unit->scale >= last_scale) return std::unexpected(Bad{});
    const auto sum = add_scaled(total, *number, unit->scale, kLimit);
    if (!sum) return sum;
    total = *sum;
    last_scale = unit->scale;
  } while (!text.empty());
  return total;
}

std::expected<std::uint64_t, Bad> bytes_of(std::string_view text) {
  const auto number = take_number(text);
  const Unit* unit = find_unit(kSizeUnits, text.empty() ? "B" : text);
  if (!number || unit == nullptr) return std::unexpected(Bad{});
  return add_scaled(0, *number, unit->scale, std::numeric_limits<std::uint64_t>::max());
}

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto milliseconds = milliseconds_of(text);
  if (!milliseconds) {
    return fail(ErrorCode::invalid_argument,
                "'" + printable(text) + "' is no duration: write numbers with d, h, m, s or ms, such as 10s or 1h30m");
  }
  return std::chrono::milliseconds(*milliseconds);
}

Result<std::uint64_t> parse_size(std::string_view text) {
  const auto bytes = bytes_of(text);
  if (!bytes) {
    return fail(ErrorCode::invalid_argument, "'" + printable(text) +
                                                 "' is no size: write a number of bytes, or one with KiB, MiB, GiB, TiB or "
                                                 "PiB, such as 64MiB");
  }
  return *bytes;
}

std::string format_duration(std::chrono::milliseconds duration) {
  if (duration.count() == 0) return "0s";
  const auto count = static_cast<std::uint64_t>(duration.count());
  std::uint64_t rest = duration.count() < 0 ? 0 - count : count;
  std::string out = duration.count() < 0 ? "-" : "";
  for (const Unit& unit : kDurationUnits) {
    if (rest < unit.scale) continue;
    out += std::to_string(rest / unit.scale);
    out += unit.name;
    rest %= unit.scale;
  }
  return out;
}

std::string format_size(std::uint64_t bytes) {
  for (const Unit& unit : kSizeUnits) {
    if (bytes < unit.scale) continue;
    std::string out = std::to_string(bytes / unit.scale);
    // The tenth of a unit without overflow: the rest is below the scale, which is at most 2^50.
    const std::uint64_t tenths = bytes % unit.scale * 10 / unit.scale;
    if (tenths != 0) out += "." + std::to_string(tenths);
    return out.append(unit.name);
  }
  return "0B";
}

}  // namespace latium
