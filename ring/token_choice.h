// Which token a node gets that joins a cluster with tenants. Its draws for the arcs follow from that, so of several the one is
// taken with which it takes over what is nearest to its share: what a node finds at its arcs is a sample of the tenants'
// partitions, and single newcomers would have up to 1.27 times their share of it. Nothing but the token is kept, and every node
// computes the same lists from it as ever. Source: Apache Cassandra's token allocation for a keyspace (CASSANDRA-7032), which
// chooses tokens by the load that they would have, too.
#pragma once

#include <cstdint>
#include <span>

#include "base/ids.h"
#include "ring/ring.h"
#include "ring/tenant.h"

namespace latium {

/// Tokens that are tried: from 0 on, until what moves is within a twentieth of the newcomer's share.
inline constexpr std::uint32_t kTokenChoices = 16;

/// `after`: with the newcomer, which owns data in it. 0 where no tenant may lie in its site; of equal ones the lowest.
/// Computes the lists of all tenants of its site up to kTokenChoices times: seconds for the largest clusters.
std::uint32_t choose_token(const Ring& before, Topology after, NodeId newcomer, std::span<const Tenant> tenants);

}  // namespace latium
