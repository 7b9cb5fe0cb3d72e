#include "tests/sim/history_json.h"

#include <array>
#include <nlohmann/json.hpp>
#include <optional>

namespace latium::sim {

namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 4> kNames{"r", "w", "append", "range"};  // by MicroOp::Kind

/// The bytes whose numbers are the code points of `text`; none when one is above 0xFF.
std::optional<Bytes> bytes_of(std::string_view text) {
  Bytes out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x80) {
      // The JSON parser has seen to it that this is UTF-8; 0xC2 and 0xC3 begin the code points 0x80 to 0xFF.
      if (byte > 0xC3 || i + 1 == text.size()) return std::nullopt;
      byte = static_cast<unsigned char>(((byte & 3) << 6) | (static_cast<unsigned char>(text[++i]) & 0x3F));
    }
    out.push_back(static_cast<char>(byte));
  }
  return out;
}

void put_list(std::string& out, const KeyValue& value) {
  if (!value) {
    out += "null";
    return;
  }
  out.push_back('[');
  for (std::size_t i = 0; i < value->size(); ++i) {
    if (i > 0) out.push_back(',');
    put_json(out, (*value)[i]);
  }
  out.push_back(']');
}

void put_op(std::string& out, const MicroOp& op) {
  out.append("[\"").append(kNames[static_cast<std::size_t>(op.kind)]).append("\",");
  put_json(out, op.key);
  out.push_back(',');
  if (changes(op)) {
    op.value ? put_json(out, op.value->front()) : void(out += "null");
  } else if (op.kind == MicroOp::Kind::read) {
    put_list(out, op.value);
  } else {
    put_json(out, op.end);
    out += ",[";
    for (const auto& [key, value] : op.rows) {
      if (out.back() != '[') out.push_back(',');
      out.push_back('[');
      put_json(out, key);
      out.push_back(',');
      put_list(out, value);
      out.push_back(']');
    }
    out.push_back(']');
  }
  out.push_back(']');
}

Result<KeyValue> list_of(const Json& value) {
  if (value.is_null()) return std::nullopt;
  if (!value.is_array() || value.empty())
    return wrong_json("ops", value, "a list of at least one string, or null, where a value was read");
  std::vector<Bytes> out;
  for (const Json& each : value) {
    LATIUM_TRY(out.emplace_back(), bytes_of_json(each, "ops"));
  }
  return out;
}

Result<void> read_rows(const Json& rows, MicroOp& op) {
  if (!rows.is_array()) return wrong_json("ops", rows, "a list of [key, value] where a range was read");
  for (const Json& row : rows) {
    if (!row.is_array() || row.size() != 2) return wrong_json("ops", row, "[key, value] where a range was read");
    LATIUM_TRY(Bytes key, bytes_of_json(row[0], "ops"));
    LATIUM_TRY(KeyValue value, list_of(row[1]));
    const bool in_order = key >= op.key && key < op.end && (op.rows.empty() || op.rows.back().first < key);
    if (!in_order || !value) return wrong_json("ops", row, "there, in the range, and in the order of keys");
    op.rows.emplace_back(std::move(key), std::move(value));
  }
  return {};
}

Result<MicroOp> op_of(const Json& list) {
  constexpr std::string_view kShape = R"(["r", key, list], ["w"|"append", key, value] or ["range", key, end, rows])";
  if (!list.is_array() || list.size() < 3 || !list[0].is_string()) return wrong_json("ops", list, kShape);
  const auto name = std::ranges::find(kNames, list[0].get_ref<const std::string&>());
  MicroOp op;
  op.kind = static_cast<MicroOp::Kind>(name - kNames.begin());
  if (name == kNames.end() || list.size() != (op.kind == MicroOp::Kind::range ? 4U : 3U)) return wrong_json("ops", list, kShape);
  LATIUM_TRY(op.key, bytes_of_json(list[1], "ops"));
  if (op.kind == MicroOp::Kind::range) {
    LATIUM_TRY(op.end, bytes_of_json(list[2], "ops"));
    LATIUM_CHECKED(read_rows(list[3], op));
  } else if (op.kind == MicroOp::Kind::read) {
    LATIUM_TRY(op.value, list_of(list[2]));
  } else if (!list[2].is_null()) {
    LATIUM_TRY(Bytes element, bytes_of_json(list[2], "ops"));
    op.value = std::vector{std::move(element)};
  } else if (op.kind == MicroOp::Kind::append) {
    return wrong_json("ops", list, "a string where something is appended");
  }
  return op;
}

}  // namespace

void put_json(std::string& out, BytesView bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  out.push_back('"');
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == '"' || byte == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte >= 0x20 && byte < 0x7F) {
      out.push_back(c);
    } else {
      out.append("\\u00").append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
    }
  }
  out.push_back('"');
}

std::unexpected<Error> wrong_json(std::string_view name, const Json& found, std::string_view wanted) {
  return fail(ErrorCode::invalid_argument, "field \"" + std::string(name) + "\" is " +
                                               printable(found.dump(-1, ' ', true, Json::error_handler_t::replace), 40) +
                                               " and must be " + std::string(wanted));
}

Result<Bytes> bytes_of_json(const Json& value, std::string_view name) {
  if (!value.is_string()) return wrong_json(name, value, "a string");
  auto bytes = bytes_of(value.get_ref<const std::string&>());
  if (bytes) return *std::move(bytes);
  return fail(ErrorCode::invalid_argument,
              "field \"" + std::string(name) + "\" holds a character above U+00FF: each character stands for one byte");
}

void put_ops(std::string& out, const std::vector<MicroOp>& ops, bool only_changes) {
  out.push_back('[');
  for (const MicroOp& op : ops) {
    if (only_changes && !changes(op)) continue;
    if (out.back() != '[') out.push_back(',');
    put_op(out, op);
  }
  out.push_back(']');
}

Result<std::vector<MicroOp>> ops_of_json(const Json& list) {
  if (!list.is_array()) return wrong_json("ops", list, "a list");
  std::vector<MicroOp> out;
  for (const Json& each : list) {
    LATIUM_TRY(out.emplace_back(), op_of(each));
  }
  return out;
}

}  // namespace latium::sim
