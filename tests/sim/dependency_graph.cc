#include "tests/sim/dependency_graph.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace latium::sim {

namespace {

class Builder {
 public:
  Builder(const History& history, const HistoryDigest& digest) : history_(history), digest_(digest) {
    graph_.transactions = digest.transactions.size();
    graph_.edges.resize(graph_.transactions);
  }

  DependencyGraph build() && {
    for (std::size_t i = 0; i < graph_.transactions; ++i) {
      if (!digest_.transactions[i].committed) continue;
      for (const auto& [key, read] : digest_.transactions[i].reads) {
        if (checked(i, key)) reads_[key].push_back({i, &read});
      }
      for (const auto& [key, change] : digest_.transactions[i].changes) changes_[key].push_back({i, &change});
    }
    std::set<Bytes> keys;
    for (const auto& [key, reads] : reads_) keys.insert(key);
    for (const auto& [key, changes] : changes_) keys.insert(key);
    for (const Bytes& key : keys) digest_.lists.contains(key) ? order_list(key) : order_register(key);
    add_real_time();
    return std::move(graph_);
  }

 private:
  struct Read {
    std::size_t by;
    const ExternalRead* read;
  };
  struct Change {
    std::size_t by;
    const KeyChange* change;
  };

  const Operation& operation(std::size_t transaction) const {
    return history_.operations()[digest_.transactions[transaction].operation];
  }
  bool checked(std::size_t transaction, const Bytes& key) const {
    return !operation(transaction).read_committed || digest_.transactions[transaction].changes.contains(key);
  }
  std::size_t writer(const Bytes& key, const Bytes& element) const { return digest_.writers.at(key).at(element).transaction; }
  bool known(const Bytes& key, const Bytes& element) const {
    const auto written = digest_.writers.find(key);
    return written != digest_.writers.end() && written->second.contains(element) &&
           digest_.transactions[written->second.at(element).transaction].committed;
  }

  void add(std::size_t from, std::size_t to, EdgeKind kind, const Bytes& key) {
    if (from != to) graph_.edges[from].push_back({to, kind, key});
  }
  void add_overwritten(const Read& read, std::size_t by, const Bytes& key) {
    add(read.by, by, read.read->by_range ? EdgeKind::range_write : EdgeKind::read_write, key);
  }

  // Every read of a list shows its whole past, so the longest one shows the order of all versions that anybody saw.
  void order_list(const Bytes& key) {
    const std::vector<Read>& reads = reads_[key];
    std::vector<Bytes> order;
    for (const Read& each : reads) {
      if (each.read->value && each.read->value->size() > order.size()) order = *each.read->value;
    }
    std::map<Bytes, std::size_t> place;
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (!known(key, order[i])) return;  // a violation already
      if (place.emplace(order[i], i).second) continue;
      graph_.violations.push_back("duplicate element: '" + printable(order[i]) + "' is twice in '" + printable(key) + "'");
      return;
    }
    // What nobody saw came after all that somebody saw.
    std::vector<std::size_t> unseen;
    for (const Change& each : changes_[key]) {
      const bool seen = std::ranges::any_of(each.change->elements, [&](const Bytes& element) { return place.contains(element); });
      if (!seen) unseen.push_back(each.by);
    }
    const auto after = [&](std::size_t length) {
      return length < order.size() ? std::vector{writer(key, order[length])} : unseen;
    };
    for (std::size_t i = 0; i < order.size(); ++i) {
      for (const std::size_t next : after(i + 1)) add(writer(key, order[i]), next, EdgeKind::write_write, key);
    }
    for (const Read& each : reads) {
      const std::vector<Bytes> value = each.read->value.value_or(std::vector<Bytes>());
      if (!std::equal(value.begin(), value.end(), order.begin())) {
        graph_.violations.push_back("incompatible order: two reads of '" + printable(key) +
                                    "' are not one the beginning of the other\n  " + describe(operation(each.by)));
        return;
      }
      if (!value.empty()) add(writer(key, value.back()), each.by, EdgeKind::write_read, key);
      for (const std::size_t next : after(value.size())) add_overwritten(each, next, key);
    }
  }

  // Who reads a register and then writes it puts its version right after the one that it read. "Absent" names no version where
  // somebody may have removed the key.
  void order_register(const Bytes& key) {
    const auto version = [&](const KeyValue& value) -> std::optional<Bytes> {
      if (value) return value->back();
      return digest_.removed.contains(key) ? std::nullopt : std::optional(Bytes());
    };
    std::map<Bytes, std::vector<std::size_t>> next;  // who replaced a version
    for (const Change& each : changes_[key]) {
      const auto& its_reads = digest_.transactions[each.by].reads;
      const auto read = its_reads.find(key);
      const auto before = read == its_reads.end() ? std::nullopt : version(read->second.value);
      if (!before) continue;
      next[*before].push_back(each.by);
      if (read->second.value && known(key, *before)) add(writer(key, *before), each.by, EdgeKind::write_write, key);
    }
    for (const Read& each : reads_[key]) {
      const auto seen = version(each.read->value);
      if (!seen) continue;
      if (each.read->value && known(key, *seen)) add(writer(key, *seen), each.by, EdgeKind::write_read, key);
      const auto replaced = next.find(*seen);
      if (replaced == next.end()) continue;
      for (const std::size_t by : replaced->second) add_overwritten(each, by, key);
    }
  }

  // Through moments, so that the edges are as many as the transactions and not as many as their pairs.
  void add_real_time() {
    std::map<Duration, std::size_t> moments;  // at which somebody was acknowledged
    for (std::size_t i = 0; i < graph_.transactions; ++i) {
      if (operation(i).outcome == Outcome::ok) moments.emplace(operation(i).end, 0);
    }
    for (auto& [time, node] : moments) {
      node = graph_.edges.size();
      graph_.edges.emplace_back();
      if (node > graph_.transactions) graph_.edges[node - 1].push_back({node, EdgeKind::real_time});
    }
    for (std::size_t i = 0; i < graph_.transactions; ++i) {
      if (!digest_.transactions[i].committed) continue;
      if (operation(i).outcome == Outcome::ok) graph_.edges[i].push_back({moments.at(operation(i).end), EdgeKind::real_time});
      const auto later = moments.lower_bound(operation(i).start);
      if (later != moments.begin()) graph_.edges[std::prev(later)->second].push_back({i, EdgeKind::real_time});
    }
  }

  const History& history_;
  const HistoryDigest& digest_;
  DependencyGraph graph_;
  std::map<Bytes, std::vector<Read>> reads_;
  std::map<Bytes, std::vector<Change>> changes_;
};

}  // namespace

DependencyGraph dependency_graph(const History& history, const HistoryDigest& digest) {
  return Builder(history, digest).build();
}

}  // namespace latium::sim
