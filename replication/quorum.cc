#include "replication/quorum.h"

#include <algorithm>
#include <utility>

namespace latium {

ReplicaSet ReplicaSet::of(std::vector<NodeId> members) {
  return {std::move(members), {}};
}

ReplicaSet ReplicaSet::joint(const std::vector<NodeId>& before, const std::vector<NodeId>& after) {
  ReplicaSet set = of(before);
  auto& old_group = set.groups.emplace_back();
  for (std::size_t i = 0; i < before.size(); ++i) old_group.push_back(static_cast<std::uint8_t>(i));
  auto& group = set.groups.emplace_back();
  for (const NodeId node : after) {
    const std::size_t index = set.index_of(node);
    if (index == set.members.size()) set.members.push_back(node);
    group.push_back(static_cast<std::uint8_t>(index));
  }
  return set;
}

std::size_t ReplicaSet::index_of(NodeId node) const {
  return static_cast<std::size_t>(std::ranges::find(members, node) - members.begin());
}

template <class Is>
bool Quorum::majorities(Is is) const {
  if (!set_->is_joint()) return 2 * static_cast<std::size_t>(std::ranges::count_if(votes_, is)) > votes_.size();
  return std::ranges::all_of(set_->groups, [&](const auto& group) {
    const auto such = std::ranges::count_if(group, [&](auto member) { return is(votes_[member]); });
    return 2 * static_cast<std::size_t>(such) > group.size();
  });
}

bool Quorum::reached() const {
  return majorities([](Vote vote) { return vote == Vote::yes; });
}

bool Quorum::impossible() const {
  return !majorities([](Vote vote) { return vote != Vote::no; });
}

bool Quorum::complete() const {
  return std::ranges::none_of(votes_, [](Vote vote) { return vote == Vote::none; });
}

bool Quorum::unanimous() const {
  return std::ranges::all_of(votes_, [](Vote vote) { return vote == Vote::yes; });
}

bool Quorum::opposed() const {
  return std::ranges::any_of(votes_, [](Vote vote) { return vote == Vote::no; });
}

}  // namespace latium
