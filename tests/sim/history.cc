#include "tests/sim/history.h"

#include <array>

#include "base/check.h"

namespace latium::sim {

namespace {

std::string text_of(const std::optional<Bytes>& value) {
  return value ? '"' + printable(*value) + '"' : "absent";
}

std::string text_of_list(const KeyValue& value) {
  if (!value) return "absent";
  std::string text;
  for (const Bytes& element : *value) text += (text.empty() ? "[" : " ") + printable(element);
  return text + ']';
}

std::string text_of(const MicroOp& op) {
  const std::string key = printable(op.key);
  switch (op.kind) {
    case MicroOp::Kind::read:
      return key + " -> " + text_of_list(op.value);
    case MicroOp::Kind::write:
      return key + " := " + text_of_list(op.value);
    case MicroOp::Kind::append:
      return key + " += " + text_of_list(op.value);
    case MicroOp::Kind::range:
      break;
  }
  std::string text = key + ".." + printable(op.end) + " -> {";
  for (const auto& [each, value] : op.rows)
    text += (text.back() == '{' ? "" : ", ") + printable(each) + ' ' + text_of_list(value);
  return text + '}';
}

std::string what_it_did(const Operation& operation) {
  const bool ok = operation.outcome == Outcome::ok;
  switch (kind_of(operation.op)) {
    case OpKind::write:
      return ' ' + text_of(operation.value);
    case OpKind::read:
    case OpKind::local_read:
      return ok ? " -> " + text_of(operation.value) : "";
    case OpKind::cas: {
      std::string text = " from " + text_of(operation.expected) + " to " + text_of(operation.value);
      if (!ok || operation.applied.value_or(false)) return text;
      return text + ", refused" + (operation.found ? ", found " + text_of(*operation.found) : "");
    }
    case OpKind::transaction: {
      std::string text = operation.read_committed ? " (read committed)" : "";
      for (const MicroOp& op : operation.ops) text += (&op == operation.ops.data() ? " " : "; ") + text_of(op);
      return text;
    }
    default:
      break;
  }
  std::string text;
  if (!operation.owner.empty()) text += " by " + text_of(operation.owner);
  if (operation.token) text += ", token " + std::to_string(*operation.token);
  if (ok && operation.applied) text += *operation.applied ? ", accepted" : ", refused";
  return text;
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

OpKind kind_of(std::string_view op) {
  static constexpr std::array<std::pair<std::string_view, OpKind>, 19> kNames{{{"put", OpKind::write},
                                                                               {"write", OpKind::write},
                                                                               {"remove", OpKind::remove},
                                                                               {"get", OpKind::read},
                                                                               {"read", OpKind::read},
                                                                               {"local_read", OpKind::local_read},
                                                                               {"scan", OpKind::scan},
                                                                               {"cas", OpKind::cas},
                                                                               {"acquire", OpKind::acquire},
                                                                               {"renew", OpKind::renew},
                                                                               {"release", OpKind::release},
                                                                               {"guarded_write", OpKind::guarded_write},
                                                                               {"sibling_put", OpKind::bucket},
                                                                               {"sibling_remove", OpKind::bucket},
                                                                               {"siblings", OpKind::bucket},
                                                                               {"lww_put", OpKind::bucket},
                                                                               {"lww_remove", OpKind::bucket},
                                                                               {"lww", OpKind::bucket},
                                                                               {"transaction", OpKind::transaction}}};
  constexpr std::string_view kFinal = "final_";
  if (op.starts_with(kFinal)) op.remove_prefix(kFinal.size());
  for (const auto& [name, kind] : kNames) {
    if (name == op) return kind;
  }
  return OpKind::other;
}

std::string describe(const Operation& operation) {
  std::string text = "process " + std::to_string(operation.process) + ' ' + operation.op + what_it_did(operation) + " [" +
                     std::to_string(operation.start.count()) + "..";
  if (operation.outcome != Outcome::running) text += std::to_string(operation.end.count());
  text += " ns] ";
  text += to_string(operation.outcome);
  return text;
}

std::size_t History::begin(int process, std::string op, Bytes key, std::optional<Bytes> value, Duration now) {
  Operation operation;
  operation.process = process;
  operation.op = std::move(op);
  operation.key = std::move(key);
  operation.value = std::move(value);
  return begin(std::move(operation), now);
}

std::size_t History::begin(Operation operation, Duration now) {
  LATIUM_CHECK(operation.outcome == Outcome::running, "an operation begins before it ends");
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

}  // namespace latium::sim
