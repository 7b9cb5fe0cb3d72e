#include "ring/arc_owners.h"

#include <limits>

#include "ring/site_ring.h"

namespace latium {

ArcOwners assign_arcs(std::span<const RingMember> members, std::uint32_t arcs) {
  ArcOwners out{.owners = std::vector<std::uint16_t>(arcs),
                .costs = std::vector<LogCost>(arcs, std::numeric_limits<LogCost>::max())};
  for (std::size_t m = 0; m < members.size(); ++m) {
    const NodeDraw draw(members[m].id, members[m].weight_milli);
    for (std::uint32_t arc = 0; arc < arcs; ++arc) {
      const LogCost cost = draw.cost(arc);
      if (cost >= out.costs[arc]) continue;
      out.costs[arc] = cost;
      out.owners[arc] = static_cast<std::uint16_t>(m);
    }
  }
  return out;
}

}  // namespace latium
