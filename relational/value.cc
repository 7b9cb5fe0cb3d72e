#include "latium/value.h"

#include <chrono>
#include <cmath>
#include <cstdio>

#include "base/bytes.h"
#include "base/result.h"

namespace latium {
namespace {

constexpr std::size_t kShownBytes = 80;

std::weak_ordering compare_reals(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) <=> std::isnan(b);
  return a < b ? std::weak_ordering::less : a > b ? std::weak_ordering::greater : std::weak_ordering::equivalent;
}

// The shortest form that reads back as the same number, told from an integer.
std::string shown(double value) {
  char text[32];
  for (int digits = 15; digits <= 17; ++digits) {
    std::snprintf(text, sizeof text, "%.*g", digits, value);
    if (std::strtod(text, nullptr) == value) break;
  }
  const std::string out = text;
  return out.find_first_not_of("-0123456789") == std::string::npos ? out + ".0" : out;
}

// Characters of other alphabets stay readable; control characters and quotes do not reach a message.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text.substr(0, kShownBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      out += "\\x" + to_hex(std::string_view(&c, 1));
    } else {
      out += c == '\'' ? "''" : std::string(1, c);
    }
  }
  // A character that was cut in the middle is left out.
  if (text.size() > kShownBytes) {
    while ((static_cast<unsigned char>(out.back()) & 0xC0) == 0x80) out.pop_back();
    if (static_cast<unsigned char>(out.back()) >= 0xC0) out.pop_back();
    return out + "...'";
  }
  return out + "'";
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr bool hyphen_before(std::size_t byte) {
  return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

struct Show {
  std::string operator()(std::monostate) const { return "null"; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const { return shown(value); }
  std::string operator()(const std::string& value) const { return quoted(value); }
  std::string operator()(const Blob& value) const {
    const bool cut = value.bytes.size() > kShownBytes / 2;
    return "x'" + to_hex(std::string_view(value.bytes).substr(0, kShownBytes / 2)) + (cut ? "...'" : "'");
  }
  std::string operator()(Timestamp value) const { return value.to_string(); }
  std::string operator()(const Uuid& value) const { return value.to_string(); }
  std::string operator()(const Json& value) const { return "json " + quoted(value.text); }
};

}  // namespace

std::string_view to_string(ValueType type) {
  constexpr std::string_view kNames[] = {"null",  "boolean",   "integer", "real", "text",
                                         "bytes", "timestamp", "uuid",    "json", "any"};
  return static_cast<std::size_t>(type) < std::size(kNames) ? kNames[static_cast<std::size_t>(type)] : "unknown type";
}

std::string Timestamp::to_string() const {
  using namespace std::chrono;
  constexpr std::int64_t kFirst = sys_days(year(0) / January / 1).time_since_epoch() / 1us;
  constexpr std::int64_t kEnd = sys_days(year(10'000) / January / 1).time_since_epoch() / 1us;
  if (us < kFirst || us >= kEnd) return std::to_string(us) + " us";
  const sys_time<microseconds> moment{microseconds(us)};
  const auto day = floor<days>(moment);
  const year_month_day date(day);
  const hh_mm_ss time(moment - day);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
                static_cast<int>(time.subseconds().count()));
  return text;
}

Result<Uuid> Uuid::parse(std::string_view text) {
  const bool hyphens = text.size() == 36;
  Uuid uuid;
  std::size_t at = 0;
  bool good = hyphens || text.size() == 32;
  for (std::size_t i = 0; good && i < uuid.bytes.size(); ++i) {
    if (hyphens && hyphen_before(i)) good = text[at++] == '-';
    const int high = hex_digit(text[at]);
    const int low = hex_digit(text[at + 1]);
    at += 2;
    good = good && high >= 0 && low >= 0;
    uuid.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  if (good) return uuid;
  return fail(ErrorCode::invalid_argument, "'" + printable(text) +
                                               "' is no uuid: give 32 hexadecimal digits, with hyphens as in " +
                                               Uuid{}.to_string() + " or with none");
}

std::string Uuid::to_string() const {
  const std::string hex = to_hex(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" + hex.substr(16, 4) + "-" + hex.substr(20);
}

std::string Value::to_string() const {
  return std::visit(Show{}, held_);
}

std::weak_ordering operator<=>(const Value& a, const Value& b) {
  if (a.type() != b.type()) return a.type() <=> b.type();
  return std::visit(
      [&](const auto& left) -> std::weak_ordering {
        using T = std::decay_t<decltype(left)>;
        if constexpr (std::is_same_v<T, double>) {
          return compare_reals(left, b.get<double>());
        } else if constexpr (std::is_same_v<T, std::monostate>) {
          return std::weak_ordering::equivalent;
        } else {
          return left <=> b.get<T>();
        }
      },
      a.held_);
}

}  // namespace latium
