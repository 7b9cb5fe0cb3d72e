// What an arc of a ring asks of a node: the number by which nodes compete for arcs.
#pragma once

#include <cstdint>

#include "base/ids.h"

namespace latium {

/// Logarithms to base 2 in 1/65536ths. Every node of a cluster must compute the same: integers only, no libm.
using LogCost = std::int32_t;

/// log2(value). Precondition: value > 0. Off by less than 4 units.
LogCost log2_cost(std::uint64_t value);

/// The draws of one node for all arcs. They cut the range of a draw into kArcs equal steps and hit each step once: for every
/// bound, a node draws the same number of arcs below it. Drawn from a hash alone, 100 nodes would differ by 8 % in the arcs
/// that they are first at, so they differ by 5 % (standard deviations, calculated and not measured).
class NodeDraw {
 public:
  /// A node has other draws with each token.
  NodeDraw(NodeId node, std::uint32_t token, std::uint32_t weight_milli);

  /// log2 of an exponentially distributed time whose rate is the node's weight: of several nodes, each is first in proportion to
  /// its weight, and that stays true among those left when one goes (weighted rendezvous hashing).
  LogCost cost(std::uint32_t arc) const;

 private:
  std::uint64_t seed_;
  LogCost log_weight_;
};

}  // namespace latium
