#include "node/cli/table_spec.h"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "node/cli/output.h"

namespace latium::cli {

const char* const kColumnGrammar =
    "A column is NAME:TYPE[:WORD...][:default=VALUE].\n"
    "  TYPE  boolean, integer (64 bits), real, text, bytes, timestamp, uuid or json\n"
    "  WORD  primary  part of the primary key, in the order in which the columns are given\n"
    "        null     may be null; without it every row has a value\n"
    "        auto     an integer that gets a new number where a row gives none\n"
    "        nocase   a text that is compared without regard to the case of A-Z\n"
    "  default=VALUE comes last and takes the rest of the text: true or false, a number, a text as it is, bytes as hexadecimal\n"
    "        digits, a timestamp in microseconds since 1970, a uuid\n"
    "Examples: 'id:integer:primary:auto'  'host:text:null'  'n:integer:default=3'  'name:text:nocase:default=a:b'";

namespace {

std::unexpected<Error> wrong(std::string_view what, std::string_view text, const std::string& why) {
  return fail(ErrorCode::invalid_argument, std::string(what) + " '" + for_one_line(text) + "': " + why);
}

std::string_view take_up_to(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view out = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return out;
}

std::vector<std::string> names(std::string_view text) {
  std::vector<std::string> out;
  do out.emplace_back(take_up_to(text, ','));
  while (!text.empty());
  return out;
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number out{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

std::optional<Value> parse_bytes(std::string_view text) {
  std::string bytes;
  if (text.size() % 2 != 0) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    std::uint8_t byte = 0;
    const auto [end, error] = std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
    if (error != std::errc() || end != text.data() + i + 2) return std::nullopt;
    bytes.push_back(static_cast<char>(byte));
  }
  return Blob{std::move(bytes)};
}

std::optional<ValueType> parse_type(std::string_view text) {
  for (auto type = ValueType::boolean; type <= ValueType::json; type = static_cast<ValueType>(static_cast<int>(type) + 1)) {
    if (to_string(type) == text) return type;
  }
  return std::nullopt;
}

// False: no such word.
bool set_word(ColumnSpec& spec, std::string_view word) {
  if (word == "primary") return spec.primary = true;
  if (word == "null") return spec.column.nullable = true;
  if (word == "auto") return spec.column.auto_increment = true;
  if (word == "nocase") return spec.column.nocase = true;
  return false;
}

}  // namespace

std::optional<Value> parse_value(ValueType type, std::string_view text) {
  switch (type) {
    case ValueType::boolean:
      if (text == "true") return Value(true);
      return text == "false" ? std::optional(Value(false)) : std::nullopt;
    case ValueType::integer:
      return number<std::int64_t>(text).transform([](std::int64_t each) { return Value(each); });
    case ValueType::real: {
      const auto real = number<double>(text);
      return real && !std::isnan(*real) ? std::optional(Value(*real)) : std::nullopt;
    }
    case ValueType::text:
      return Value(text);
    case ValueType::bytes:
      return parse_bytes(text);
    case ValueType::timestamp:
      return number<std::int64_t>(text).transform([](std::int64_t us) { return Value(Timestamp{us}); });
    case ValueType::uuid:
      if (const auto uuid = Uuid::parse(text)) return Value(*uuid);
      return std::nullopt;
    case ValueType::json:
      return Value(latium::Json{std::string(text)});
    case ValueType::any:
    case ValueType::null:
      break;
  }
  return std::nullopt;
}

Result<ColumnSpec> parse_column(std::string_view text) {
  constexpr std::string_view kDefault = "default=";
  std::string_view rest = text;
  ColumnSpec spec;
  spec.column.name = take_up_to(rest, ':');
  const std::string_view type_name = take_up_to(rest, ':');
  const auto type = parse_type(type_name);
  if (spec.column.name.empty() || type_name.empty())
    return wrong("column", text, "give NAME:TYPE, for instance id:integer:primary");
  if (!type) {
    return wrong(
        "column", text,
        "there is no type '" + for_one_line(type_name) + "': give boolean, integer, real, text, bytes, timestamp, uuid or json");
  }
  spec.column.type = *type;
  while (!rest.empty()) {
    if (rest.starts_with(kDefault)) {
      const std::string_view literal = rest.substr(kDefault.size());
      const auto value = parse_value(*type, literal);
      if (!value) return wrong("column", text, "'" + for_one_line(literal) + "' is not of type " + std::string(type_name));
      spec.column.default_value = *value;
      return spec;
    }
    const std::string_view word = take_up_to(rest, ':');
    if (!set_word(spec, word)) {
      return wrong("column", text, "'" + for_one_line(word) + "' is none of primary, null, auto, nocase and default=VALUE");
    }
  }
  return spec;
}

Result<Index> parse_index(std::string_view text, bool unique) {
  std::string_view rest = text;
  std::string name;
  if (text.find('=') != std::string_view::npos) name = take_up_to(rest, '=');
  Index index{.name = std::move(name), .columns = names(rest), .unique = unique};
  if (rest.empty()) return wrong("index", text, "give COLUMN,... or NAME=COLUMN,...");
  if (!index.name.empty()) return index;
  index.name = unique ? "unique" : "by";
  for (const std::string& column : index.columns) index.name += "_" + column;
  return index;
}

Result<ForeignKey> parse_foreign_key(std::string_view text) {
  std::string_view rest = text;
  ForeignKey key{.columns = names(take_up_to(rest, ':')), .table = std::string(take_up_to(rest, ':')), .referenced = {}};
  if (rest.empty() || key.table.empty()) return wrong("foreign key", text, "give COLUMN,...:TABLE:COLUMN,...");
  key.referenced = names(rest);
  return key;
}

}  // namespace latium::cli
