// Who votes on the topology.
#pragma once

#include <cstddef>
#include <vector>

#include "base/ids.h"
#include "ring/topology.h"

namespace latium {

inline constexpr std::size_t kMaxVoters = 7;

/// The voters that a topology ought to have: choose_voters(its storage nodes in state up, its voters).
std::vector<NodeId> choose_voters(const Topology& topology);

/// Picks an odd number of `candidates` (storage nodes), kMaxVoters at most, sorted by id; none if there are no candidates.
///  - As many as there can be, with the seats dealt to the sites in turn.
///  - With three sites or more no site holds a majority of the voters: rather fewer voters than that.
///  - Inside a site, different racks first.
///  - Those of `current` stay where the rules above leave a choice.
/// A pure function of both sets: the order of the arguments' elements does not matter.
std::vector<NodeId> choose_voters(const std::vector<TopologyNode>& candidates, const std::vector<NodeId>& current);

}  // namespace latium
