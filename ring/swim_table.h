// SwimTable: what a node holds of the others. Only what differs from "up, never heard of" is kept, so that a quiet cluster of any
// size costs nothing.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "ring/swim_directory.h"
#include "ring/swim_flat_map.h"
#include "ring/swim_messages.h"

namespace latium {

class SwimTable {
 public:
  struct State {
    Liveness liveness = Liveness::up;
    std::uint64_t incarnation = 0;
    bool alone = false;  ///< a verdict made while cut off: not told to anybody

    /// As others may know it: suspicions and lonely verdicts are not part of what is compared and handed over.
    Liveness shared() const { return liveness == Liveness::down && !alone ? Liveness::down : Liveness::up; }
  };

  State get(NodeId node) const;
  void set(NodeId node, State state);
  /// Forgets who is no member.
  void retain(const SwimDirectory& directory);
  /// In the order of their ids.
  const SwimFlatMap<NodeId, State>& known() const { return known_; }

  /// A digest of each site of which anything is known, by site; equal when, and almost only when, the same is known.
  std::vector<std::pair<SwimDirectory::SiteIndex, std::uint32_t>> digests(const SwimDirectory& directory) const;

 private:
  SwimFlatMap<NodeId, State> known_;
};

/// Whether `update` is newer than what is held (Das et al. 2002, section 4.2): a higher incarnation, or at the same one the worse
/// news.
bool supersedes(const SwimUpdate& update, const SwimTable::State& held);

}  // namespace latium
