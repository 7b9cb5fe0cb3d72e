// Who there is, and whom to pick.
#include <algorithm>
#include <utility>

#include "ring/swim.h"

namespace latium {

void Swim::set_members(const std::vector<SwimMember>& members, MonotonicTime now) {
  set_members(std::make_shared<const SwimDirectory>(members), now);
}

void Swim::set_members(std::shared_ptr<const SwimDirectory> directory, MonotonicTime now) {
  const bool idle = !my_site_;
  my_site_ = directory->site_of(self_);
  SwimFlatMap<SiteIndex, Mark> marks;
  for (const auto& [site, mark] : marks_) {
    const auto stays = directory->find_site(directory_->sites()[site].name);
    if (stays && stays != my_site_) marks[*stays] = mark;
  }
  marks_ = std::move(marks);
  directory_ = std::move(directory);
  table_.retain(*directory_);
  std::erase_if(suspicions_, [&](const auto& entry) { return !in_my_site(entry.first); });
  probes_.erase_if([&](const auto& entry) { return !directory_->site_of(entry.second.target); });
  relayed_ = static_cast<std::size_t>(
      std::ranges::count_if(probes_, [](const auto& entry) { return entry.second.purpose == Probe::Purpose::relayed; }));
  delegates_in_all_ = 0;
  for (const auto& site : directory_->sites()) {
    delegates_in_all_ += std::min<std::size_t>(site.members.size(), options_.delegates_per_site);
  }
  set_limits();
  order_.clear();
  cross_.clear();
  position_ = 0;
  if (!my_site_) return;
  for (const NodeId node : directory_->sites()[*my_site_].members) {
    if (node != self_) order_.push_back(node);
  }
  position_ = order_.size();  // the first round shuffles
  next_cross_ = now;
  if (!idle) return;
  // Nodes that start together do not stay in step.
  const auto within = [&](Duration interval) { return now + Duration(random_.between(0, interval.count())); };
  last_heard_ = now;
  next_probe_ = within(options_.probe_interval);
  next_retry_ = within(options_.down_probe_interval);
  next_sync_ = within(options_.probe_interval);
  next_cross_ = within(options_.cross_interval);
}

std::vector<NodeId> Swim::delegates_of(SiteIndex site) const {
  std::vector<NodeId> delegates;
  for (const NodeId node : directory_->sites()[site].members) {
    if (delegates.size() >= options_.delegates_per_site) break;
    if (table_.get(node).liveness != Liveness::down) delegates.push_back(node);
  }
  return delegates;
}

std::vector<NodeId> Swim::delegates(std::string_view site) const {
  const auto index = directory_->find_site(site);
  return index ? delegates_of(*index) : std::vector<NodeId>();
}

bool Swim::find_am_delegate() const {
  if (!my_site_ || directory_->sites().size() < 2) return false;
  unsigned before = 0;
  for (const NodeId node : directory_->sites()[*my_site_].members) {
    if (node == self_) return true;
    if (table_.get(node).liveness != Liveness::down && ++before >= options_.delegates_per_site) return false;
  }
  return false;
}

std::vector<NodeId> Swim::pick_local(std::size_t count, NodeId except, bool only_up) {
  std::vector<NodeId> picked;
  // Few tries instead of a list of all: most are up, and a round that misses one is not the last.
  for (std::size_t tries = 0; tries < 3 * count + 8 && picked.size() < count && !order_.empty(); ++tries) {
    const NodeId node = order_[random_.below(order_.size())];
    const Liveness liveness = table_.get(node).liveness;
    if (node == except || liveness == Liveness::down || (only_up && liveness != Liveness::up)) continue;
    if (std::ranges::find(picked, node) == picked.end()) picked.push_back(node);
  }
  return picked;
}

std::vector<NodeId> Swim::pick_remote(std::size_t count, NodeId except) {
  std::vector<NodeId> picked;
  const auto& sites = directory_->sites();
  for (std::size_t tries = 0; tries < 3 * count + 8 && picked.size() < count && sites.size() > 1; ++tries) {
    const auto site = static_cast<SiteIndex>(random_.below(sites.size()));
    if (site == my_site_ || !reachable(site)) continue;
    const auto delegates = delegates_of(site);
    if (delegates.empty()) continue;
    const NodeId node = delegates[random_.below(delegates.size())];
    if (node != except && std::ranges::find(picked, node) == picked.end()) picked.push_back(node);
  }
  return picked;
}

bool Swim::site_reachable(std::string_view site) const {
  const auto index = directory_->find_site(site);
  return !index || reachable(*index);
}

bool Swim::reachable(SiteIndex site) const {
  const Mark* mark = marks_.find(site);
  return mark == nullptr || mark->liveness == Liveness::up;
}

Liveness Swim::effective(NodeId node, const SwimTable::State& state) const {
  const auto site = directory_->site_of(node);
  if (!site) return Liveness::down;
  if (node == self_) return Liveness::up;
  return reachable(*site) ? state.liveness : Liveness::down;
}

Liveness Swim::liveness(NodeId node) const {
  return effective(node, table_.get(node));
}

}  // namespace latium
