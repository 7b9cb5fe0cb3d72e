#include "tests/sim/history.h"

#include <algorithm>
#include <tuple>

#include "base/check.h"

namespace latium::sim {

namespace {

// Bytes above 0x7E as the code points of the same number, so that any bytes make valid JSON and can be had back.
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

void put_field(std::string& out, std::string_view name, BytesView text) {
  out.append(",\"").append(name).append("\":");
  put_json(out, text);
}

std::string line(const Operation& operation, bool end) {
  std::string out = "{\"process\":" + std::to_string(operation.process);
  put_field(out, "type", end ? to_string(operation.outcome) : "invoke");
  put_field(out, "op", operation.op);
  put_field(out, "key", operation.key);
  const bool reads = operation.op.ends_with("get");
  if (operation.value && (end || !reads)) {
    put_field(out, "value", *operation.value);
  } else if (reads && end && operation.outcome == Outcome::ok) {
    out += ",\"value\":null";
  }
  if (end && operation.op.ends_with("scan")) {
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
  out += ",\"start\":" + std::to_string(operation.start.count());
  if (end) out += ",\"end\":" + std::to_string(operation.end.count());
  if (end && !operation.error.empty()) put_field(out, "error", operation.error);
  return out + "}\n";
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::running:
      return "running";
    case Outcome::ok:
      return "ok";
    case Outcome::fail:
      return "fail";
    case Outcome::info:
      return "info";
  }
  return "unknown";
}

std::size_t History::begin(int process, std::string op, Bytes key, std::optional<Bytes> value, Duration now) {
  Operation operation;
  operation.process = process;
  operation.op = std::move(op);
  operation.key = std::move(key);
  operation.value = std::move(value);
  operation.start = now;
  operations_.push_back(std::move(operation));
  return operations_.size() - 1;
}

void History::finish(std::size_t operation, Outcome outcome, Duration now) {
  LATIUM_CHECK(operations_[operation].outcome == Outcome::running, "an operation ends once");
  operations_[operation].outcome = outcome;
  operations_[operation].end = now;
}

void History::end_error(std::size_t operation, const Error& error, Duration now) {
  finish(operation, error.certainty == Certainty::not_applied ? Outcome::fail : Outcome::info, now);
  operations_[operation].error = std::string(latium::to_string(error.code)) + ": " + error.message;
}

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
