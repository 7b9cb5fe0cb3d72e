// Value: what a column of a row holds. A row as a whole: latium/row.h.
#pragma once

#include <array>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "latium/error.h"

namespace latium {

/// In the order in which values of different types sort. No value is of the type `any`, only columns are: they hold what SQL's
/// do, each value an integer, a real, text or bytes, and keys and indexes take equal numbers for the same.
enum class ValueType : std::uint8_t { null, boolean, integer, real, text, bytes, timestamp, uuid, json, any };

/// "boolean", "integer", ...: as messages and schemas name it.
std::string_view to_string(ValueType type);

/// Any bytes; a type of its own, so that they are not taken for text.
struct Blob {
  std::string bytes;
  friend auto operator<=>(const Blob&, const Blob&) = default;
};

/// A moment, UTC, without leap seconds.
struct Timestamp {
  std::int64_t us = 0;  ///< microseconds since 1970-01-01 00:00

  /// "2026-01-31T12:00:00.000000Z"; outside the years 0 to 9999 "<us> us".
  std::string to_string() const;
  friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
};

/// 16 bytes; sorts by them.
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  /// 32 hexadecimal digits of either case, with hyphens after the 8th, 12th, 16th and 20th or with none. `invalid_argument`.
  static Result<Uuid> parse(std::string_view text);
  /// RFC 9562: lower case, with hyphens.
  std::string to_string() const;
  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

/// A JSON text, kept as it is written: neither checked nor brought into one form, so equal documents may be unequal values.
struct Json {
  std::string text;
  friend auto operator<=>(const Json&, const Json&) = default;
};

/// Null, or one value of one of the types. A default-made one is null.
///
/// Equality and order are total, and those of keys: by type first (an integer never equals a real), then by value: false before
/// true; reals numerically, -0.0 equal to 0.0, NaN (which no row or key takes) equal to itself and above all; text, bytes and
/// JSON byte by byte. Null equals null here; what SQL makes of nulls is the query's business.
class Value {
 public:
  /// Alternatives stand in the order of ValueType.
  using Variant = std::variant<std::monostate, bool, std::int64_t, double, std::string, Blob, Timestamp, Uuid, Json>;

  Value() = default;
  // Exact types only, or a pointer would be taken for true.
  Value(std::same_as<bool> auto value) : held_(value) {}
  /// Integers that fit 64 bits with a sign, whatever their value; characters are none.
  template <std::integral T>
    requires(!std::same_as<T, bool> && !std::same_as<T, char> && (sizeof(T) < 8 || std::signed_integral<T>))
  Value(T value) : held_(static_cast<std::int64_t>(value)) {}
  Value(std::floating_point auto value) : held_(static_cast<double>(value)) {}
  Value(std::string text) : held_(std::move(text)) {}
  Value(std::string_view text) : held_(std::string(text)) {}
  Value(const char* text) : held_(std::string(text)) {}
  Value(std::nullptr_t) = delete;  // a null is Value()
  Value(Blob bytes) : held_(std::move(bytes)) {}
  Value(Timestamp moment) : held_(moment) {}
  Value(Uuid uuid) : held_(uuid) {}
  Value(Json json) : held_(std::move(json)) {}

  ValueType type() const { return static_cast<ValueType>(held_.index()); }
  bool is_null() const { return type() == ValueType::null; }

  /// Nothing when the value is of another type. T is one of Variant's.
  template <class T>
  const T* get_if() const {
    return std::get_if<T>(&held_);
  }
  /// Precondition: the value is of this type (std::bad_variant_access). T is one of Variant's.
  template <class T>
  const T& get() const {
    return std::get<T>(held_);
  }
  const Variant& held() const { return held_; }

  /// For messages: null, true, 42, 1.5, 'text', x'0a0b', 2026-01-31T12:00:00.000000Z; long ones are cut.
  std::string to_string() const;

  friend std::weak_ordering operator<=>(const Value& a, const Value& b);
  friend bool operator==(const Value& a, const Value& b) { return (a <=> b) == 0; }

 private:
  Variant held_;
};

}  // namespace latium
