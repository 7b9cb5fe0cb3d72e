// Swim: which nodes are up, found out by probing and told by gossip. SWIM (Das, Gupta, Motivala 2002) with Lifeguard's additions
// (Dadgar, Phillips, Currey 2018). Inside a site every node probes the others; a few delegates a site probe the other sites and
// carry the news over, so traffic between sites grows with the sites.
//
// It decides whom to ask first and where hints go, never who owns what. Who the members are comes from the topology alone.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/random.h"
#include "base/result.h"
#include "ring/swim_budget.h"
#include "ring/swim_directory.h"
#include "ring/swim_flat_map.h"
#include "ring/swim_messages.h"
#include "ring/swim_options.h"
#include "ring/swim_queue.h"
#include "ring/swim_suspicion.h"
#include "ring/swim_table.h"
#include "runtime/clock.h"

namespace latium {

/// One request of method METHOD_GOSSIP; what it is answered goes to on_answer, an error to nobody.
struct SwimSend {
  NodeId to;
  Bytes message;
};

struct SwimChange {
  NodeId node;
  Liveness liveness;
  friend bool operator==(const SwimChange&, const SwimChange&) = default;
};

/// Somebody has a newer topology.
struct SwimNewerEpoch {
  Epoch epoch;
  NodeId from;
  friend bool operator==(const SwimNewerEpoch&, const SwimNewerEpoch&) = default;
};

struct SwimStatistics {
  std::uint64_t probes = 0;         ///< of nodes of the own site
  std::uint64_t probes_failed = 0;  ///< neither directly nor through others
  std::uint64_t cross_probes = 0;   ///< of other sites
  std::uint64_t refutations = 0;    ///< the node was suspected, or down, and said no
  std::uint64_t verdicts = 0;       ///< nodes that this node found to be down
};

/// State and decisions only: the caller brings time and carries messages. Not thread-safe. Times are this node's own; nothing is
/// compared between nodes. Every call costs at most the number of things going on, but set_members, which sorts.
class Swim {
 public:
  Swim(NodeId self, SwimOptions options, Random random);

  /// Everybody, this node too; while it is not among them it only answers. What is known of those who stay is kept.
  void set_members(const std::vector<SwimMember>& members, MonotonicTime now);
  void set_members(std::shared_ptr<const SwimDirectory> directory, MonotonicTime now);
  void set_epoch(Epoch epoch) { epoch_ = epoch; }

  /// What is due at `now`. Call it at next_tick(), earlier calls do no harm; later than pause_tolerance counts as a pause.
  std::vector<SwimSend> tick(MonotonicTime now);
  /// kNever while there is nothing to do. Changes with every call of the others.
  MonotonicTime next_tick() const;

  /// A request from `from`, as its connection says. Returns the answer, empty where none is wanted; further messages are added to
  /// `sends`. `invalid_argument` for garbage.
  Result<Bytes> on_request(NodeId from, BytesView message, MonotonicTime now, std::vector<SwimSend>& sends);
  /// The answer to a message to `from`. Late ones are harmless. `invalid_argument` for garbage.
  Result<void> on_answer(NodeId from, BytesView message, MonotonicTime now, std::vector<SwimSend>& sends);

  /// Of a member; `down` for who is none. The node itself is always up.
  Liveness liveness(NodeId node) const;
  /// Whether the site answers ours. True for unknown ones.
  bool site_reachable(std::string_view site) const;
  /// Changes of liveness() since the last call, in their order. A node may occur more than once.
  std::vector<SwimChange> take_changes() { return std::exchange(changes_, {}); }
  /// The highest epoch above set_epoch() that was seen since the last call.
  std::optional<SwimNewerEpoch> take_newer_epoch() { return std::exchange(newer_epoch_, std::nullopt); }

  /// Those who speak for a site: the first by a hash of their ids that are not down.
  std::vector<NodeId> delegates(std::string_view site) const;
  /// 0 (well) to max_local_health.
  unsigned local_health() const { return local_health_; }
  std::uint64_t incarnation() const { return incarnation_; }
  const SwimStatistics& statistics() const { return statistics_; }

 private:
  using Kind = SwimMessage::Kind;
  using SiteIndex = SwimDirectory::SiteIndex;

  struct Probe {
    /// lan: of a member of the own site; cross: of another site; relayed: for somebody else; retry: of one that is down.
    enum class Purpose : std::uint8_t { lan, cross, relayed, retry };
    Purpose purpose = Purpose::lan;
    NodeId target{};
    MonotonicTime ask_at = kNever;  // when others are asked to probe; kNever: not (any more)
    MonotonicTime end{};
    unsigned asked = 0;
    unsigned nacks = 0;
    NodeId origin{};                    // relayed: for whom,
    std::uint64_t origin_sequence = 0;  // and which of its probes
  };

  /// Whether a site answers ours; the delegate that probes it says so to its site.
  struct Mark {
    Liveness liveness = Liveness::up;
    std::uint64_t version = 0;
    MonotonicTime expires = kNever;  // down only
    bool alone = false;
  };

  /// What a delegate keeps of a site that is its to probe.
  struct Cross {
    MonotonicTime next{};
    std::optional<MonotonicTime> reached;
    MonotonicTime asked{};
    std::uint64_t probe = 0;  // sequence of the last one of the round under way
    bool counted = false;     // the round has failed
    unsigned failures = 0;    // rounds in a row
    std::uint32_t turn = 0;
  };

  // swim.cc: the course of a tick.
  bool forgive_pause(MonotonicTime now);
  bool in_my_site(NodeId node) const { return my_site_ && directory_->site_of(node) == my_site_; }
  void set_limits();
  SwimSend compose(NodeId to, SwimMessage message);
  Bytes with_news(NodeId to, SwimMessage message);
  void gossip(MonotonicTime now, std::vector<SwimSend>& sends);
  bool gossip(SwimQueue::Scope scope, std::vector<SwimSend>& sends);
  bool has_news() const;
  SwimBudget& budget_for(SwimQueue::Scope scope) { return scope == SwimQueue::Scope::lan ? lan_budget_ : wan_budget_; }
  void advance_budgets(MonotonicTime now);

  // swim_members.cc: who there is.
  bool find_am_delegate() const;
  std::vector<NodeId> delegates_of(SiteIndex site) const;
  /// Up to `count` nodes of the own site that are not down, at random; never this one or `except`. `only_up`: no suspects either.
  std::vector<NodeId> pick_local(std::size_t count, NodeId except, bool only_up);
  /// A delegate of up to `count` other sites that answer.
  std::vector<NodeId> pick_remote(std::size_t count, NodeId except);
  Liveness effective(NodeId node, const SwimTable::State& state) const;
  bool reachable(SiteIndex site) const;

  // swim_probe.cc: probes inside the site.
  void start_probe(MonotonicTime now, std::vector<SwimSend>& sends);
  void retry_down(MonotonicTime now, std::vector<SwimSend>& sends);
  std::uint64_t begin(Probe probe, std::vector<SwimSend>& sends);
  void ask_others(std::uint64_t sequence, Probe& probe, std::vector<SwimSend>& sends);
  void expire_probes(MonotonicTime now, std::vector<SwimSend>& sends);
  void failed(const Probe& probe, MonotonicTime now, std::vector<SwimSend>& sends);
  void answered(std::uint64_t sequence, NodeId target, MonotonicTime now, std::vector<SwimSend>& sends);
  void relay(NodeId from, const SwimMessage& message, MonotonicTime now, std::vector<SwimSend>& sends);
  void probe_for(NodeId origin, const SwimMessage& message, MonotonicTime now, std::vector<SwimSend>& sends);
  void worse_health(unsigned by);
  std::optional<NodeId> next_target();

  // swim_cross.cc: other sites.
  void probe_sites(MonotonicTime now, std::vector<SwimSend>& sends);
  std::vector<NodeId> cross_candidates(SiteIndex site, unsigned failures) const;
  void probe_site(SiteIndex site, MonotonicTime now, std::vector<SwimSend>& sends);
  bool responsible_for(SiteIndex site) const;
  void site_failed(SiteIndex site, MonotonicTime now);
  void site_reached(SiteIndex site, MonotonicTime now);
  void apply(const SwimSiteUpdate& update, MonotonicTime now);
  void set_mark(SiteIndex site, Liveness liveness, std::uint64_t version, bool tell, MonotonicTime now);
  void expire_marks(MonotonicTime now);

  // swim_apply.cc: what becomes of news.
  enum class Source : std::uint8_t { own, gossip, sync };
  void absorb(NodeId from, const SwimMessage& message, Source source, MonotonicTime now);
  void apply(SwimUpdate update, NodeId via, Source source, MonotonicTime now);
  void about_me(const SwimUpdate& update, MonotonicTime now);
  void suspect(const SwimUpdate& update, bool tell, MonotonicTime now);
  void set_state(NodeId node, SwimTable::State state, MonotonicTime now);
  void expire_suspicions(MonotonicTime now);
  bool isolated(MonotonicTime now) const { return now - last_heard_ > options_.isolation_after; }
  void heard(MonotonicTime now);
  SwimSuspicion::Times suspicion_times() const;

  // swim_receive.cc: anti-entropy.
  void start_sync(MonotonicTime now, std::vector<SwimSend>& sends);
  SwimMessage sync_answer(const SwimMessage& request);

  NodeId self_;
  SwimOptions options_;
  Random random_;
  std::shared_ptr<const SwimDirectory> directory_ = std::make_shared<const SwimDirectory>();
  std::optional<SiteIndex> my_site_;
  std::size_t delegates_in_all_ = 0;
  bool am_delegate_ = false;  // this and the next follow from the members and from who is down in the own site: set_limits()
  SwimQueue::Limits limits_;
  Epoch epoch_;

  std::uint64_t incarnation_;
  unsigned local_health_ = 0;
  SwimTable table_;
  std::map<NodeId, SwimSuspicion> suspicions_;  // of exactly the nodes of the own site that are suspect, doubts among them
  SwimFlatMap<SiteIndex, Mark> marks_;
  SwimQueue queue_;
  SwimBudget lan_budget_;
  SwimBudget wan_budget_;
  SwimBudget sync_budget_;
  SwimBudget help_budget_;

  SwimFlatMap<std::uint64_t, Probe> probes_;  // by sequence
  std::size_t relayed_ = 0;
  std::uint64_t last_sequence_ = 0;
  std::vector<NodeId> order_;  // the others of the own site, shuffled anew each time round
  std::size_t position_ = 0;
  std::vector<Cross> cross_;  // by site; empty while this node is no delegate

  MonotonicTime next_probe_ = kNever;
  MonotonicTime next_retry_ = kNever;
  MonotonicTime next_gossip_{};
  MonotonicTime next_sync_ = kNever;
  MonotonicTime next_cross_ = kNever;
  std::uint64_t syncs_ = 0;
  MonotonicTime last_heard_{};
  bool any_alone_ = false;

  std::vector<SwimChange> changes_;
  std::optional<SwimNewerEpoch> newer_epoch_;
  SwimStatistics statistics_;
};

}  // namespace latium
