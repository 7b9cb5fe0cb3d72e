#include "ring/swim_queue.h"

#include <algorithm>
#include <utility>

namespace latium {

void SwimQueue::push(SwimUpdate update, MonotonicTime now) {
  std::erase_if(pending_, [&](const Pending& pending) { return pending.update.node == update.node; });
  pending_.push_back({update, {}, now});
}

void SwimQueue::push(SwimSiteUpdate update, MonotonicTime now) {
  std::erase_if(pending_, [&](const Pending& pending) { return !pending.update.node && pending.site.site == update.site; });
  pending_.push_back({{}, std::move(update), now});
}

void SwimQueue::fill(SwimMessage& message, Scope scope, Limits limits, std::size_t max, SwimBudget& budget) {
  std::vector<Pending*> due;
  std::size_t size = 0;
  for (Pending& pending : pending_) {
    if (!pending.due(scope, limits)) continue;
    due.push_back(&pending);
    size += pending.size();
  }
  if (due.size() > max || size > budget.left()) {
    std::ranges::sort(due, {}, [&](Pending* pending) { return std::pair(pending->sent(scope), pending); });
  }
  for (Pending* pending : due) {
    if (message.updates.size() + message.sites.size() >= max || pending->size() > budget.left()) return;
    ++pending->sent(scope);
    const auto& told = message.updates;
    if (pending->update.node && std::ranges::find(told, pending->update.node, &SwimUpdate::node) != told.end()) continue;
    budget.spend(pending->size());
    if (pending->update.node) {
      message.updates.push_back(pending->update);
    } else {
      message.sites.push_back(pending->site);
    }
  }
}

bool SwimQueue::holds(const SwimUpdate& update) const {
  return std::ranges::find(pending_, update, &Pending::update) != pending_.end();
}

bool SwimQueue::holds(const SwimSiteUpdate& update) const {
  return std::ranges::find(pending_, update, &Pending::site) != pending_.end();
}

bool SwimQueue::has_news(Scope scope, Limits limits) const {
  return std::ranges::any_of(pending_, [&](const Pending& pending) { return pending.due(scope, limits); });
}

void SwimQueue::prune(Limits limits, MonotonicTime now, Duration keep) {
  std::erase_if(pending_, [&](const Pending& pending) {
    const bool kept = pending.travels() && limits.wan == 0 && now - pending.since < keep;
    return !pending.due(Scope::lan, limits) && !pending.due(Scope::wan, limits) && !kept;
  });
}

}  // namespace latium
