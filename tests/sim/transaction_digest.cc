#include "tests/sim/transaction_digest.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace latium::sim {

namespace {

std::string shown(const KeyValue& value) {
  if (!value) return "absent";
  std::string text;
  for (const Bytes& element : *value) text += (text.empty() ? "[" : " ") + printable(element);
  return text + ']';
}

/// Follows one transaction from operation to operation.
class Follower {
 public:
  Follower(const Operation& operation, const std::set<Bytes>& all_keys, TransactionDigest& out,
           std::vector<std::string>& violations)
      : operation_(operation), all_keys_(all_keys), out_(out), violations_(violations) {}

  void follow() {
    for (const MicroOp& op : operation_.ops) {
      if (op.kind == MicroOp::Kind::range) {
        range(op);
      } else if (op.kind == MicroOp::Kind::read) {
        read(op.key, op.value, false);
      } else {
        change(op);
      }
    }
  }

 private:
  struct View {
    std::optional<KeyValue> now;  // what it has to see; none = appended to without having been read
    std::vector<Bytes> appended;  // since
  };

  void range(const MicroOp& op) {
    auto row = op.rows.begin();
    for (auto key = all_keys_.lower_bound(op.key); key != all_keys_.end() && *key < op.end; ++key) {
      while (row != op.rows.end() && row->first < *key) ++row;
      const bool there = row != op.rows.end() && row->first == *key;
      read(*key, there ? row->second : std::nullopt, true);
    }
  }

  void read(const Bytes& key, const KeyValue& value, bool by_range) {
    const auto known = views_.find(key);
    if (known == views_.end()) {
      views_.emplace(key, View{value, {}});
      out_.reads.emplace(key, ExternalRead{value, by_range && !value});
      return;
    }
    View& view = known->second;
    // Without a check of what was read it may change in between; what a change goes on from is what was read last.
    if (operation_.read_committed && !out_.changes.contains(key)) {
      view.now = value;
      out_.reads.insert_or_assign(key, ExternalRead{value, by_range && !value});
      return;
    }
    if (view.now) {
      if (*view.now != value) contradiction(key, *view.now, value);
      return;
    }
    // Appended to before it was read: what is in front of that is what others wrote.
    const std::vector<Bytes> all = value.value_or(std::vector<Bytes>());
    const bool own = all.size() >= view.appended.size() && std::equal(view.appended.rbegin(), view.appended.rend(), all.rbegin());
    if (!own) return contradiction(key, view.appended, value);
    std::vector<Bytes> before(all.begin(), all.end() - static_cast<std::ptrdiff_t>(view.appended.size()));
    out_.reads.emplace(key, ExternalRead{before.empty() ? KeyValue() : KeyValue(std::move(before)), false});
    view.now = value;
  }

  void change(const MicroOp& op) {
    KeyChange& change = out_.changes[op.key];
    if (op.kind == MicroOp::Kind::write) {
      views_[op.key] = View{op.value, {}};
      change = {op.value.value_or(std::vector<Bytes>()), !op.value};
      return;
    }
    const Bytes& element = op.value->front();
    change.elements.push_back(element);
    View& view = views_[op.key];
    if (!view.now) {
      view.appended.push_back(element);
    } else if (*view.now) {
      (*view.now)->push_back(element);
    } else {
      *view.now = std::vector{element};
    }
  }

  void contradiction(const Bytes& key, const KeyValue& wanted, const KeyValue& found) {
    violations_.push_back("internal: a transaction contradicts itself on '" + printable(key) + "': it has to see " +
                          shown(wanted) + " and saw " + shown(found) + "\n  " + describe(operation_));
  }

  const Operation& operation_;
  const std::set<Bytes>& all_keys_;
  TransactionDigest& out_;
  std::vector<std::string>& violations_;
  std::map<Bytes, View> views_;
};

class Digester {
 public:
  explicit Digester(const History& history) : history_(history) {}

  HistoryDigest digest() && {
    std::set<Bytes> all_keys;
    for (std::size_t i = 0; i < operations().size(); ++i) {
      if (kind_of(operations()[i].op) != OpKind::transaction) continue;
      out_.transactions.push_back(
          {.operation = i, .committed = operations()[i].outcome == Outcome::ok, .reads = {}, .changes = {}});
      for (const MicroOp& op : operations()[i].ops) {
        if (op.kind != MicroOp::Kind::range) all_keys.insert(op.key);
        for (const auto& [key, value] : op.rows) all_keys.insert(key);
      }
    }
    for (std::size_t i = 0; i < out_.transactions.size(); ++i) note_writes(i);
    std::vector<std::vector<std::string>> contradictions(out_.transactions.size());
    for (std::size_t i = 0; i < out_.transactions.size(); ++i) {
      Follower(of(out_.transactions[i]), all_keys, out_.transactions[i], contradictions[i]).follow();
    }
    for (const TransactionDigest& each : out_.transactions) judge_reads(each);
    for (std::size_t i = 0; i < out_.transactions.size(); ++i) {
      // Who has not committed may have contradicted itself: that is a reason not to commit.
      if (!out_.transactions[i].committed || of(out_.transactions[i]).read_committed) continue;
      std::ranges::move(contradictions[i], std::back_inserter(out_.violations));
    }
    return std::move(out_);
  }

 private:
  const std::vector<Operation>& operations() const { return history_.operations(); }
  const Operation& of(const TransactionDigest& transaction) const { return operations()[transaction.operation]; }

  void note_writes(std::size_t number) {
    const Operation& operation = of(out_.transactions[number]);
    std::map<Bytes, std::pair<Bytes, bool>> before;  // of each key: the element written before, if there is one
    for (const MicroOp& op : operation.ops) {
      if (!changes(op)) continue;
      if (op.kind == MicroOp::Kind::append) out_.lists.insert(op.key);
      if (op.kind == MicroOp::Kind::write) registers_.insert(op.key);
      auto& [earlier, had_earlier] = before[op.key];
      if (had_earlier) out_.writers[op.key][earlier].last = false;
      had_earlier = op.value.has_value();
      if (!op.value) {
        if (operation.outcome != Outcome::fail) out_.removed.insert(op.key);
        continue;
      }
      earlier = op.value->front();
      const auto [at, fresh] = out_.writers[op.key].emplace(earlier, Writer{number, true});
      if (!fresh) {
        out_.gave_up.push_back("'" + printable(earlier) + "' is written twice to '" + printable(op.key) +
                               "': who wrote what was read cannot be told\n  " + describe(operation));
      }
      if (out_.lists.contains(op.key) && registers_.contains(op.key)) {
        out_.gave_up.push_back("'" + printable(op.key) + "' is both written and appended to: its order cannot be told");
      }
    }
  }

  /// What anybody reads has been committed, also when the reader itself never commits: no read returns what may still be lost.
  void judge_reads(const TransactionDigest& reader) {
    for (const auto& [key, read] : reader.reads) {
      if (!read.value) continue;
      for (const Bytes& element : *read.value) judge_element(reader, key, element, &element == &read.value->back());
    }
  }

  void judge_element(const TransactionDigest& reader, const Bytes& key, const Bytes& element, bool at_end) {
    const std::string what = "'" + printable(element) + "' was read from '" + printable(key) + "'";
    const std::string by = "\n  read by " + describe(of(reader));
    const auto written = out_.writers.find(key);
    const auto found = written == out_.writers.end() ? std::map<Bytes, Writer>::const_iterator() : written->second.find(element);
    if (written == out_.writers.end() || found == written->second.end()) {
      out_.violations.push_back("garbage read: " + what + ", and nobody wrote it" + by);
      return;
    }
    TransactionDigest& writer = out_.transactions[found->second.transaction];
    const std::string from = "\n  written by " + describe(of(writer));
    if (of(writer).outcome == Outcome::fail) {
      out_.violations.push_back("G1a (aborted read): " + what + ", and who wrote it has not committed" + by + from);
      return;
    }
    writer.committed = true;
    if (at_end && !found->second.last) {
      out_.violations.push_back("G1b (intermediate read): " + what + ", and who wrote it has changed it once more" + by + from);
    }
    if (of(writer).start > of(reader).end && of(reader).outcome == Outcome::ok) {
      out_.violations.push_back("read from the future: " + what + ", and who wrote it began later" + by + from);
    }
  }

  const History& history_;
  HistoryDigest out_;
  std::set<Bytes> registers_;
};

}  // namespace

HistoryDigest digest_transactions(const History& history) {
  return Digester(history).digest();
}

}  // namespace latium::sim
