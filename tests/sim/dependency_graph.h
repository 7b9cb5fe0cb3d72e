// The graph of what transactions depend on each other: who has to come before whom, and why. Source: Adya, "Weak Consistency"
// (1999); Kingsbury and Alvaro, "Elle" (VLDB 2020).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/transaction_digest.h"

namespace latium::sim {

enum class EdgeKind : std::uint8_t {
  write_write,  ///< its version of a key comes right after the other's
  write_read,   ///< it read what the other wrote
  read_write,   ///< the other replaced what it read
  range_write,  ///< the same, of a key that was not there in a range that it read
  real_time,    ///< it had been acknowledged before the other began
};

struct Edge {
  std::size_t to = 0;
  EdgeKind kind = EdgeKind::real_time;
  Bytes key{};
};

struct DependencyGraph {
  /// The first `transactions` nodes are those of the digest; the others are moments, which real time runs through.
  std::size_t transactions = 0;
  std::vector<std::vector<Edge>> edges;  ///< by the node that they leave
  std::vector<std::string> violations;   ///< of the versions of a key: their order is no order
};

/// Of the transactions that have committed. Those at read committed have no edges for what they only read.
DependencyGraph dependency_graph(const History& history, const HistoryDigest& digest);

}  // namespace latium::sim
