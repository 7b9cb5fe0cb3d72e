// LearnQueue: tells replicas what was chosen, lazily and many at a time, and has tombstones collected that all of them hold.
#pragma once

#include <memory>
#include <unordered_map>

#include "replication/cluster_view.h"
#include "replication/register_phase.h"
#include "replication/replica_links.h"

namespace latium {

/// Loop thread only. What it is given outlives it. What is lost with it (a crash, a full link) is made good by the next change or
/// read of the register.
class LearnQueue {
 public:
  /// How long a chosen state may wait to be told. Of a register that changes more often, only the last state is: the next accept
  /// tells of the others.
  static constexpr Duration kLaziness = std::chrono::milliseconds(50);

  LearnQueue(Runtime& runtime, ReplicaLinks& links) : runtime_(runtime), links_(links) {}
  ~LearnQueue();

  /// `said`: the accept phase; replicas that turn out not to have accepted are told the state too. A later ballot of the same
  /// register takes the place of an earlier one.
  void add(Ballot ballot, RegisterState state, std::shared_ptr<PhaseAnswers> said);

 private:
  struct Entry {
    Ballot ballot;
    RegisterState state;
    std::shared_ptr<PhaseAnswers> said;
  };
  void flush();
  void tell(const Entry& entry);

  Runtime& runtime_;
  ReplicaLinks& links_;
  std::unordered_map<Bytes, Entry> waiting_;
  TimerId timer_;
};

}  // namespace latium
