// Values and tuples for properties: few enough that equal and neighbouring ones are common, and all that codecs stumble over.
#pragma once

#include <rapidcheck.h>

#include <limits>
#include <vector>

#include "latium/value.h"

namespace latium {

inline rc::Gen<std::int64_t> any_integer() {
  const auto near_power = rc::gen::map(rc::gen::tuple(rc::gen::inRange(0, 64), rc::gen::inRange(-2, 3)), [](const auto& pair) {
    return static_cast<std::int64_t>((std::uint64_t{1} << std::get<0>(pair)) + static_cast<std::uint64_t>(std::get<1>(pair)));
  });
  return rc::gen::oneOf(rc::gen::arbitrary<std::int64_t>(), near_power,
                        rc::gen::element(std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()));
}

inline rc::Gen<double> any_real() {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return rc::gen::oneOf(rc::gen::map(rc::gen::arbitrary<double>(), [](double value) { return value == value ? value : 0.0; }),
                        rc::gen::map(rc::gen::inRange(-3, 4), [](int value) { return value / 2.0; }),
                        rc::gen::element(0.0, -0.0, kInfinity, -kInfinity, std::numeric_limits<double>::denorm_min()));
}

// With NULs, the bytes beside them, both cases, and characters of two to four bytes.
inline rc::Gen<std::string> any_text() {
  using namespace std::string_literals;
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(
                          rc::gen::element("\0"s, "\x01"s, "a"s, "A"s, "b"s, "\x7F"s, "\u00e9"s, "\u20ac"s, "\U0010FFFF"s)),
                      [](const std::vector<std::string>& parts) {
                        std::string text;
                        for (const std::string& part : parts) text += part;
                        return text;
                      });
}

inline rc::Gen<std::string> any_bytes() {
  return rc::gen::oneOf(rc::gen::arbitrary<std::string>(),
                        rc::gen::container<std::string>(rc::gen::element('\0', '\x01', 'a', '\xFE', '\xFF')));
}

inline rc::Gen<Uuid> any_uuid() {
  return rc::gen::map(rc::gen::container<std::array<std::uint8_t, 16>>(rc::gen::element<std::uint8_t>(0, 1, 0x7F, 0xFF)),
                      [](const auto& bytes) { return Uuid{bytes}; });
}

inline rc::Gen<Value> value_of(ValueType type) {
  const auto value = [](auto held) { return Value(std::move(held)); };
  switch (type) {
    case ValueType::null:
      return rc::gen::just(Value());
    case ValueType::boolean:
      return rc::gen::map(rc::gen::arbitrary<bool>(), value);
    case ValueType::integer:
      return rc::gen::map(any_integer(), value);
    case ValueType::real:
      return rc::gen::map(any_real(), value);
    case ValueType::text:
      return rc::gen::map(any_text(), value);
    case ValueType::bytes:
      return rc::gen::map(any_bytes(), [](std::string bytes) { return Value(Blob{std::move(bytes)}); });
    case ValueType::timestamp:
      return rc::gen::map(any_integer(), [](std::int64_t us) { return Value(Timestamp{us}); });
    case ValueType::uuid:
      return rc::gen::map(any_uuid(), value);
    case ValueType::json:
      return rc::gen::map(any_text(), [](std::string text) { return Value(Json{std::move(text)}); });
    case ValueType::any:
      return rc::gen::oneOf(value_of(ValueType::integer), value_of(ValueType::real), value_of(ValueType::text),
                            value_of(ValueType::bytes));
  }
  return rc::gen::just(Value());
}

inline rc::Gen<ValueType> any_type() {
  return rc::gen::map(rc::gen::inRange(1, 9), [](int type) { return static_cast<ValueType>(type); });
}

inline rc::Gen<Value> any_value() {
  return rc::gen::mapcat(rc::gen::inRange(0, 9), [](int type) { return value_of(static_cast<ValueType>(type)); });
}

inline rc::Gen<std::vector<Value>> any_tuple() {
  return rc::gen::container<std::vector<Value>>(any_value());
}

}  // namespace latium

// How rapidcheck shows them.
namespace rc {
inline void showValue(const latium::Value& value, std::ostream& out) {
  out << to_string(value.type()) << ' ' << value.to_string();
}
}  // namespace rc
