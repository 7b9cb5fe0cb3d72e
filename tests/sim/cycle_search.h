// Cycles in a graph of dependencies, by the name of the anomaly that each one is.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/dependency_graph.h"

namespace latium::sim {

struct Cycle {
  std::string name;  ///< "G0", "G1c", "write skew (G2-item)", ...; "-realtime" where only time closes it
  std::vector<std::pair<std::size_t, Edge>> steps;  ///< from a transaction along an edge, to the next one
};

/// One of each knot of transactions that depend on each other in a circle: of the worst kind that is there, a shortest one.
/// Cost: linear for a graph without a cycle, else at most edges times edges of a knot.
std::vector<Cycle> find_cycles(const DependencyGraph& graph);

}  // namespace latium::sim
