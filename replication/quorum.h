// Quorum: counts who said yes and who cannot any more, until a majority is there or out of reach.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/ids.h"

namespace latium {

/// The replicas of a register, and the groups of them of which each has to give a strict majority: one group, or two while the
/// replicas are being changed (the old ones and the new ones).
struct ReplicaSet {
  std::vector<NodeId> members;                    ///< distinct; the first is where contention is settled
  std::vector<std::vector<std::uint8_t>> groups;  ///< indexes into members; none: all of them are the one group

  /// All of `members` as the one group.
  static ReplicaSet of(std::vector<NodeId> members);
  /// A majority of both.
  static ReplicaSet joint(const std::vector<NodeId>& before, const std::vector<NodeId>& after);

  bool is_joint() const { return !groups.empty(); }
  std::size_t size() const { return members.size(); }
  /// The index of `node`, or size().
  std::size_t index_of(NodeId node) const;
  friend bool operator==(const ReplicaSet&, const ReplicaSet&) = default;
};

/// The state of one phase of one round. `set` outlives it.
class Quorum {
 public:
  explicit Quorum(const ReplicaSet& set) : set_(&set), votes_(set.size(), Vote::none) {}

  void yes(std::size_t member) { votes_[member] = Vote::yes; }
  void no(std::size_t member) { votes_[member] = Vote::no; }
  bool voted(std::size_t member) const { return votes_[member] != Vote::none; }
  bool said_yes(std::size_t member) const { return votes_[member] == Vote::yes; }

  /// A majority of every group said yes.
  bool reached() const;
  /// Some group can reach no majority of yes any more.
  bool impossible() const;
  /// Everybody voted.
  bool complete() const;
  /// Everybody said yes.
  bool unanimous() const;
  /// Somebody said no.
  bool opposed() const;

 private:
  enum class Vote : std::uint8_t { none, yes, no };
  /// Whether in every group more than half of the members' votes are such.
  template <class Is>
  bool majorities(Is is) const;

  const ReplicaSet* set_;
  std::vector<Vote> votes_;
};

}  // namespace latium
