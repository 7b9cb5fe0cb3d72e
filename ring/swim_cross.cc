// Other sites: each is probed by one of our delegates, which tells its own site when nothing there answers. So a site that is cut
// off is one piece of news, not one a node, and back as it was with the first answer.
#include <algorithm>
#include <utility>

#include "ring/swim.h"

namespace latium {

bool Swim::responsible_for(SiteIndex site) const {
  if (!my_site_ || site == *my_site_) return false;
  const auto delegates = delegates_of(*my_site_);
  if (delegates.empty()) return false;
  return delegates[site % delegates.size()] == self_;  // in turn: equal shares
}

void Swim::probe_sites(MonotonicTime now, std::vector<SwimSend>& sends) {
  next_cross_ = now + options_.cross_interval;
  if (!am_delegate_) {
    cross_.clear();
    return;
  }
  const auto& sites = directory_->sites();
  const auto delegates = delegates_of(*my_site_);
  if (cross_.empty()) {
    cross_.resize(sites.size());
    for (Cross& cross : cross_) {
      cross.next = now + Duration(random_.between(0, options_.cross_interval.count()));
      // Not in step with those of other sites: they would ask one delegate all at once, and then the next.
      cross.turn = static_cast<std::uint32_t>(random_.next());
    }
  }
  for (SiteIndex site = 0; site < sites.size(); ++site) {
    Cross& cross = cross_[site];
    if (site == *my_site_ || delegates[site % delegates.size()] != self_) {
      cross.failures = 0;
      continue;
    }
    if (now >= cross.next && probes_.find(cross.probe) == nullptr) probe_site(site, now, sends);
    if (cross.next > now) next_cross_ = std::min(next_cross_, cross.next);
  }
}

/// The delegates; after a failure the others, as all the delegates may have died at once; of a site that is down, or where all
/// are down, everybody.
std::vector<NodeId> Swim::cross_candidates(SiteIndex site, unsigned failures) const {
  auto delegates = delegates_of(site);
  const auto& members = directory_->sites()[site].members;
  if (delegates.empty() || failures >= options_.site_failures) return members;
  if (failures == 0) return delegates;
  std::vector<NodeId> others;
  for (const NodeId node : members) {
    const bool down = table_.get(node).liveness == Liveness::down;
    if (!down && std::ranges::find(delegates, node) == delegates.end()) others.push_back(node);
  }
  return others.empty() ? delegates : others;
}

void Swim::probe_site(SiteIndex site, MonotonicTime now, std::vector<SwimSend>& sends) {
  Cross& cross = cross_[site];
  const auto candidates = cross_candidates(site, cross.failures);
  // From somewhere among those who are asked after a failure, then in turn: a site is not down because one node is, asked again.
  if (cross.failures == 1) cross.turn = static_cast<std::uint32_t>(random_.below(candidates.size()));
  const bool answers = reachable(site);
  const bool doubted = answers && cross.failures > 0;
  cross.next = now + (answers ? options_.cross_interval : options_.down_probe_interval);
  cross.asked = now;
  cross.counted = false;
  for (std::size_t i = 0; i < std::min<std::size_t>(doubted ? options_.site_witnesses : 1, candidates.size()); ++i) {
    ++statistics_.cross_probes;
    // Many witnesses make up for lost messages; one is asked about through others, too.
    cross.probe = begin({.purpose = Probe::Purpose::cross,
                         .target = candidates[cross.turn++ % candidates.size()],
                         .ask_at = answers && !doubted ? now + options_.cross_timeout : kNever,
                         .end = now + 2 * options_.cross_timeout},
                        sends);
  }
}

void Swim::site_failed(SiteIndex site, MonotonicTime now) {
  if (cross_.empty() || !responsible_for(site)) return;
  Cross& cross = cross_[site];
  const bool answered = cross.reached && *cross.reached >= cross.asked;
  if (answered || std::exchange(cross.counted, true)) return;
  ++cross.failures;
  const Mark mark = marks_[site];
  const bool down = mark.liveness == Liveness::down;
  if (!down && cross.failures < options_.site_failures) {
    cross.next = now;
    next_cross_ = now;
  } else if (!down || mark.expires - now < options_.site_lease * 2 / 3) {
    // A lonely verdict stays lonely: refreshing it is no reason to tell.
    set_mark(site, Liveness::down, mark.version + 1, !isolated(now), now);
  }
}

void Swim::site_reached(SiteIndex site, MonotonicTime now) {
  if (!cross_.empty()) {
    cross_[site].failures = 0;
    cross_[site].reached = now;
  }
  const Mark* mark = marks_.find(site);
  if (mark == nullptr || mark->liveness == Liveness::up) return;
  set_mark(site, Liveness::up, mark->version + 1, true, now);
}

void Swim::set_mark(SiteIndex site, Liveness liveness, std::uint64_t version, bool tell, MonotonicTime now) {
  const auto& [name, hash, members] = directory_->sites()[site];
  std::vector<Liveness> before;
  before.reserve(members.size());
  for (const NodeId node : members) before.push_back(this->liveness(node));
  const bool down = liveness == Liveness::down;
  marks_[site] = {liveness, version, down ? now + options_.site_lease : kNever, down && !tell};
  any_alone_ = any_alone_ || (down && !tell);
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Liveness after = this->liveness(members[i]);
    if (after != before[i]) changes_.push_back({members[i], after});
  }
  if (tell) queue_.push(SwimSiteUpdate{name, liveness, version}, now);
}

void Swim::apply(const SwimSiteUpdate& update, MonotonicTime now) {
  const auto site = directory_->find_site(update.site);
  if (!site || site == my_site_) return;
  const Mark* found = marks_.find(*site);
  const Mark held = found == nullptr ? Mark{} : *found;
  if (update.version <= held.version) {
    // Its sender missed something, a restarted delegate for one: it learns the version to go above.
    const SwimSiteUpdate ours{update.site, held.liveness, held.version};
    if (update.version < held.version && !held.alone && !queue_.holds(ours)) queue_.push(ours, now);
    return;
  }
  const bool down = update.liveness == Liveness::down;
  if (!cross_.empty() && responsible_for(*site)) {
    // Whose task it is to know does not take the word of others against what it saw itself.
    const Cross& cross = cross_[*site];
    const bool just_reached = cross.reached && now - *cross.reached <= 2 * options_.cross_interval;
    if (down && just_reached) return set_mark(*site, Liveness::up, update.version + 1, true, now);
    if (!down && cross.failures >= options_.site_failures) return set_mark(*site, Liveness::down, update.version + 1, true, now);
  }
  set_mark(*site, update.liveness, update.version, true, now);
}

void Swim::expire_marks(MonotonicTime now) {
  for (const auto& [site, mark] : marks_) {
    // Replaces the value of this very entry.
    if (now >= mark.expires) set_mark(site, Liveness::up, mark.version, false, now);
  }
}

}  // namespace latium
