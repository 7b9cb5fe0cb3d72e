// What becomes of news about nodes.
#include <algorithm>
#include <cmath>
#include <utility>

#include "ring/swim.h"

namespace latium {

void Swim::absorb(NodeId from, const SwimMessage& message, Source source, MonotonicTime now) {
  const auto site = directory_->site_of(from);
  if (!site || !my_site_ || from == self_) return;
  if (message.epoch > epoch_ && (!newer_epoch_ || message.epoch > newer_epoch_->epoch)) newer_epoch_ = {message.epoch, from};
  heard(now);
  // There may be more than fits into one answer: a node that starts does not wait for the rest.
  const auto is_new = [&](const SwimUpdate& update) {
    return update.node != self_ && supersedes(update, table_.get(update.node));
  };
  if (source == Source::sync && std::ranges::any_of(message.updates, is_new)) {
    next_sync_ = std::min(next_sync_, now + options_.sync_again);
  }
  for (const SwimUpdate& update : message.updates) apply(update, from, source, now);
  if (site != my_site_) return;
  for (const SwimSiteUpdate& update : message.sites) apply(update, now);
}

void Swim::apply(SwimUpdate update, NodeId via, Source source, MonotonicTime now) {
  if (update.node == self_) return about_me(update, now);
  const auto site = directory_->site_of(update.node);
  if (!site) return;
  const bool from_outside = via != self_ && !in_my_site(via);
  // News from an equal of the same site that was compared, not told, is there already; what came across sites is not.
  const bool tell = source != Source::sync || from_outside;
  const bool mine = site == my_site_;
  // Only this site finds that its own nodes are down, and only in time for them to refute: old verdicts of one that was cut off,
  // and those that come back from other sites, are suspicions.
  if (mine && update.liveness == Liveness::down && (source == Source::sync || from_outside)) {
    update.liveness = Liveness::suspect;
    update.from = via;
  }
  if (update.liveness == Liveness::suspect) {
    if (mine) suspect(update, tell, now);
    return;
  }
  if (!supersedes(update, table_.get(update.node))) return;
  suspicions_.erase(update.node);
  set_state(update.node, {update.liveness, update.incarnation, false}, now);
  if (tell) queue_.push(update, now);
}

void Swim::suspect(const SwimUpdate& update, bool tell, MonotonicTime now) {
  const SwimTable::State held = table_.get(update.node);
  const auto found = suspicions_.find(update.node);
  if (found != suspicions_.end() && held.incarnation == update.incarnation && found->second.founded()) {
    if (found->second.confirm(update.from) && tell) queue_.push(update, now);
    return;
  }
  const bool doubted = found != suspicions_.end() && held.incarnation == update.incarnation;
  if (!doubted && !supersedes(update, held)) return;
  suspicions_.insert_or_assign(update.node, SwimSuspicion(update.from, now, suspicion_times()));
  set_state(update.node, {Liveness::suspect, update.incarnation, false}, now);
  if (tell) queue_.push(update, now);
}

void Swim::about_me(const SwimUpdate& update, MonotonicTime now) {
  const std::uint64_t known = std::max(update.incarnation, table_.get(self_).incarnation);
  table_.set(self_, {Liveness::up, known, false});
  if (update.liveness == Liveness::up) {
    incarnation_ = std::max(incarnation_, update.incarnation);
    return;
  }
  if (update.incarnation >= incarnation_) incarnation_ = std::min(update.incarnation + 1, kMaxSwimIncarnation - 1);
  const SwimUpdate refutation{self_, Liveness::up, incarnation_, {}};
  if (queue_.holds(refutation)) return;
  ++statistics_.refutations;
  // To be suspected may mean to be slow (Lifeguard, section IV.A).
  worse_health(1);
  table_.set(self_, {Liveness::up, incarnation_, false});
  queue_.push(refutation, now);
}

void Swim::set_state(NodeId node, SwimTable::State state, MonotonicTime now) {
  const Liveness before = liveness(node);
  table_.set(node, state);
  const Liveness after = liveness(node);
  if (after == before) return;
  changes_.push_back({node, after});
  if (!in_my_site(node)) return;
  // The delegates may be others now.
  set_limits();
  next_cross_ = std::min(next_cross_, now);
}

SwimSuspicion::Times Swim::suspicion_times() const {
  const std::size_t here = order_.size() + 1;
  const double scale = std::max(1.0, std::log10(static_cast<double>(here)) / 2);
  const auto scaled = [&](Duration time) { return std::chrono::duration_cast<Duration>(time * scale); };
  // Neither the suspect nor who suspected first can confirm.
  const auto others = static_cast<unsigned>(here < 2 ? 0 : here - 2);
  return {scaled(options_.suspicion_min), scaled(options_.suspicion_max), std::min(options_.suspicion_confirmations, others)};
}

void Swim::expire_suspicions(MonotonicTime now) {
  std::vector<NodeId> expired;
  for (const auto& [node, suspicion] : suspicions_) {
    if (now >= suspicion.deadline()) expired.push_back(node);
  }
  for (const NodeId node : expired) {
    const bool founded = suspicions_.at(node).founded();
    suspicions_.erase(node);
    const std::uint64_t incarnation = table_.get(node).incarnation;
    if (!founded) {
      set_state(node, {Liveness::up, incarnation, false}, now);
      continue;
    }
    const bool alone = isolated(now);
    ++statistics_.verdicts;
    set_state(node, {Liveness::down, incarnation, alone}, now);
    any_alone_ = any_alone_ || alone;
    if (!alone) queue_.push(SwimUpdate{node, Liveness::down, incarnation, {}}, now);
  }
}

/// Back among others: what was found out while cut off is in doubt again, and nobody else hears of it. Only a probe that fails
/// from now on, or somebody else, makes it a suspicion: there is no time to ask all of them before their doubts end.
void Swim::heard(MonotonicTime now) {
  last_heard_ = now;
  if (!std::exchange(any_alone_, false)) return;
  std::vector<NodeId> doubted;
  for (const auto& [node, state] : table_.known()) {
    if (state.alone) doubted.push_back(node);
  }
  for (const NodeId node : doubted) {
    suspicions_.insert_or_assign(node, SwimSuspicion(NodeId{}, now, suspicion_times()));
    set_state(node, {Liveness::suspect, table_.get(node).incarnation, false}, now);
  }
  for (const auto& [site, mark] : marks_) {
    if (!mark.alone) continue;
    set_mark(site, Liveness::up, mark.version, false, now);  // replaces the value of this very entry
    if (!cross_.empty()) cross_[site].failures = 0;
  }
}

}  // namespace latium
