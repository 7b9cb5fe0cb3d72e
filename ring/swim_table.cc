#include "ring/swim_table.h"

#include "base/hash.h"

namespace latium {

SwimTable::State SwimTable::get(NodeId node) const {
  const State* held = known_.find(node);
  return held == nullptr ? State{} : *held;
}

void SwimTable::set(NodeId node, State state) {
  if (state.liveness == Liveness::up && state.incarnation == 0) {
    known_.erase(node);
  } else {
    known_[node] = state;
  }
}

void SwimTable::retain(const SwimDirectory& directory) {
  known_.erase_if([&](const auto& entry) { return !directory.site_of(entry.first); });
}

std::vector<std::pair<SwimDirectory::SiteIndex, std::uint32_t>> SwimTable::digests(const SwimDirectory& directory) const {
  SwimFlatMap<SwimDirectory::SiteIndex, std::uint32_t> digests;
  Bytes bytes;
  for (const auto& [node, state] : known_) {
    const auto site = directory.site_of(node);
    const bool nothing = state.shared() == Liveness::up && state.incarnation == 0;
    if (!site || nothing) continue;
    bytes.clear();
    put_u64(bytes, node.value);
    put_u64(bytes, state.incarnation);
    bytes.push_back(static_cast<char>(state.shared()));
    digests[*site] ^= static_cast<std::uint32_t>(xxh3_64(bytes));
  }
  return {digests.begin(), digests.end()};
}

bool supersedes(const SwimUpdate& update, const SwimTable::State& held) {
  if (update.incarnation != held.incarnation) return update.incarnation > held.incarnation;
  return update.liveness > held.liveness;
}

}  // namespace latium
