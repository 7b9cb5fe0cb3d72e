#include "node/cli/import_line.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/base64.h"
#include "base/utf8.h"
#include "node/cli/output.h"
#include "replication/bounds.h"

namespace latium::cli {

namespace {

// The parser's own text names its internals; what a person needs is where it stopped.
Result<Json> parse_json(std::string_view line) {
  try {
    return Json::parse(line);
  } catch (const Json::parse_error& error) {
    if (error.byte > line.size()) return fail(ErrorCode::invalid_argument, "not valid JSON: it ends too early");
    return fail(ErrorCode::invalid_argument, "not valid JSON at byte " + std::to_string(error.byte));
  } catch (const Json::exception&) {
    return fail(ErrorCode::invalid_argument, "not valid JSON: a number is out of range");
  }
}

Result<std::string> text_field(Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return fail(ErrorCode::invalid_argument, std::string("field \"") + name + "\" is missing");
  if (!found->is_string()) {
    return fail(ErrorCode::invalid_argument,
                std::string("field \"") + name + "\" is of type " + found->type_name() + " and must be a string");
  }
  return std::move(found->get_ref<std::string&>());
}

Result<Bytes> bytes_field(Json& object, const char* name, const char* encoding_name) {
  LATIUM_TRY(std::string text, text_field(object, name));
  if (!object.contains(encoding_name)) return text;
  LATIUM_TRY(const std::string encoding, text_field(object, encoding_name));
  if (encoding == "text") return text;
  if (encoding != "base64") {
    return fail(ErrorCode::invalid_argument,
                std::string("\"") + encoding_name + "\" is '" + printable(encoding, 32) + "' and must be text or base64");
  }
  auto decoded = base64_decode(text);
  if (!decoded) return fail(ErrorCode::invalid_argument, std::string("field \"") + name + "\" is not valid base64");
  return decoded;
}

}  // namespace

Result<std::optional<ImportLine>> parse_import_line(std::string_view line) {
  if (line.find_first_not_of(" \t\r\n") == std::string_view::npos) return std::optional<ImportLine>();
  if (!is_utf8(line)) return fail(ErrorCode::invalid_argument, "not valid UTF-8: write bytes as base64");
  LATIUM_TRY(Json object, parse_json(line));
  if (!object.is_object()) {
    return fail(ErrorCode::invalid_argument, std::string("not a JSON object but of type ") + object.type_name());
  }
  ImportLine parsed;
  LATIUM_TRY(parsed.key, bytes_field(object, "key", "key_encoding"));
  LATIUM_TRY(parsed.value, bytes_field(object, "value", "encoding"));
  LATIUM_CHECKED(check_key(parsed.key));
  LATIUM_CHECKED(check_value(parsed.key, parsed.value));
  return std::optional<ImportLine>(std::move(parsed));
}

std::string format_import_line(BytesView key, BytesView value) {
  Json object = Json::object();
  add_key(object, key, Encoding::text);
  const bool text = is_utf8(value);
  object["value"] = text ? std::string(value) : base64_encode(value);
  if (!text) object["encoding"] = "base64";
  return json_line(object);
}

}  // namespace latium::cli
