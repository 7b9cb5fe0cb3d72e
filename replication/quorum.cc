#include "replication/quorum.h"

#include <algorithm>
#include <utility>

namespace latium {

ReplicaSet ReplicaSet::of(std::vector<NodeId> members) {
  ReplicaSet set{std::move(members), {}};
  auto& group = set.groups.emplace_back();
  for (std::size_t i = 0; i < set.members.size(); ++i) group.push_back(static_cast<std::uint8_t>(i));
  return set;
}

ReplicaSet ReplicaSet::joint(const std::vector<NodeId>& before, const std::vector<NodeId>& after) {
  ReplicaSet set = of(before);
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

bool Quorum::reached() const {
  return std::ranges::all_of(set_->groups, [this](const auto& group) {
    const auto yes = std::ranges::count_if(group, [this](auto member) { return votes_[member] == Vote::yes; });
    return static_cast<std::size_t>(yes) * 2 > group.size();
  });
}

bool Quorum::impossible() const {
  return std::ranges::any_of(set_->groups, [this](const auto& group) {
    const auto open = std::ranges::count_if(group, [this](auto member) { return votes_[member] != Vote::no; });
    return static_cast<std::size_t>(open) * 2 <= group.size();
  });
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
