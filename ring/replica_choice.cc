#include "ring/replica_choice.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/hash.h"
#include "ring/partition.h"

namespace latium {

namespace {

static_assert(kArcs >= kMaxPartitions && (kArcs & (kArcs - 1)) == 0);

// Ids that follow each other within a block of this size begin at arcs that are all different modulo it.
constexpr std::uint32_t kTenantBlock = 256;
// Odd, and near kTenantBlock times the golden ratio: the ids of any short run lie apart.
constexpr std::uint32_t kTenantStep = 159;

// 0, 1/2, 1/4, 3/4, 1/8 ... of the circle: for every power of two, the first so many partitions divide it evenly.
std::uint32_t halving(std::uint32_t partition) {
  std::uint32_t reversed = 0;
  for (std::uint32_t bit = kArcs / 2; bit != 0; bit /= 2, partition /= 2) {
    if (partition % 2 != 0) reversed += bit;
  }
  return reversed;
}

}  // namespace

std::uint32_t first_arc(TenantId tenant, PartitionId partition) {
  Bytes block;
  put_u32(block, tenant.value / kTenantBlock);
  const auto turn = static_cast<std::uint32_t>(xxh3_64(block));
  return (halving(partition.value) + tenant.value * kTenantStep + turn) % kArcs;
}

std::uint32_t site_turn(TenantId tenant, std::string_view site) {
  return static_cast<std::uint32_t>(xxh3_64(site, tenant.value)) * kTenantBlock % kArcs;
}

ReplicaChoice::ReplicaChoice(const Ring& ring, const Placement& placement, TenantId tenant)
    : tenant_(tenant), any_of_(placement.kind == Placement::Kind::any_of) {
  std::size_t nodes = 0;
  const auto add = [&](std::string_view name, const SiteRing* site, std::size_t wanted) {
    if (site == nullptr) return;
    const std::size_t given = std::min(wanted, site->members().size());
    sites_.push_back({.ring = site, .wanted = given, .turn = site_turn(tenant, name)});
    nodes += site->members().size();
    replicas_ += given;
  };
  if (placement.kind == Placement::Kind::everywhere) {
    for (const Ring::Site& site : ring.site_rings()) add(site.name, site.ring.get(), placement.replicas);
  } else {
    for (const Placement::Site& site : placement.sites) add(site.name, ring.site_ring(site.name), site.replicas);
  }
  if (any_of_) replicas_ = std::min<std::size_t>(placement.replicas, nodes);
}

// Of a placement over a hundred sites this is most of the work: numbers are sorted, not sites.
void ReplicaChoice::order_sites(std::uint32_t first) {
  order_.clear();
  for (const Site& site : sites_) {
    order_.push_back(std::int64_t{site.ring->cost(site.arc(first))} * (kPosition + 1) + static_cast<std::int64_t>(order_.size()));
  }
  std::ranges::sort(order_);
  if (any_of_) share_out();
}

// A first replica to each site in turn, then a second to those that have the nodes, and so on.
void ReplicaChoice::share_out() {
  for (Site& site : sites_) site.wanted = 0;
  for (std::size_t left = replicas_; left > 0;) {
    for (const std::int64_t order : order_) {
      Site& site = site_at(order);
      if (left == 0 || site.wanted == site.ring->members().size()) continue;
      ++site.wanted;
      --left;
    }
  }
}

void ReplicaChoice::append_replicas(PartitionId partition, std::vector<NodeId>& out) {
  const std::uint32_t first = first_arc(tenant_, partition);
  order_sites(first);
  for (const std::int64_t order : order_) {
    const Site& site = site_at(order);
    if (site.wanted > 0) site.ring->append_owners(site.arc(first), site.wanted, out);
  }
}

void ReplicaChoice::append_stand_ins(PartitionId partition, std::vector<NodeId>& out) {
  const std::uint32_t first = first_arc(tenant_, partition);
  order_sites(first);
  std::vector<NodeId> owners;
  for (const std::int64_t order : order_) {
    const Site& site = site_at(order);
    owners.clear();
    site.ring->append_owners(site.arc(first), site.wanted + kMaxStandInsPerSite, owners);
    out.insert(out.end(), owners.begin() + static_cast<std::ptrdiff_t>(site.wanted), owners.end());
  }
}

std::vector<const SiteRing*> ReplicaChoice::rings() const {
  std::vector<const SiteRing*> out;
  out.reserve(sites_.size());
  for (const Site& site : sites_) out.push_back(site.ring);
  std::ranges::sort(out);
  return out;
}

}  // namespace latium
