// BatchLinks: carries steps on keys to replicas. Everything that waits for one replica goes in one message, so n keys cost one
// round trip and one message a replica. ReplicaLinks are those of registers, BucketLinks those of buckets.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "replication/bucket_replica.h"
#include "replication/cluster_view.h"
#include "replication/register_messages.h"
#include "replication/register_replica.h"
#include "runtime/runtime.h"
#include "runtime/task_group.h"

namespace latium::replica {
class BucketsRequest;
class BucketsResponse;
class RegistersRequest;
class RegistersResponse;
}  // namespace latium::replica

namespace latium {

struct LinkStatistics {
  std::uint64_t messages = 0;  ///< sent to other nodes
  std::uint64_t steps = 0;     ///< in them
};

/// What travels on the links of registers.
struct RegisterSteps {
  using Item = ReplicaItem;
  using Answer = AcceptorAnswer;
  using Replica = RegisterReplica;
  using Request = replica::RegistersRequest;
  using Response = replica::RegistersResponse;
  static const Method kMethod;
  static bool has_lane(const Item&) { return false; }
};

/// What travels on those of buckets.
struct BucketSteps {
  using Item = BucketItem;
  using Answer = BucketAnswer;
  using Replica = BucketReplica;
  using Request = replica::BucketsRequest;
  using Response = replica::BucketsResponse;
  static const Method kMethod;
  /// Questions travel apart from writes: a message is answered as a whole, and those would wait for the disk.
  static bool has_lane(const Item& item) { return !item.writes(); }
};

/// Loop thread only. All outlive it; stop() and join before it dies.
template <class Steps>
class BatchLinks {
 public:
  using Item = Steps::Item;
  using Answer = Steps::Answer;
  using Replica = Steps::Replica;
  /// Called once, on the loop: what the replica answered, or why none came.
  using StepDone = std::move_only_function<void(Result<Answer>)>;
  using StepsDone = std::move_only_function<void(std::vector<Result<Answer>>)>;

  /// How long an answer of another node is waited for; the caller tries again after that.
  static constexpr Duration kAnswerTimeout = std::chrono::seconds(2);

  BatchLinks(Runtime& runtime, ClusterView& cluster, Transport& transport, Replica& local);
  ~BatchLinks();

  /// Sends `item` to `node` under the map of `epoch`. Errors: `stale_topology` (the map has changed; nothing was done),
  /// `overloaded`, `unavailable`, `deadline_exceeded`, and the replica's own. A node that is down is sent one message at a time,
  /// which finds out whether it is; the rest is `unavailable` at once and not kept in memory.
  void send(NodeId node, Epoch epoch, Item item, StepDone done);

  /// send() of several items, which go in one message: the replica takes them in one go. Answers in the order of the items.
  void send_as_one(NodeId node, Epoch epoch, std::vector<Item> items, StepsDone done);

  /// Asks the replica here, at once and by itself: together with other steps it would wait for their writes. `stale_topology`.
  Task<Answer> ask_here(Epoch epoch, Item item);
  Task<std::vector<Result<Answer>>> ask_here(Epoch epoch, std::vector<Item> items) { return ask_local(epoch, std::move(items)); }

  /// The replica here, for what is no message.
  Replica& local() { return local_; }
  /// Runs `task` to its end, whoever waits for it; stop() cancels it. False: no room, or stopped.
  bool spawn(Task<void> task) { return tasks_.has_room() && tasks_.spawn(std::move(task)).has_value(); }

  const LinkStatistics& statistics() const { return statistics_; }

  /// Ends what is under way; what is sent later fails at once.
  Task<void> stop();

 private:
  struct Waiting {
    Epoch epoch;
    std::size_t bytes;
    Item item;
    StepDone done;
    bool with_next = false;  ///< in one message with the one behind it
  };
  struct Link {
    NodeId node;
    std::deque<Waiting> waiting;
    std::size_t in_flight = 0;
    std::size_t bytes = 0;  // of what waits and what is under way
    bool scheduled = false;
    bool lingering = false;  // a flush of what waits will come
  };

  Link& link_to(NodeId node, bool lane);
  /// Why nothing more may wait for it: nothing, if something may.
  std::optional<Error> refusal(const Link& link, std::size_t items, std::size_t bytes) const;
  bool is_down(NodeId node) const;
  void schedule(Link& link);
  void linger(Link& link);
  /// Sends what waits: what there is room for, or all of it.
  void flush(Link& link, bool overdue);
  std::vector<Waiting> take_batch(Link& link);
  Task<void> exchange(Link& link, std::vector<Waiting> batch);
  Task<std::vector<Result<Answer>>> ask(NodeId node, Epoch epoch, std::vector<Item> items);
  Task<std::vector<Result<Answer>>> ask_local(Epoch epoch, std::vector<Item> items);
  Result<void> check_epoch(Epoch epoch) const;

  Runtime& runtime_;
  ClusterView& cluster_;
  Transport& transport_;
  Replica& local_;
  std::map<std::pair<NodeId, bool>, std::unique_ptr<Link>> links_;  // by node and lane
  LinkStatistics statistics_;
  bool stopped_ = false;
  // Posted flushes check it: they may run after the end.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  TaskGroup tasks_;
};

using ReplicaLinks = BatchLinks<RegisterSteps>;
using BucketLinks = BatchLinks<BucketSteps>;

}  // namespace latium
