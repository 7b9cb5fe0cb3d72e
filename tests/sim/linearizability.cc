#include "tests/sim/linearizability.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/register_search.h"

namespace latium::sim {

namespace {

using Verdict = SearchResult::Verdict;

constexpr std::size_t kLinesShown = 30;

/// The operations on one key, as the search and as people see them.
class KeyHistory {
 public:
  KeyHistory(Bytes key, std::vector<const Operation*> operations) : key_(std::move(key)), operations_(std::move(operations)) {
    for (std::size_t i = 0; i < operations_.size(); ++i) translate(*operations_[i], i);
  }

  void check(RegisterLimits limits, CheckReport& report) {
    for (const Operation* operation : operations_) check_form(*operation, report);
    for (const Operation* operation : operations_) {
      const bool answered = operation->outcome == Outcome::ok;
      if (answered && kind_of(operation->op) == OpKind::local_read) check_local_read(*operation, report);
    }
    SearchResult result = search_order(ops_, limits.states_a_key);
    if (result.verdict == Verdict::gave_up) {
      report.gave_up.push_back(name() + " not judged: gave up after " + std::to_string(limits.states_a_key) +
                               " states; use more keys with fewer operations each, or fewer concurrent writes");
    }
    if (result.verdict == Verdict::stuck) report.violations.push_back(explain(std::move(result), limits));
  }

 private:
  std::string name() const { return "key \"" + printable(key_) + "\":"; }

  int number_of(const std::optional<Bytes>& value) {
    if (!value) return RegisterOp::kAbsent;
    const int fresh = static_cast<int>(values_.size()) + 1;
    const auto [found, inserted] = values_.emplace(*value, fresh);
    if (inserted) names_.push_back('"' + printable(*value) + '"');
    return found->second;
  }
  const std::string& name_of(int value) const { return names_[static_cast<std::size_t>(value)]; }

  void translate(const Operation& operation, std::size_t source) {
    if (operation.outcome == Outcome::fail) return;
    RegisterOp op{.process = operation.process,
                  .certain = operation.outcome == Outcome::ok,
                  .start = operation.start,
                  .end = operation.end,
                  .source = source};
    switch (kind_of(operation.op)) {
      case OpKind::write:
        op.kind = RegisterOp::Kind::write;
        op.value = number_of(operation.value);
        break;
      case OpKind::remove:
        op.kind = RegisterOp::Kind::write;
        break;
      case OpKind::read:
        op.kind = RegisterOp::Kind::read;
        op.value = number_of(operation.value);
        if (!op.certain) return;
        break;
      case OpKind::cas:
        op.kind = RegisterOp::Kind::cas;
        op.expected = number_of(operation.expected);
        op.value = number_of(operation.value);
        if (op.certain && operation.applied == false) {
          op.kind = RegisterOp::Kind::refused;
          op.value = operation.found ? number_of(*operation.found) : RegisterOp::kNotTold;
        }
        break;
      default:
        return;
    }
    ops_.push_back(op);
  }

  /// What only a program that records wrongly leaves out: parse_history refuses the same.
  void check_form(const Operation& operation, CheckReport& report) const {
    if (kind_of(operation.op) == OpKind::cas && operation.outcome == Outcome::ok && !operation.applied) {
      report.violations.push_back(name() +
                                  " a bad record: an ok cas does not say whether it was applied: " + describe(operation));
    }
  }

  void check_local_read(const Operation& read, CheckReport& report) const {
    if (!read.value) return;
    for (const Operation* write : operations_) {
      const OpKind kind = kind_of(write->op);
      const bool writes = kind == OpKind::write || (kind == OpKind::cas && write->applied.value_or(true));
      if (writes && write->outcome != Outcome::fail && write->value == read.value && write->start <= read.end) return;
    }
    report.violations.push_back(name() + " a local read returned what no write that began before its end can have written:\n  " +
                                describe(read));
  }

  /// What was known at `time`: what had not ended by then may or may not have happened.
  std::vector<RegisterOp> until(Duration time) const {
    std::vector<RegisterOp> part;
    for (RegisterOp op : ops_) {
      if (op.start > time) continue;
      if (op.certain && op.end > time) {
        if (op.kind == RegisterOp::Kind::read || op.kind == RegisterOp::Kind::refused) continue;
        op.certain = false;
      }
      part.push_back(op);
    }
    return part;
  }

  std::string explain(SearchResult whole, RegisterLimits limits) const {
    std::set<Duration> distinct;
    for (const RegisterOp& op : ops_) {
      if (op.certain) distinct.insert(op.end);
    }
    const std::vector<Duration> ends(distinct.begin(), distinct.end());
    // A beginning of a linearizable history is linearizable: the first that is not is found by halving. Where the search
    // gives up, a longer part is shown.
    std::vector<RegisterOp> part = ops_;
    SearchResult stuck = std::move(whole);
    std::size_t good = 0;
    std::size_t bad = ends.size();  // ends[bad - 1] is the end of a part that has no order
    while (good + 1 < bad) {
      const std::size_t middle = good + (bad - good) / 2;
      std::vector<RegisterOp> shorter = until(ends[middle - 1]);
      SearchResult result = search_order(shorter, limits.states_a_key);
      if (result.verdict == Verdict::stuck) {
        bad = middle;
        part = std::move(shorter);
        stuck = std::move(result);
      } else {
        good = middle;
      }
    }
    return text(part, stuck, ends[bad - 1]);
  }

  std::string text(const std::vector<RegisterOp>& part, const SearchResult& stuck, Duration end) const {
    std::string out = name() + " not linearizable: no order explains what its first " + std::to_string(part.size()) +
                      " operations returned (until " + std::to_string(end.count()) + " ns):\n";
    std::vector<std::size_t> all(part.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    list(out, part, all);
    out += "An order of as many of them as possible:\n";
    list(out, part, stuck.order);
    out += "It leaves the value " + name_of(stuck.value) + ", with which none of these can come next:\n";
    list(out, part, stuck.candidates);
    out.pop_back();
    return out;
  }

  void list(std::string& out, const std::vector<RegisterOp>& part, const std::vector<std::size_t>& which) const {
    const std::size_t skipped = which.size() > kLinesShown ? which.size() - kLinesShown : 0;
    if (which.empty()) out += "  (none)\n";
    if (skipped != 0) out += "  (" + std::to_string(skipped) + " earlier ones are not shown)\n";
    for (std::size_t i = skipped; i < which.size(); ++i) {
      const RegisterOp& op = part[which[i]];
      const Operation& operation = *operations_[op.source];
      out += "  " + describe(operation);
      if (!op.certain && operation.outcome == Outcome::ok) out += ", but later";
      out += '\n';
    }
  }

  Bytes key_;
  std::vector<const Operation*> operations_;
  std::vector<RegisterOp> ops_;
  std::map<Bytes, int> values_;
  std::vector<std::string> names_{"absent"};
};

bool is_register_operation(const Operation& operation) {
  switch (kind_of(operation.op)) {
    case OpKind::write:
    case OpKind::remove:
    case OpKind::read:
    case OpKind::local_read:
    case OpKind::cas:
      return true;
    default:
      return false;
  }
}

}  // namespace

CheckReport check_registers(const History& history, RegisterLimits limits) {
  CheckReport report;
  std::map<Bytes, std::vector<const Operation*>> keys;
  for (const Operation& operation : history.operations()) {
    if (!is_register_operation(operation)) continue;
    keys[operation.key].push_back(&operation);
    ++report.operations;
  }
  report.keys = keys.size();
  for (auto& [key, operations] : keys) KeyHistory(key, std::move(operations)).check(limits, report);
  return report;
}

}  // namespace latium::sim
