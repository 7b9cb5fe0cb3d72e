// LivenessService: Swim over the transport. It keeps the time and carries the messages; what they mean is in ring/swim.h.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "net/transport.h"
#include "ring/swim.h"
#include "runtime/runtime.h"
#include "runtime/sync.h"
#include "runtime/task_group.h"

namespace latium {

struct LivenessMember {
  NodeId id;
  std::string site;
  std::optional<Address> address;  ///< nothing: nobody reaches it
};

/// Requests and their answers; an empty answer is none.
struct LivenessStatistics {
  std::uint64_t messages_sent = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t bytes_sent = 0;      ///< of messages, without the transport's frames
  std::uint64_t bytes_received = 0;  ///< as above
  std::uint64_t garbage = 0;         ///< answers that were no gossip
  std::uint64_t not_sent = 0;        ///< messages left out because too many waited for their answers
};

/// How many members there are of each liveness, this node among them.
struct LivenessCounts {
  std::size_t up = 0;
  std::size_t suspect = 0;
  std::size_t down = 0;
  friend bool operator==(const LivenessCounts&, const LivenessCounts&) = default;
};

/// Loop thread only. Runtime and transport outlive it; run() has ended before it dies.
class LivenessService {
 public:
  using OnChange = std::move_only_function<void(NodeId, Liveness)>;
  using OnNewerEpoch = std::move_only_function<void(Epoch, NodeId from)>;

  LivenessService(Runtime& runtime, Transport& transport, NodeId self, SwimOptions options);

  /// Called for each change of liveness(), after the call or message that brought it. May call the service; must not throw.
  void on_change(OnChange callback) { on_change_ = std::move(callback); }
  /// Called when a member has a topology above that of update(): for each message that says so, so it should remember.
  void on_newer_epoch(OnNewerEpoch callback) { on_newer_epoch_ = std::move(callback); }

  /// The members of the topology of that epoch, this node too.
  void update(const std::vector<LivenessMember>& members, Epoch epoch);

  /// Probes and tells, until it is cancelled: always ends with `cancelled`, and nothing of it runs then. Once at a time. While it
  /// does not run, the service answers but sends nothing.
  Task<void> run();

  /// A request of method METHOD_GOSSIP from `from`, a node as its connection proved. `invalid_argument` for garbage. Never
  /// blocks.
  Result<Bytes> handle(NodeId from, BytesView message);

  /// Of a member; `down` for who is none.
  Liveness liveness(NodeId node) const { return swim_.liveness(node); }
  const Swim& swim() const { return swim_; }
  /// Costs a look at each member.
  LivenessCounts counts() const;
  const LivenessStatistics& statistics() const { return statistics_; }

 private:
  MonotonicTime now() const { return runtime_.clock.monotonic_now(); }
  // Carries out what a call of Swim asked for, tells of what it changed, and wakes run() when something is due sooner.
  void follow_up(std::vector<SwimSend> sends);
  Task<void> deliver(NodeId to, Address address, Bytes message);

  Runtime& runtime_;
  Transport& transport_;
  Swim swim_;
  std::map<NodeId, std::optional<Address>> members_;
  OnChange on_change_;
  OnNewerEpoch on_newer_epoch_;
  bool running_ = false;
  MonotonicTime awake_at_ = kNever;  // when run() looks again by itself
  Event sooner_;
  LivenessStatistics statistics_;
  TaskGroup tasks_;  // last: its tasks refer to what is above
};

}  // namespace latium
