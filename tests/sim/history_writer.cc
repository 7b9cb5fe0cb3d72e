// History::to_json_lines.
#include <algorithm>
#include <tuple>

#include "tests/sim/history.h"
#include "tests/sim/history_json.h"

namespace latium::sim {

namespace {

void put_name(std::string& out, std::string_view name) {
  out.append(",\"").append(name).append("\":");
}

void put_field(std::string& out, std::string_view name, BytesView text) {
  put_name(out, name);
  put_json(out, text);
}

void put_value(std::string& out, std::string_view name, const std::optional<Bytes>& value) {
  put_name(out, name);
  if (value) {
    put_json(out, *value);
  } else {
    out += "null";
  }
}

template <class T>
void put_number(std::string& out, std::string_view name, const std::optional<T>& number) {
  if (!number) return;
  put_name(out, name);
  out += std::to_string(*number);
}

void put_pairs(std::string& out, const Operation& operation) {
  out += ",\"pairs\":[";
  for (const auto& [key, value] : operation.pairs) {
    if (out.back() != '[') out.push_back(',');
    out.push_back('[');
    put_json(out, key);
    out.push_back(',');
    put_json(out, value);
    out.push_back(']');
  }
  out.push_back(']');
}

void put_values(std::string& out, const Operation& operation, OpKind kind, bool end) {
  const bool reads = kind == OpKind::read || kind == OpKind::local_read;
  const bool ok = end && operation.outcome == Outcome::ok;
  if (kind == OpKind::cas) put_value(out, "expected", operation.expected);
  if (reads ? ok : operation.value || kind == OpKind::cas || kind == OpKind::write) put_value(out, "value", operation.value);
  if ((end && kind == OpKind::scan) || kind == OpKind::bucket) put_pairs(out, operation);
  if (ok && operation.applied) {
    put_name(out, "applied");
    out += *operation.applied ? "true" : "false";
  }
  if (ok && operation.found) put_value(out, "found", *operation.found);
}

void put_lock_fields(std::string& out, const Operation& operation, OpKind kind, bool end) {
  if (!operation.owner.empty()) put_field(out, "owner", operation.owner);
  // Tokens and leases are answers where they were not known before.
  if (end || (kind != OpKind::acquire && kind != OpKind::bucket)) put_number(out, "token", operation.token);
  put_number(out, "ttl_ms", operation.ttl_ms);
  if (end) put_number(out, "expires_ms", operation.expires_ms);
}

// What was read is an answer; what is to be written has to be known also of those that never end.
void put_transaction(std::string& out, const Operation& operation, bool end) {
  put_name(out, "ops");
  put_ops(out, operation.ops, !end);
  if (operation.read_committed) out += ",\"isolation\":\"read_committed\"";
}

std::string line(const Operation& operation, bool end) {
  const OpKind kind = kind_of(operation.op);
  std::string out = "{\"process\":" + std::to_string(operation.process);
  put_field(out, "type", end ? to_string(operation.outcome) : "invoke");
  put_field(out, "op", operation.op);
  put_field(out, "key", operation.key);
  put_values(out, operation, kind, end);
  put_lock_fields(out, operation, kind, end);
  if (operation.one_copy) out += ",\"level\":\"one\"";
  if (kind == OpKind::transaction) put_transaction(out, operation, end);
  out += ",\"start\":" + std::to_string(operation.start.count());
  if (end) out += ",\"end\":" + std::to_string(operation.end.count());
  if (end && !operation.error.empty()) put_field(out, "error", operation.error);
  return out + "}\n";
}

}  // namespace

std::string History::to_json_lines() const {
  // (time, ends before begins, operation)
  std::vector<std::tuple<Duration, bool, std::size_t>> order;
  for (std::size_t i = 0; i < operations_.size(); ++i) {
    order.emplace_back(operations_[i].start, true, i);
    if (operations_[i].outcome == Outcome::running) continue;
    // An operation that takes no time must not end before it begins.
    order.emplace_back(operations_[i].end, operations_[i].end == operations_[i].start, i);
  }
  std::ranges::sort(order);
  std::string out;
  std::vector<bool> begun(operations_.size());
  for (const auto& [time, begin, i] : order) {
    out += line(operations_[i], begun[i]);
    begun[i] = true;
  }
  return out;
}

}  // namespace latium::sim
