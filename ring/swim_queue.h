// SwimQueue: news on its way out. Each update is sent on a number of times that grows with the logarithm of the members, which
// reaches all of them with high probability (Das et al. 2002, section 4.1); a newer one about the same node takes its place.
#pragma once

#include <cstddef>
#include <vector>

#include "ring/swim_budget.h"
#include "ring/swim_messages.h"
#include "runtime/clock.h"

namespace latium {

class SwimQueue {
 public:
  /// How often an update is sent inside the site, and to other sites; 0: not at all.
  struct Limits {
    unsigned lan = 0;
    unsigned wan = 0;
  };
  enum class Scope : std::uint8_t { lan, wan };

  void push(SwimUpdate update, MonotonicTime now);
  void push(SwimSiteUpdate update, MonotonicTime now);

  /// Adds to `message` up to `max` updates that are not about a node in it already, as far as the budget goes, the least often
  /// sent first, and counts them as sent. Suspicions and sites stay inside the site.
  void fill(SwimMessage& message, Scope scope, Limits limits, std::size_t max, SwimBudget& budget);
  bool holds(const SwimUpdate& update) const;
  bool holds(const SwimSiteUpdate& update) const;
  bool has_news(Scope scope, Limits limits) const;
  /// Forgets what was sent often enough. What is queued for less than `keep` stays, for a node that becomes a delegate meanwhile.
  void prune(Limits limits, MonotonicTime now, Duration keep);
  std::size_t size() const { return pending_.size(); }
  void clear() { pending_.clear(); }

 private:
  struct Pending {
    SwimUpdate update;  // node 0: the site update instead
    SwimSiteUpdate site;
    MonotonicTime since;
    unsigned lan_sent = 0;
    unsigned wan_sent = 0;

    std::size_t size() const { return update.node ? encoded_size(update) : encoded_size(site); }
    bool travels() const { return update.node && update.liveness != Liveness::suspect; }
    unsigned& sent(Scope scope) { return scope == Scope::lan ? lan_sent : wan_sent; }
    bool due(Scope scope, Limits limits) const {
      return scope == Scope::lan ? lan_sent < limits.lan : travels() && wan_sent < limits.wan;
    }
  };

  std::vector<Pending> pending_;  // at most one a subject; in the order of arrival
};

}  // namespace latium
