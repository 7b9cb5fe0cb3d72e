// parse_history.
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/sim/history.h"
#include "tests/sim/history_json.h"

namespace latium::sim {

namespace {

using Json = nlohmann::json;

std::unexpected<Error> wrong(std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message));
}

std::string field(std::string_view name) {
  return "field \"" + std::string(name) + '"';
}

// The parser's own text names its internals; what a person needs is where it stopped.
Result<Json> parse_object(std::string_view line) {
  try {
    Json object = Json::parse(line);
    if (!object.is_object()) return wrong(std::string("not a JSON object but of type ") + object.type_name());
    return object;
  } catch (const Json::parse_error& error) {
    if (error.byte > line.size()) return wrong("not valid JSON: it ends too early");
    return wrong("not valid JSON at byte " + std::to_string(error.byte));
  } catch (const Json::exception&) {
    return wrong("not valid JSON: a number is out of range");
  }
}

/// One line; the readers leave `out` alone where the field is not there, and say whether it is.
class Fields {
 public:
  explicit Fields(const Json& object) : object_(object) {}

  bool has(const char* name) const { return object_.contains(name); }

  Result<void> require(const char* name, std::string_view why = "") const {
    if (has(name)) return {};
    return wrong(field(name) + " is missing" + std::string(why));
  }

  Result<bool> text(const char* name, Bytes& out) const {
    if (!has(name)) return false;
    LATIUM_TRY(out, bytes_of_json(object_[name], name));
    return true;
  }

  /// null = absent
  Result<bool> value(const char* name, std::optional<Bytes>& out) const {
    if (!has(name)) return false;
    out.reset();
    if (object_[name].is_null()) return true;
    LATIUM_TRY(out, bytes_of_json(object_[name], name));
    return true;
  }

  template <class T>
  Result<bool> number(const char* name, T& out) const {
    if (!has(name)) return false;
    const Json& found = object_[name];
    if (!found.is_number_integer()) return wrong_json(name, found, "a whole number");
    const bool fits =
        found.is_number_unsigned() ? std::in_range<T>(found.get<std::uint64_t>()) : std::in_range<T>(found.get<std::int64_t>());
    if (!fits) {
      return wrong_json(
          name, found,
          "from " + std::to_string(std::numeric_limits<T>::min()) + " to " + std::to_string(std::numeric_limits<T>::max()));
    }
    out = found.get<T>();
    return true;
  }
  template <class T>
  Result<bool> number(const char* name, std::optional<T>& out) const {
    T value{};
    LATIUM_TRY(const bool there, number(name, value));
    if (there) out = value;
    return there;
  }
  Result<bool> number(const char* name, Duration& out) const {
    Duration::rep count = 0;
    LATIUM_TRY(const bool there, number(name, count));
    if (there && count < 0) return wrong_json(name, object_[name], "0 or more");
    if (there) out = Duration(count);
    return there;
  }

  Result<bool> flag(const char* name, std::optional<bool>& out) const {
    if (!has(name)) return false;
    if (!object_[name].is_boolean()) return wrong_json(name, object_[name], "true or false");
    out = object_[name].get<bool>();
    return true;
  }

  Result<void> pairs(std::vector<std::pair<Bytes, Bytes>>& out) const {
    if (!has("pairs")) return {};
    const Json& list = object_["pairs"];
    if (!list.is_array()) return wrong_json("pairs", list, "a list of [key, value]");
    out.clear();
    for (const Json& pair : list) {
      if (!pair.is_array() || pair.size() != 2) return wrong_json("pairs", pair, "a list of [key, value]");
      LATIUM_TRY(Bytes key, bytes_of_json(pair[0], "pairs"));
      LATIUM_TRY(Bytes value, bytes_of_json(pair[1], "pairs"));
      out.emplace_back(std::move(key), std::move(value));
    }
    return {};
  }

  Result<bool> ops(std::vector<MicroOp>& out) const {
    if (!has("ops")) return false;
    LATIUM_TRY(out, ops_of_json(object_["ops"]));
    return true;
  }

 private:
  const Json& object_;
};

bool is_read(OpKind kind) {
  return kind == OpKind::read || kind == OpKind::local_read;
}

/// What was asked for; on an end line, what differs from its `invoke` is an error.
Result<void> read_request(const Fields& line, Operation& operation) {
  const OpKind kind = kind_of(operation.op);
  LATIUM_CHECKED(line.text("owner", operation.owner));
  LATIUM_CHECKED(line.number("ttl_ms", operation.ttl_ms));
  LATIUM_CHECKED(line.number("start", operation.start));
  if (!is_read(kind)) LATIUM_CHECKED(line.value("value", operation.value));
  LATIUM_CHECKED(line.value("expected", operation.expected));
  if (kind != OpKind::acquire && kind != OpKind::bucket) LATIUM_CHECKED(line.number("token", operation.token));
  // The context that a write was given; an operation that never ends has it, too.
  if (kind == OpKind::bucket) LATIUM_CHECKED(line.pairs(operation.pairs));
  Bytes level;
  LATIUM_TRY(const bool has_level, line.text("level", level));
  if (has_level && level != "one") return wrong("field \"level\" is '" + printable(level, 40) + "' and must be one, or left out");
  operation.one_copy = operation.one_copy || has_level;
  LATIUM_CHECKED(line.ops(operation.ops));
  Bytes isolation;
  LATIUM_TRY(const bool named, line.text("isolation", isolation));
  if (named && isolation != "serializable" && isolation != "read_committed") {
    return wrong("field \"isolation\" is '" + printable(isolation, 40) + "' and must be serializable or read_committed");
  }
  if (named) operation.read_committed = isolation == "read_committed";
  return {};
}

Result<void> require_request(const Fields& line, OpKind kind) {
  LATIUM_CHECKED(line.require("start"));
  if (kind == OpKind::write || kind == OpKind::cas) LATIUM_CHECKED(line.require("value", " (null = absent)"));
  if (kind == OpKind::cas) LATIUM_CHECKED(line.require("expected", " (null = absent)"));
  const bool shows_token = kind == OpKind::renew || kind == OpKind::release || kind == OpKind::guarded_write;
  if (shows_token) LATIUM_CHECKED(line.require("token"));
  if (kind == OpKind::transaction) LATIUM_CHECKED(line.require("ops", " (what it is to write, as far as it is known)"));
  return {};
}

/// What the client was told.
Result<void> read_answer(const Fields& line, Operation& operation) {
  const OpKind kind = kind_of(operation.op);
  const bool ok = operation.outcome == Outcome::ok;
  LATIUM_CHECKED(line.require("end"));
  LATIUM_CHECKED(line.number("end", operation.end));
  LATIUM_CHECKED(line.text("error", operation.error));
  LATIUM_CHECKED(line.pairs(operation.pairs));
  LATIUM_CHECKED(line.flag("applied", operation.applied));
  LATIUM_CHECKED(line.number("expires_ms", operation.expires_ms));
  if (is_read(kind)) LATIUM_CHECKED(line.value("value", operation.value));
  if (kind == OpKind::acquire || kind == OpKind::bucket) LATIUM_CHECKED(line.number("token", operation.token));
  if (line.has("found")) LATIUM_CHECKED(line.value("found", operation.found.emplace()));
  if (!ok) return {};
  if (is_read(kind)) LATIUM_CHECKED(line.require("value", " (null = absent)"));
  if (kind == OpKind::cas || kind == OpKind::guarded_write) LATIUM_CHECKED(line.require("applied"));
  if (kind == OpKind::acquire && operation.applied.value_or(true)) LATIUM_CHECKED(line.require("token"));
  if (operation.found && operation.applied != false) return wrong("field \"found\" stands where \"applied\" is not false");
  return {};
}

std::string_view differing_field(const Operation& asked, const Operation& ended) {
  if (asked.owner != ended.owner) return "owner";
  if (asked.ttl_ms != ended.ttl_ms) return "ttl_ms";
  if (asked.start != ended.start) return "start";
  if (asked.expected != ended.expected) return "expected";
  if (asked.value != ended.value) return "value";
  if (asked.read_committed != ended.read_committed) return "isolation";
  if (asked.one_copy != ended.one_copy) return "level";
  return asked.token != ended.token ? "token" : "";
}

std::optional<Outcome> outcome_of(std::string_view type) {
  for (const Outcome outcome : {Outcome::ok, Outcome::fail, Outcome::info}) {
    if (to_string(outcome) == type) return outcome;
  }
  return std::nullopt;
}

class Parser {
 public:
  Result<void> take(std::string_view text) {
    LATIUM_TRY(const Json object, parse_object(text));
    const Fields line(object);
    for (const char* name : {"process", "type", "op", "key"}) LATIUM_CHECKED(line.require(name));
    Bytes type;
    Operation named;
    LATIUM_CHECKED(line.number("process", named.process));
    LATIUM_CHECKED(line.text("type", type));
    LATIUM_CHECKED(line.text("op", named.op));
    LATIUM_CHECKED(line.text("key", named.key));
    if (type == "invoke") return invoke(line, std::move(named));
    const auto outcome = outcome_of(type);
    if (!outcome) return wrong("\"type\" is '" + printable(type, 40) + "' and must be invoke, ok, fail or info");
    return end(line, named, *outcome);
  }

  History history() && { return std::move(history_); }

 private:
  Result<void> invoke(const Fields& line, Operation operation) {
    Client& client = clients_[operation.process];
    if (client.running) {
      return wrong("process " + std::to_string(operation.process) + " begins an operation before its last one has ended");
    }
    LATIUM_CHECKED(require_request(line, kind_of(operation.op)));
    LATIUM_CHECKED(read_request(line, operation));
    if (operation.start < client.free_at) {
      return wrong("field \"start\" is before the end of the last operation of process " + std::to_string(operation.process));
    }
    client.running = history_.operations().size();
    history_.add(std::move(operation));
    return {};
  }

  Result<void> end(const Fields& line, const Operation& named, Outcome outcome) {
    Client& client = clients_[named.process];
    if (!client.running) return wrong("process " + std::to_string(named.process) + " ends an operation that it has not begun");
    const Operation asked = history_.operation(*client.running);
    if (asked.op != named.op || asked.key != named.key) {
      return wrong("process " + std::to_string(named.process) + " ends " + named.op + " of '" + printable(named.key) +
                   "' but has begun " + asked.op + " of '" + printable(asked.key) + "'");
    }
    Operation& operation = history_.operation(*client.running);
    LATIUM_CHECKED(read_request(line, operation));
    if (const auto field_name = differing_field(asked, operation); !field_name.empty()) {
      return wrong(field(field_name) + " differs from the operation's invoke line");
    }
    operation.outcome = outcome;
    LATIUM_CHECKED(read_answer(line, operation));
    if (operation.end < operation.start) return wrong("field \"end\" is before \"start\"");
    client.running.reset();
    client.free_at = operation.end;
    return {};
  }

  struct Client {
    std::optional<std::size_t> running;  // in history_
    Duration free_at{0};
  };
  History history_;
  std::map<int, Client> clients_;
};

}  // namespace

Result<History> parse_history(std::string_view json_lines) {
  Parser parser;
  for (std::size_t number = 1; !json_lines.empty(); ++number) {
    const std::size_t length = json_lines.find('\n');
    const std::string_view line = json_lines.substr(0, length);
    json_lines.remove_prefix(length == std::string_view::npos ? json_lines.size() : length + 1);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    if (auto taken = parser.take(line); !taken) return wrong("line " + std::to_string(number) + ": " + taken.error().message);
  }
  return std::move(parser).history();
}

}  // namespace latium::sim
