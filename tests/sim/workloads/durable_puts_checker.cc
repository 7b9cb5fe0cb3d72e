#include <map>
#include <set>

#include "tests/sim/workloads/durable_puts.h"

namespace latium::sim {

namespace {

bool is_write(const Operation& operation) {
  return operation.op == "put" || operation.op == "remove";
}

class Checker {
 public:
  Checker(const History& history, DurabilityRules rules) : history_(history), rules_(rules) {
    for (const Operation& operation : history.operations()) {
      if (is_write(operation)) writes_[operation.key].push_back(&operation);
    }
  }

  std::vector<std::string> run() {
    for (const auto& [key, writes] : writes_) {
      for (const Operation* write : writes) {
        if (write->process != writes.front()->process) report(*write, key, "is written by two processes: a bad workload");
      }
    }
    for (const Operation& read : history_.operations()) {
      if (is_write(read) || read.outcome != Outcome::ok) continue;
      if (rules_.final_reads_only && !read.op.starts_with("final_")) continue;
      read.op.ends_with("scan") ? check_scan(read) : check_read(read, read.key, read.value);
    }
    return std::move(violations_);
  }

 private:
  void report(const Operation& operation, const Bytes& key, const std::string& what) {
    violations_.push_back("process " + std::to_string(operation.process) + ' ' + operation.op + " at " +
                          std::to_string(operation.start.count()) + "ns: key " + printable(key) + ' ' + what);
  }

  void check_scan(const Operation& scan) {
    std::map<Bytes, Bytes> seen;
    for (const auto& [key, value] : scan.pairs) {
      if (!key.starts_with(scan.key)) report(scan, key, "is outside the prefix");
      if (!seen.emplace(key, value).second) report(scan, key, "comes twice");
      if (!writes_.contains(key)) report(scan, key, "was never written");
    }
    for (auto it = writes_.lower_bound(scan.key); it != writes_.end() && it->first.starts_with(scan.key); ++it) {
      const auto found = seen.find(it->first);
      check_read(scan, it->first, found == seen.end() ? std::nullopt : std::optional(found->second));
    }
  }

  void check_read(const Operation& read, const Bytes& key, const std::optional<Bytes>& value) {
    static const std::vector<const Operation*> kNone;
    const auto found = writes_.find(key);
    const auto& writes = found == writes_.end() ? kNone : found->second;
    // From the newest back, until one that was acknowledged in time hides what is older.
    bool hidden = false;
    for (auto it = writes.rbegin(); it != writes.rend(); ++it) {
      const Operation& write = **it;
      if (write.outcome == Outcome::fail || write.start > read.end) continue;
      const bool unknown = write.outcome != Outcome::ok;
      if ((!hidden || (unknown && rules_.unknown_writes_may_come_late)) && effect(write) == value) return;
      hidden = hidden || (!unknown && write.end < read.start);
    }
    if (!hidden && !value) return;
    report(read, key, (value ? "has the value " + printable(*value) : std::string("is absent")) + ", which no write explains");
  }

  static std::optional<Bytes> effect(const Operation& write) { return write.op == "put" ? write.value : std::nullopt; }

  const History& history_;
  DurabilityRules rules_;
  std::map<Bytes, std::vector<const Operation*>> writes_;  // in the order of their one process
  std::vector<std::string> violations_;
};

}  // namespace

std::vector<std::string> check_durability(const History& history, DurabilityRules rules) {
  return Checker(history, rules).run();
}

}  // namespace latium::sim
