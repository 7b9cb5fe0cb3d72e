// How a node comes into the cluster. Any member drives it; the change goes through the topology's register in two steps:
//
//   epoch e     without the newcomer
//   epoch e+1   the newcomer is `joining` and owns nothing; the cluster's own registers need a majority of the old voters and of
//               the new ones
//   epoch e+2   the newcomer is `up`; the new voters alone
//
// Between the two, the registers are copied from a majority of the old voters, each of which goes by e+1 already, to a majority
// of the new ones. Whatever was written under e is then either copied, or can no longer be written: old voters at e+1 refuse it.
#pragma once

#include "node/cluster.h"

namespace latium {

/// Takes `newcomer` in, or gives a member its new address; returns the topology with it. May be repeated. Errors: `conflict` (its
/// coming would move data of a tenant, which this version does not do: named), `invalid_argument` (its address belongs to
/// another member), `unavailable`, `unknown_outcome` (repeat it).
Task<Topology> take_in(Cluster& cluster, TopologyNode newcomer, MonotonicTime deadline);

}  // namespace latium
