#pragma once
#include <vector>
#include "ring/topology.h"
namespace latium {
inline constexpr std::size_t kMaxVoters = 7;
std::vector<NodeId> choose_voters(const Topology& topology);
}  // namespace latium
