// Clusters and members of a given shape, for the tests of the ring.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "ring/placement.h"
#include "ring/ring.h"

namespace latium {

struct Shape {
  std::uint32_t sites = 1;
  std::uint32_t nodes = 100;                          ///< in each site
  std::uint32_t racks = 0;                            ///< in each site, in turn; 0: none named
  std::vector<std::uint32_t> weights_milli = {1000};  ///< in turn
};

inline TopologyNode shaped_node(Random& random, const Shape& shape, std::uint32_t site, std::uint32_t number) {
  return {.id = NodeId{random.next()},
          .site = "s" + std::to_string(site + 1),
          .rack = shape.racks == 0 ? "" : "r" + std::to_string(number % shape.racks + 1),
          .weight_milli = shape.weights_milli[number % shape.weights_milli.size()],
          .storage = true,
          .state = NodeState::up,
          .address = "10.0.0.1:7400"};
}

/// Nodes in no particular order; sites are called s1, s2 ...
inline Topology shaped_topology(Random& random, const Shape& shape) {
  Topology out{.epoch = Epoch{1}, .cluster = ClusterId{1}, .nodes = {}, .voters = {}, .transition = {}};
  for (std::uint32_t site = 0; site < shape.sites; ++site) {
    for (std::uint32_t n = 0; n < shape.nodes; ++n) out.nodes.push_back(shaped_node(random, shape, site, n));
  }
  return out;
}

inline std::vector<RingMember> members_of(const Topology& topology) {
  std::vector<RingMember> out;
  out.reserve(topology.nodes.size());
  for (const TopologyNode& node : topology.nodes) out.push_back({node.id, node.rack, node.weight_milli});
  return out;
}

inline std::vector<RingMember> shaped_members(std::uint64_t seed, const Shape& shape) {
  Random random(seed);
  return members_of(shaped_topology(random, shape));
}

inline Placement placed(std::string_view text) {
  return Placement::parse(text).value();
}

}  // namespace latium
