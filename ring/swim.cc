#include "ring/swim.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace latium {

namespace {

/// How long news waits for a node to become a delegate, when those who were have died.
constexpr Duration kKeepNews = std::chrono::seconds(5);

/// No gossip message is sent while less may be: its overhead would be most of it. Probes and acks take updates all the same.
constexpr std::size_t kWorthAMessage = 250;

/// A node hears an update about as often as each sends it on, k times, and misses it with probability e^-k: of `members` none
/// does but once in members * e^4 times.
unsigned transmits(unsigned factor, std::size_t members) {
  if (members < 2) return 0;
  return static_cast<unsigned>(std::ceil(factor * std::log(static_cast<double>(members)) + 4));
}

}  // namespace

Swim::Swim(NodeId self, SwimOptions options, Random random)
    : self_(self),
      options_(options),
      random_(random),
      incarnation_(options.incarnation),
      lan_budget_(options.news_bytes_a_second, options.news_burst),
      wan_budget_(options.news_bytes_a_second, options.news_burst),
      sync_budget_(options.sync_bytes_a_second, options.sync_burst),
      help_budget_(options.help_bytes_a_second, options.help_burst) {}

std::vector<SwimSend> Swim::tick(MonotonicTime now) {
  std::vector<SwimSend> sends;
  if (!my_site_) return sends;
  advance_budgets(now);
  if (forgive_pause(now)) worse_health(1);
  expire_probes(now, sends);
  expire_suspicions(now);
  expire_marks(now);
  if (now >= next_probe_) start_probe(now, sends);
  if (now >= next_retry_) retry_down(now, sends);
  if (now >= next_cross_) probe_sites(now, sends);
  if (now >= next_sync_) start_sync(now, sends);
  if (now >= next_gossip_ && has_news()) gossip(now, sends);
  queue_.prune(limits_, now, kKeepNews);
  return sends;
}

MonotonicTime Swim::next_tick() const {
  if (!my_site_) return kNever;
  MonotonicTime next = std::min({next_probe_, next_retry_, next_sync_, next_cross_});
  for (const auto& [sequence, probe] : probes_) next = std::min({next, probe.ask_at, probe.end});
  for (const auto& [node, suspicion] : suspicions_) next = std::min(next, suspicion.deadline());
  for (const auto& [site, mark] : marks_) next = std::min(next, mark.expires);
  if (has_news()) next = std::min(next, next_gossip_);
  return next;
}

/// A process that stood still could not hear: what expired meanwhile says nothing about others.
bool Swim::forgive_pause(MonotonicTime now) {
  // Only what is always ahead tells: news and confirmations make other things due in the past.
  const MonotonicTime due = std::min({next_probe_, next_retry_, next_sync_});
  if (now - due <= options_.pause_tolerance) return false;
  const Duration pause = now - due;
  for (auto& [node, suspicion] : suspicions_) suspicion.postpone(pause);
  for (auto& [site, mark] : marks_) mark.expires = saturating_add(mark.expires, pause);
  probes_.clear();
  relayed_ = 0;
  last_heard_ += pause;
  return true;
}

void Swim::set_limits() {
  am_delegate_ = find_am_delegate();
  const std::size_t here = my_site_ ? directory_->sites()[*my_site_].members.size() : 0;
  const unsigned wan = am_delegate_ ? transmits(options_.transmit_factor, delegates_in_all_) : 0;
  // By the size of all, as all sites have to succeed.
  limits_ = {here < 2 ? 0 : transmits(options_.transmit_factor, directory_->size()), wan};
  const std::size_t rate = options_.news_bytes_a_second / (am_delegate_ ? 2 : 1);
  lan_budget_.set_rate(rate);
  wan_budget_.set_rate(rate);
}

bool Swim::has_news() const {
  return queue_.has_news(SwimQueue::Scope::lan, limits_) || queue_.has_news(SwimQueue::Scope::wan, limits_);
}

/// Whoever is suspect or down is told so first, to refute at once (Lifeguard's buddy system); then the news.
Bytes Swim::with_news(NodeId to, SwimMessage message) {
  message.epoch = epoch_;
  const SwimTable::State held = table_.get(to);
  if (held.liveness != Liveness::up) message.updates.push_back({to, held.liveness, held.incarnation, self_});
  if (my_site_ && directory_->site_of(to)) {
    const auto scope = in_my_site(to) ? SwimQueue::Scope::lan : SwimQueue::Scope::wan;
    queue_.fill(message, scope, limits_, options_.max_updates, budget_for(scope));
  }
  return encode_swim(message);
}

SwimSend Swim::compose(NodeId to, SwimMessage message) {
  return {to, with_news(to, std::move(message))};
}

void Swim::advance_budgets(MonotonicTime now) {
  for (SwimBudget* budget : {&lan_budget_, &wan_budget_, &sync_budget_, &help_budget_}) budget->advance(now);
}

void Swim::gossip(MonotonicTime now, std::vector<SwimSend>& sends) {
  next_gossip_ = now + options_.gossip_interval;
  const bool here = gossip(SwimQueue::Scope::lan, sends);
  const bool across = gossip(SwimQueue::Scope::wan, sends);
  if (!here && !across) queue_.clear();  // nobody is left to tell; those who come back compare
}

/// Fewer nodes, told more each, when there is more to tell than may be sent. False when there is nobody to tell.
bool Swim::gossip(SwimQueue::Scope scope, std::vector<SwimSend>& sends) {
  if (!queue_.has_news(scope, limits_)) return false;
  const bool lan = scope == SwimQueue::Scope::lan;
  const auto to = lan ? pick_local(options_.gossip_fanout, self_, false) : pick_remote(options_.cross_fanout, self_);
  SwimBudget& budget = budget_for(scope);
  for (const NodeId node : to) {
    if (budget.left() < std::min(kWorthAMessage, options_.news_burst)) break;
    budget.spend(options_.message_overhead);
    sends.push_back(compose(node, {.kind = Kind::gossip}));
  }
  return !to.empty();
}

}  // namespace latium
