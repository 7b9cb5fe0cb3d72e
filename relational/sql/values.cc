#include "relational/sql/values.h"

#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <string>

#include "relational/key_codec.h"

namespace latium::sql {

namespace {

// The real as an integer, where nothing is lost by it, as SQLite decides that.
std::optional<std::int64_t> whole(double real) {
  if (!(real > -9223372036854775808.0 && real < 9223372036854775807.0)) return std::nullopt;
  const auto integer = static_cast<std::int64_t>(real);
  if (static_cast<double>(integer) != real) return std::nullopt;
  if (integer == std::numeric_limits<std::int64_t>::min() || integer == std::numeric_limits<std::int64_t>::max()) {
    return std::nullopt;
  }
  return integer;
}

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  int out = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (i >= text.size() || text[i] < '0' || text[i] > '9') return std::nullopt;
    out = out * 10 + (text[i] - '0');
  }
  return out;
}

// "2026-01-31", then " 12:00" or "T12:00", then ":59", then ".5", then "Z".
std::optional<Timestamp> parse_timestamp(std::string_view text) {
  using namespace std::chrono;
  const auto year_of = digits(text, 0, 4);
  const auto month_of = digits(text, 5, 2);
  const auto day_of = digits(text, 8, 2);
  if (!year_of || !month_of || !day_of || text[4] != '-' || text[7] != '-') return std::nullopt;
  const year_month_day date{year(*year_of), month(static_cast<unsigned>(*month_of)), day(static_cast<unsigned>(*day_of))};
  if (!date.ok()) return std::nullopt;
  microseconds time = sys_days(date).time_since_epoch();
  text.remove_prefix(10);
  if (!text.empty()) {
    const auto hour = digits(text, 1, 2);
    const auto minute = digits(text, 4, 2);
    if ((text[0] != ' ' && text[0] != 'T') || !hour || !minute || text[3] != ':' || *hour > 23 || *minute > 59)
      return std::nullopt;
    time += hours(*hour) + minutes(*minute);
    text.remove_prefix(6);
  }
  if (!text.empty() && text[0] == ':') {
    const auto second = digits(text, 1, 2);
    if (!second || *second > 59) return std::nullopt;
    time += seconds(*second);
    text.remove_prefix(3);
  }
  if (text.size() > 1 && text[0] == '.') {
    text.remove_prefix(1);
    int unit = 100'000;
    while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
      time += microseconds((text[0] - '0') * unit);
      unit /= 10;
      text.remove_prefix(1);
    }
  }
  if (text == "Z") text.remove_prefix(1);
  if (!text.empty()) return std::nullopt;
  return Timestamp{time.count()};
}

std::string timestamp_text(Timestamp moment) {
  std::string text = moment.to_string();
  if (text.size() != 27 || text.back() != 'Z') return text;
  text.pop_back();
  text[10] = ' ';
  return text;
}

std::optional<Value> stored_text(const ColumnSchema& column, std::string text) {
  switch (column.type) {
    case ValueType::text:
      return Value(std::move(text));
    case ValueType::json:
      return Value(Json{std::move(text)});
    case ValueType::uuid:
      if (const auto uuid = Uuid::parse(text)) return Value(*uuid);
      return std::nullopt;
    case ValueType::timestamp:
      if (const auto moment = parse_timestamp(text)) return Value(*moment);
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

}  // namespace

Affinity affinity_of(std::string_view declared_type) {
  const std::string type = fold_nocase(declared_type);
  const auto has = [&](std::string_view part) { return type.find(part) != std::string::npos; };
  if (has("int")) return Affinity::integer;
  if (has("char") || has("clob") || has("text")) return Affinity::text;
  if (has("blob") || type.empty()) return Affinity::blob;
  if (has("real") || has("floa") || has("doub")) return Affinity::real;
  return Affinity::numeric;
}

Value value_of(sqlite3_value* value) {
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
      return Value(static_cast<std::int64_t>(sqlite3_value_int64(value)));
    case SQLITE_FLOAT:
      return Value(sqlite3_value_double(value));
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
      return Value(std::string(text, static_cast<std::size_t>(sqlite3_value_bytes(value))));
    }
    case SQLITE_BLOB: {
      const auto* bytes = static_cast<const char*>(sqlite3_value_blob(value));
      const auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
      return Value(Blob{size == 0 ? std::string() : std::string(bytes, size)});
    }
    default:
      return Value();
  }
}

Value with_affinity(sqlite3_value* value, Affinity affinity) {
  const int type = sqlite3_value_type(value);
  if (affinity == Affinity::blob || type == SQLITE_NULL || type == SQLITE_BLOB) return value_of(value);
  if (affinity == Affinity::text) {
    if (type == SQLITE_TEXT) return value_of(value);
    const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
    return Value(std::string(text, static_cast<std::size_t>(sqlite3_value_bytes(value))));
  }
  if (type == SQLITE_TEXT) {
    // A copy: the value may be one that SQLite goes on to use as text.
    const std::unique_ptr<sqlite3_value, decltype(&sqlite3_value_free)> copy(sqlite3_value_dup(value), &sqlite3_value_free);
    if (!copy || sqlite3_value_numeric_type(copy.get()) == SQLITE_TEXT) return value_of(value);
    return with_affinity(copy.get(), affinity);
  }
  if (sqlite3_value_type(value) == SQLITE_FLOAT) {
    const double real = sqlite3_value_double(value);
    if (affinity == Affinity::real) return Value(real);
    if (const auto integer = whole(real)) return Value(*integer);
    return Value(real);
  }
  if (affinity == Affinity::real) return Value(static_cast<double>(sqlite3_value_int64(value)));
  return Value(static_cast<std::int64_t>(sqlite3_value_int64(value)));
}

void return_value(sqlite3_context* context, const Value& value, bool stays) {
  const sqlite3_destructor_type keep = stays ? SQLITE_STATIC : SQLITE_TRANSIENT;
  switch (value.type()) {
    case ValueType::integer:
      return sqlite3_result_int64(context, value.get<std::int64_t>());
    case ValueType::real:
      return sqlite3_result_double(context, value.get<double>());
    case ValueType::boolean:
      return sqlite3_result_int(context, value.get<bool>() ? 1 : 0);
    case ValueType::text: {
      const auto& text = value.get<std::string>();
      return sqlite3_result_text64(context, text.data(), text.size(), keep, SQLITE_UTF8);
    }
    case ValueType::bytes: {
      const auto& bytes = value.get<Blob>().bytes;
      return sqlite3_result_blob64(context, bytes.data(), bytes.size(), keep);
    }
    case ValueType::null:
    case ValueType::any:
      return sqlite3_result_null(context);
    case ValueType::timestamp:
    case ValueType::uuid:
    case ValueType::json:
      return return_value(context, sql_form(value));
  }
}

int bind_value(sqlite3_stmt* statement, int at, const Value& value) {
  switch (value.type()) {
    case ValueType::integer:
      return sqlite3_bind_int64(statement, at, value.get<std::int64_t>());
    case ValueType::real:
      return sqlite3_bind_double(statement, at, value.get<double>());
    case ValueType::boolean:
      return sqlite3_bind_int(statement, at, value.get<bool>() ? 1 : 0);
    case ValueType::text: {
      const auto& text = value.get<std::string>();
      return sqlite3_bind_text64(statement, at, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    }
    case ValueType::bytes: {
      const auto& bytes = value.get<Blob>().bytes;
      if (bytes.empty()) return sqlite3_bind_zeroblob(statement, at, 0);
      return sqlite3_bind_blob64(statement, at, bytes.data(), bytes.size(), SQLITE_TRANSIENT);
    }
    case ValueType::null:
    case ValueType::any:
      return sqlite3_bind_null(statement, at);
    case ValueType::timestamp:
    case ValueType::uuid:
    case ValueType::json:
      return bind_value(statement, at, sql_form(value));
  }
  return SQLITE_MISUSE;
}

Value column_value(sqlite3_stmt* statement, int at) {
  return value_of(sqlite3_column_value(statement, at));
}

std::optional<Value> stored_form(const ColumnSchema& column, Value value) {
  // Keys and rows know no negative zero.
  if (value == Value(0.0)) value = Value(0.0);
  if (value.is_null() || column.type == ValueType::any) return value;
  switch (column.type) {
    case ValueType::integer:
      if (value.type() == ValueType::integer) return value;
      if (value.type() == ValueType::real) {
        if (const auto integer = whole(value.get<double>())) return Value(*integer);
      }
      return std::nullopt;
    case ValueType::real:
      if (value.type() == ValueType::real) return value;
      if (value.type() == ValueType::integer) return Value(static_cast<double>(value.get<std::int64_t>()));
      return std::nullopt;
    case ValueType::boolean:
      if (value == Value(0) || value == Value(1)) return Value(value == Value(1));
      return std::nullopt;
    case ValueType::bytes:
      if (value.type() == ValueType::bytes) return value;
      return std::nullopt;
    default:
      if (value.type() != ValueType::text) return std::nullopt;
      return stored_text(column, value.get<std::string>());
  }
}

Value sql_form(const Value& value) {
  switch (value.type()) {
    case ValueType::boolean:
      return Value(value.get<bool>() ? 1 : 0);
    case ValueType::timestamp:
      return Value(timestamp_text(value.get<Timestamp>()));
    case ValueType::uuid:
      return Value(value.get<Uuid>().to_string());
    case ValueType::json:
      return Value(value.get<Json>().text);
    default:
      return value;
  }
}

std::string_view declared_type(ValueType type) {
  switch (type) {
    case ValueType::boolean:
      return "BOOLEAN";
    case ValueType::integer:
      return "INTEGER";
    case ValueType::real:
      return "REAL";
    case ValueType::text:
    case ValueType::timestamp:
    case ValueType::uuid:
    case ValueType::json:
      return "TEXT";
    default:
      return "BLOB";
  }
}

}  // namespace latium::sql
