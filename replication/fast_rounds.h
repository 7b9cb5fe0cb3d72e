// FastRounds: with which replicas a round that needs all of them is worth trying. Such a round takes as long as its last replica;
// two rounds of a majority take twice as long as its middle one.
#pragma once

#include <algorithm>
#include <map>

#include "base/ids.h"
#include "runtime/clock.h"

namespace latium {

/// Loop thread only. An entry a node of the cluster at most.
class FastRounds {
 public:
  /// A replica that was silent is left alone for so long, twice as long each time it is again, and at most for kRestMax.
  static constexpr Duration kRest = std::chrono::milliseconds(100);
  static constexpr Duration kRestMax = std::chrono::seconds(30);
  /// One that was the slower way so many times in a row is left alone for kRestMax: it is far away, and no disk was busy. What is
  /// slower within kOneCause is so for one reason: rounds share messages.
  static constexpr int kSlowerInARow = 8;
  static constexpr Duration kOneCause = std::chrono::milliseconds(100);

  bool worth_trying(NodeId replica, MonotonicTime now) const {
    const auto found = replicas_.find(replica);
    return found == replicas_.end() || now >= found->second.rests_until;
  }

  /// It was waited for in vain.
  void was_silent(NodeId replica, MonotonicTime now) {
    Seen& seen = replicas_[replica];
    if (now < seen.rests_until) return;  // one of several rounds at the same time
    seen.rest = std::clamp(2 * seen.rest, kRest, kRestMax);
    seen.rests_until = saturating_add(now, seen.rest);
  }

  /// It was the last of all to take part in a round. `slower`: than two rounds without it.
  void was_last(NodeId replica, bool slower, MonotonicTime now) {
    Seen& seen = replicas_[replica];
    seen.rest = Duration();
    if (!slower) {
      seen.slower = 0;
    } else if (now >= saturating_add(seen.slower_at, kOneCause)) {
      seen.slower_at = now;
      if (++seen.slower >= kSlowerInARow) seen.rests_until = saturating_add(now, kRestMax);
    }
  }

 private:
  struct Seen {
    MonotonicTime rests_until{};
    Duration rest{};
    int slower = 0;
    MonotonicTime slower_at{};
  };
  std::map<NodeId, Seen> replicas_;
};

}  // namespace latium
