#include "tests/sim/transaction_checker.h"

#include <set>
#include <string>
#include <utility>

#include "tests/sim/cycle_search.h"
#include "tests/sim/dependency_graph.h"
#include "tests/sim/transaction_digest.h"

namespace latium::sim {

namespace {

std::string why(const Edge& edge) {
  const std::string key = '\'' + printable(edge.key) + '\'';
  switch (edge.kind) {
    case EdgeKind::write_write:
      return "is before the next, which replaced its version of " + key;
    case EdgeKind::write_read:
      return "is before the next, which read its version of " + key;
    case EdgeKind::read_write:
      return "is before the next, which replaced the version of " + key + " that it read";
    case EdgeKind::range_write:
      return "is before the next, which wrote " + key + ", which was not in the range that it read";
    case EdgeKind::real_time:
      break;
  }
  return "is before the next, which began when it had been acknowledged";
}

std::string text_of(const Cycle& cycle, const History& history, const HistoryDigest& digest) {
  std::string text = cycle.name + ": no order explains these transactions";
  for (const auto& [from, edge] : cycle.steps) {
    text += "\n  " + describe(history.operations()[digest.transactions[from].operation]) + "\n    " + why(edge);
  }
  return text + "\n  (and so on from the first)";
}

}  // namespace

CheckReport check_transactions(const History& history) {
  HistoryDigest digest = digest_transactions(history);
  CheckReport report;
  report.operations = digest.transactions.size();
  std::set<Bytes> keys;
  for (const auto& each : digest.transactions) {
    for (const auto& [key, read] : each.reads) keys.insert(key);
    for (const auto& [key, change] : each.changes) keys.insert(key);
  }
  report.keys = keys.size();
  report.gave_up = std::move(digest.gave_up);
  if (!report.gave_up.empty()) return report;
  DependencyGraph graph = dependency_graph(history, digest);
  report.violations = std::move(digest.violations);
  for (std::string& each : graph.violations) report.violations.push_back(std::move(each));
  for (const Cycle& cycle : find_cycles(graph)) report.violations.push_back(text_of(cycle, history, digest));
  return report;
}

}  // namespace latium::sim
