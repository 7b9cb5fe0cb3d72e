// Probes inside the site: ping, then ask others to ping, then suspect.
#include <algorithm>
#include <utility>

#include "ring/swim.h"

namespace latium {

/// Round robin over a shuffled list: bounds the time until a failure is found (Das et al. 2002, section 4.3).
std::optional<NodeId> Swim::next_target() {
  for (std::size_t tried = 0; tried < order_.size(); ++tried) {
    if (position_ >= order_.size()) {
      for (std::size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[random_.below(i)]);
      position_ = 0;
    }
    const NodeId node = order_[position_++];
    if (table_.get(node).liveness != Liveness::down) return node;
  }
  return std::nullopt;
}

void Swim::start_probe(MonotonicTime now, std::vector<SwimSend>& sends) {
  const int slowness = static_cast<int>(local_health_) + 1;
  next_probe_ = now + slowness * options_.probe_interval;
  const auto target = next_target();
  if (!target) return;
  ++statistics_.probes;
  begin({.target = *target, .ask_at = now + slowness * options_.probe_timeout, .end = next_probe_}, sends);
}

/// Nobody probes the dead in turn; this is how those who are not dead at all hear that they are down.
void Swim::retry_down(MonotonicTime now, std::vector<SwimSend>& sends) {
  next_retry_ = now + options_.down_probe_interval;
  std::vector<NodeId> down;
  for (const auto& [node, state] : table_.known()) {
    if (state.liveness == Liveness::down && in_my_site(node)) down.push_back(node);
  }
  if (down.empty()) return;
  begin({.purpose = Probe::Purpose::retry, .target = down[random_.below(down.size())], .end = now + options_.probe_interval},
        sends);
}

std::uint64_t Swim::begin(Probe probe, std::vector<SwimSend>& sends) {
  const std::uint64_t sequence = ++last_sequence_;
  sends.push_back(compose(probe.target, {.kind = Kind::ping, .sequence = sequence}));
  probes_[sequence] = probe;
  return sequence;
}

void Swim::ask_others(std::uint64_t sequence, Probe& probe, std::vector<SwimSend>& sends) {
  probe.ask_at = kNever;
  if (probe.purpose == Probe::Purpose::cross && help_budget_.left() == 0) return;
  auto helpers = pick_local(options_.indirect_probes, probe.target, true);
  // A small site has not enough of them: those of other sites can tell a dead node from a cut link, too.
  if (helpers.size() < options_.indirect_probes) {
    const auto remote = pick_remote(options_.indirect_probes - helpers.size(), probe.target);
    helpers.insert(helpers.end(), remote.begin(), remote.end());
  }
  probe.asked = static_cast<unsigned>(helpers.size());
  for (const NodeId helper : helpers) {
    sends.push_back(compose(helper, {.kind = Kind::ping_req, .sequence = sequence, .target = probe.target}));
    if (probe.purpose == Probe::Purpose::cross) help_budget_.spend(options_.message_overhead + sends.back().message.size());
  }
}

void Swim::expire_probes(MonotonicTime now, std::vector<SwimSend>& sends) {
  std::vector<Probe> ended;
  for (auto& [sequence, probe] : probes_) {
    if (now >= probe.end) {
      ended.push_back(probe);
    } else if (now >= probe.ask_at) {
      ask_others(sequence, probe, sends);
    }
  }
  if (ended.empty()) return;
  probes_.erase_if([&](const auto& entry) { return now >= entry.second.end; });
  for (const Probe& probe : ended) failed(probe, now, sends);
}

void Swim::worse_health(unsigned by) {
  local_health_ = std::min(local_health_ + by, options_.max_local_health);
}

void Swim::failed(const Probe& probe, MonotonicTime now, std::vector<SwimSend>& sends) {
  switch (probe.purpose) {
    case Probe::Purpose::lan:
      ++statistics_.probes_failed;
      // Helpers who say that they did not reach it either show that this node is heard; silent ones, that it may not be.
      worse_health(probe.asked == 0 ? 1 : probe.asked - std::min(probe.nacks, probe.asked));
      apply({probe.target, Liveness::suspect, table_.get(probe.target).incarnation, self_}, self_, Source::own, now);
      return;
    case Probe::Purpose::cross:
      if (const auto site = directory_->site_of(probe.target)) site_failed(*site, now);
      return;
    case Probe::Purpose::relayed:
      --relayed_;
      sends.push_back(compose(
          probe.origin, {.kind = Kind::relay, .sequence = probe.origin_sequence, .target = probe.target, .reached = false}));
      return;
    case Probe::Purpose::retry:
      return;
  }
}

void Swim::answered(std::uint64_t sequence, NodeId target, MonotonicTime now, std::vector<SwimSend>& sends) {
  const Probe* found = probes_.find(sequence);
  if (found == nullptr || found->target != target) return;
  const Probe probe = *found;
  probes_.erase(sequence);
  if (probe.purpose == Probe::Purpose::lan && local_health_ > 0) --local_health_;
  if (probe.purpose == Probe::Purpose::relayed) {
    --relayed_;
    sends.push_back(
        compose(probe.origin, {.kind = Kind::relay, .sequence = probe.origin_sequence, .target = target, .reached = true}));
  }
  const auto site = directory_->site_of(target);
  if (site && site != my_site_) site_reached(*site, now);
}

void Swim::relay(NodeId from, const SwimMessage& message, MonotonicTime now, std::vector<SwimSend>& sends) {
  if (message.reached) return answered(message.sequence, message.target, now, sends);
  Probe* found = probes_.find(message.sequence);
  if (found != nullptr && found->target == message.target && from != message.target) ++found->nacks;
}

void Swim::probe_for(NodeId origin, const SwimMessage& message, MonotonicTime now, std::vector<SwimSend>& sends) {
  if (relayed_ >= options_.max_relayed || origin == self_ || message.target == self_) return;
  if (!directory_->site_of(origin) || !directory_->site_of(message.target)) return;
  ++relayed_;
  const Duration timeout = in_my_site(message.target) ? options_.probe_timeout : options_.cross_timeout;
  begin({.purpose = Probe::Purpose::relayed,
         .target = message.target,
         .end = now + timeout,
         .origin = origin,
         .origin_sequence = message.sequence},
        sends);
}

}  // namespace latium
