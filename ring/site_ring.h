// SiteRing: the ring of one site: equal arcs, each owned by a node, in proportion to the nodes' weights.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "ring/arc_cost.h"

namespace latium {

/// Arcs of every ring. A power of two, at least kMaxPartitions: the partitions of one tenant start at different arcs.
inline constexpr std::uint32_t kArcs = 16'384;

struct RingMember {
  NodeId id;
  std::string rack;
  std::uint32_t weight_milli = 1000;

  friend bool operator==(const RingMember&, const RingMember&) = default;
};

/// Immutable: any thread. A pure function of its members: each node computes the same, whatever came before.
class SiteRing {
 public:
  /// Position in members().
  using Index = std::uint16_t;

  /// Precondition: 1 to 65,535 members with different ids, in any order.
  static std::shared_ptr<const SiteRing> build(std::vector<RingMember> members);

  /// Sorted by id.
  const std::vector<RingMember>& members() const { return members_; }
  std::uint64_t weight_milli() const { return weight_milli_; }

  /// Precondition, here and below: arc < kArcs.
  NodeId owner(std::uint32_t arc) const { return members_[owners_[arc]].id; }
  /// How early the owner came to the arc, its weight counted in: of the rings of several sites, each is first in proportion to
  /// its weight, and a node that joins one of them moves an arc between sites only to itself.
  LogCost cost(std::uint32_t arc) const { return costs_[arc]; }

  /// Appends the first `count` different owners clockwise from the arc, all members if there are fewer. While racks are left
  /// that have none, a rack gets no second one, and so on for the third: as even over the racks as their sizes allow. The
  /// lists of one arc are prefixes of each other.
  void append_owners(std::uint32_t arc, std::size_t count, std::vector<NodeId>& out) const;

  /// Arcs that each member owns.
  std::vector<std::uint32_t> arcs_owned() const;

 private:
  explicit SiteRing(std::vector<RingMember> members);
  void find_racks();
  std::size_t room_in_racks(std::uint32_t most_in_one) const;

  std::vector<RingMember> members_;
  std::uint64_t weight_milli_ = 0;
  std::vector<Index> owners_;   // by arc
  std::vector<LogCost> costs_;  // by arc
  std::vector<Index> racks_;    // by member: the number of its rack
  std::vector<Index> rack_sizes_;
};

}  // namespace latium
