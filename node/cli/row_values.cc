#include "node/cli/row_values.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/utf8.h"
#include "node/cli/table_spec.h"

namespace latium::cli {

const char* const kValueGrammar =
    "A row is a JSON object, a value a column; in arguments values stand without quotation marks.\n"
    "  boolean    true or false            integer    a number of 64 bits\n"
    "  real       a number, or \"inf\", \"-inf\"  text       a text\n"
    "  bytes      hexadecimal digits       uuid       32 hexadecimal digits, with hyphens or without\n"
    "  timestamp  \"2026-01-31T12:00:00Z\" with up to six digits of a second, or microseconds since 1970\n"
    "  json       any JSON; a text is a JSON string\n"
    "null is null.";

namespace {

std::unexpected<Error> wrong(const Column& column, const std::string& what) {
  return fail(ErrorCode::invalid_argument, "column '" + for_one_line(column.name) + "' takes a value of type " +
                                               std::string(to_string(column.type)) + ", which " + for_one_line(what) + " is not");
}

// Nothing: not the form of kValueGrammar, or no such moment.
std::optional<Timestamp> parse_timestamp(const std::string& text) {
  using namespace std::chrono;
  int year_number = 0;
  unsigned month_number = 0;
  unsigned day_number = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int length = 0;
  if (std::sscanf(text.c_str(), "%4d-%2u-%2u%*1[T ]%2d:%2d:%2d%n", &year_number, &month_number, &day_number, &hour, &minute,
                  &second, &length) != 6) {
    return std::nullopt;
  }
  std::int64_t us = 0;
  std::string_view rest = std::string_view(text).substr(static_cast<std::size_t>(length));
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    std::size_t digits = 0;
    for (; digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9'; ++digits) {
      if (digits < 6) us = us * 10 + (rest[digits] - '0');
    }
    if (digits == 0 || digits > 6) return std::nullopt;
    for (std::size_t i = digits; i < 6; ++i) us *= 10;
    rest.remove_prefix(digits);
  }
  if (rest != "Z") return std::nullopt;
  const year_month_day date{year(year_number), month(month_number), day(day_number)};
  if (!date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return std::nullopt;
  const auto moment = sys_days(date) + hours(hour) + minutes(minute) + seconds(second);
  return Timestamp{duration_cast<microseconds>(moment.time_since_epoch()).count() + us};
}

std::optional<Value> from_text(ValueType type, const std::string& text) {
  if (type == ValueType::timestamp) {
    if (const auto moment = parse_timestamp(text)) return Value(*moment);
  }
  if (type == ValueType::json && !nlohmann::json::accept(text)) return std::nullopt;
  // As SQL's literals without their quotes: a number where it reads as one.
  for (const ValueType each : {ValueType::integer, ValueType::real}) {
    if (auto number = type == ValueType::any ? parse_value(each, text) : std::nullopt) return number;
  }
  if (type == ValueType::any) return Value(text);
  return parse_value(type, text);
}

}  // namespace

Result<Value> value_from_text(const Column& column, std::string_view text) {
  auto value = from_text(column.type, std::string(text));
  if (value) return *std::move(value);
  return wrong(column, "'" + std::string(text) + "'");
}

Result<Value> value_from_json(const Column& column, const nlohmann::ordered_json& json) {
  if (json.is_null()) return Value();
  if (column.type == ValueType::json) return Value(latium::Json{json.dump()});
  const bool any = column.type == ValueType::any;
  const bool number = any || column.type == ValueType::integer || column.type == ValueType::timestamp;
  if (any && json.is_string()) return Value(json.get<std::string>());
  if (json.is_boolean() && column.type == ValueType::boolean) return Value(json.get<bool>());
  if (json.is_number_integer() && (number || column.type == ValueType::real)) {
    if (json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX) return wrong(column, json.dump());
    const auto value = json.get<std::int64_t>();
    return column.type == ValueType::timestamp ? Value(Timestamp{value}) : Value(value);
  }
  if (json.is_number_float() && (any || column.type == ValueType::real)) return Value(json.get<double>());
  // A text stands for what JSON has no form of; not for what it has one of.
  const bool as_text = column.type == ValueType::real ? json == "inf" || json == "-inf"
                                                      : column.type != ValueType::boolean && column.type != ValueType::integer;
  if (json.is_string() && as_text) return value_from_text(column, json.get<std::string>());
  return wrong(column, json.dump());
}

Json value_to_json(const Value& value) {
  switch (value.type()) {
    case ValueType::null:
      return nullptr;
    case ValueType::boolean:
      return value.get<bool>();
    case ValueType::integer:
      return value.get<std::int64_t>();
    case ValueType::real: {
      const double real = value.get<double>();
      if (real - real == 0) return real;
      return real > 0 ? "inf" : "-inf";
    }
    case ValueType::text:
      return value.get<std::string>();
    case ValueType::bytes: {
      std::string out;
      for (const char byte : value.get<Blob>().bytes) {
        constexpr const char* kDigits = "0123456789abcdef";
        out += kDigits[static_cast<unsigned char>(byte) >> 4];
        out += kDigits[static_cast<unsigned char>(byte) & 15];
      }
      return out;
    }
    case ValueType::timestamp:
      return value.get<Timestamp>().to_string();
    case ValueType::uuid:
      return value.get<Uuid>().to_string();
    case ValueType::json: {
      Json parsed = Json::parse(value.get<latium::Json>().text, nullptr, false);
      return parsed.is_discarded() ? Json(value.get<latium::Json>().text) : parsed;
    }
    case ValueType::any:  // of columns only
      break;
  }
  return nullptr;
}

Result<const Column*> column_named(const TableDefinition& table, std::string_view name) {
  const auto folded = [](std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
  };
  const auto found =
      std::ranges::find_if(table.columns, [&](const Column& column) { return folded(column.name) == folded(name); });
  if (found != table.columns.end()) return &*found;
  std::string have;
  for (const Column& column : table.columns) have += (have.empty() ? "" : ", ") + column.name;
  return fail(ErrorCode::invalid_argument,
              "table '" + table.name + "' has no column '" + for_one_line(name) + "': it has " + have);
}

Result<NamedValues> row_from_json(const TableDefinition& table, std::string_view text) {
  const auto json = nlohmann::ordered_json::parse(text, nullptr, false);
  if (!json.is_object()) {
    return fail(ErrorCode::invalid_argument, "the row is not a JSON object: give {\"column\":value,...}, see --help");
  }
  NamedValues out;
  for (const auto& [name, value] : json.items()) {
    LATIUM_TRY(const Column* const column, column_named(table, name));
    LATIUM_TRY(Value each, value_from_json(*column, value));
    out.emplace_back(column->name, std::move(each));
  }
  return out;
}

Json row_to_json(const std::vector<std::string>& columns, const std::vector<Value>& values) {
  Json out = Json::object();
  for (std::size_t i = 0; i < columns.size() && i < values.size(); ++i) out[columns[i]] = value_to_json(values[i]);
  return out;
}

}  // namespace latium::cli
