// What the commands print: JSON that is always valid UTF-8, and aligned text for people.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace latium::client {
class Stats;
class Tenant;
class StatusResponse;
}  // namespace latium::client

namespace latium::cli {

/// Fields in the order in which they were added.
using Json = nlohmann::ordered_json;

/// How keys and values are written on the command line and in output.
enum class Encoding { text, base64 };

/// Sets "key". Base64, marked by "key_encoding": "base64", when asked for or when the key is not UTF-8.
void add_key(Json& object, BytesView key, Encoding encoding);

/// Sets "values". All base64, marked by "encoding": "base64", when asked for or when one of them is not UTF-8.
void add_values(Json& object, const std::vector<BytesView>& values, Encoding encoding);

/// Sets `name`; null for none. Base64, marked by "<name>_encoding": "base64", when it is not UTF-8.
void add_value(Json& object, const std::string& name, std::optional<BytesView> value);

/// The opaque text that stands for what a reader saw of a key.
std::string context_text(BytesView context);

Json to_json(const client::Stats& stats);
Json to_json(const client::Tenant& tenant);
Json to_json(const client::StatusResponse& status);
Json to_json(const Error& error);

/// One line with its newline. Texts that came from elsewhere and are not UTF-8 get replacement characters.
std::string json_line(const Json& json);

/// The message in one line, control characters and bytes that are not UTF-8 escaped.
std::string error_line(const Error& error);

/// Bytes as they can be shown on a terminal: UTF-8 without control characters as it is, anything else as printable().
std::string for_terminal(BytesView bytes);
/// The same in one line, tabs and newlines escaped too.
std::string for_one_line(BytesView bytes);

/// Columns two spaces apart, the last one not padded. Every row has as many cells as the first.
void print_table(std::ostream& out, const std::vector<std::vector<std::string>>& rows);
/// "name   value" lines, the values aligned; pairs with an empty value are left out.
void print_fields(std::ostream& out, const std::vector<std::pair<std::string, std::string>>& fields);

}  // namespace latium::cli
