// ReplicaLinks: carries steps on registers to replicas. Everything that waits for one replica goes in one message, so n
// registers cost one round trip and one message a replica.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "replication/cluster_view.h"
#include "replication/register_messages.h"
#include "replication/register_replica.h"
#include "runtime/runtime.h"
#include "runtime/task_group.h"

namespace latium {

/// Called once, on the loop: what the replica answered, or why none came.
using StepDone = std::move_only_function<void(Result<AcceptorAnswer>)>;

struct LinkStatistics {
  std::uint64_t messages = 0;  ///< sent to other nodes
  std::uint64_t steps = 0;     ///< in them
};

/// Loop thread only. All outlive it; stop() and join before it dies.
class ReplicaLinks {
 public:
  /// How long an answer of another node is waited for; the caller tries again after that.
  static constexpr Duration kAnswerTimeout = std::chrono::seconds(2);

  ReplicaLinks(Runtime& runtime, ClusterView& cluster, Transport& transport, RegisterReplica& local);
  ~ReplicaLinks();

  /// Sends `item` to `node` under the map of `epoch`. Errors: `stale_topology` (the map has changed; nothing was done),
  /// `overloaded`, `unavailable`, `deadline_exceeded`, and the replica's own. A node that is down is sent one message at a time,
  /// which finds out whether it is; the rest is `unavailable` at once and not kept in memory.
  void send(NodeId node, Epoch epoch, ReplicaItem item, StepDone done);

  const LinkStatistics& statistics() const { return statistics_; }

  /// Ends what is under way.
  Task<void> stop();

 private:
  struct Waiting {
    Epoch epoch;
    ReplicaItem item;
    StepDone done;
  };
  struct Link {
    NodeId node;
    std::deque<Waiting> waiting;
    std::size_t in_flight = 0;
    bool scheduled = false;
    bool lingering = false;  // a flush of what waits will come
  };

  bool is_down(NodeId node) const;
  void schedule(Link& link);
  void linger(Link& link);
  /// Sends what waits: what there is room for, or all of it.
  void flush(Link& link, bool overdue);
  std::vector<Waiting> take_batch(Link& link);
  Task<void> exchange(Link& link, std::vector<Waiting> batch);
  Task<std::vector<Result<AcceptorAnswer>>> ask(NodeId node, Epoch epoch, std::vector<ReplicaItem> items);
  Task<std::vector<Result<AcceptorAnswer>>> ask_local(Epoch epoch, std::vector<ReplicaItem> items);
  Result<void> check_epoch(Epoch epoch) const;

  Runtime& runtime_;
  ClusterView& cluster_;
  Transport& transport_;
  RegisterReplica& local_;
  std::map<NodeId, std::unique_ptr<Link>> links_;
  LinkStatistics statistics_;
  // Posted flushes check it: they may run after the end.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  TaskGroup tasks_;
};

}  // namespace latium
