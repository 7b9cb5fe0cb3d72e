// Locks: leases on names, with fencing tokens. A lock is a register; its commands run at the register's first replica that is up,
// where those who wait for it queue.
// Source: Gray and Cheriton, "Leases" (1989), for the lease; the token is Chubby's sequencer (Burrows, 2006).
#pragma once

#include <chrono>
#include <list>
#include <map>
#include <memory>
#include <vector>

#include "replication/registers.h"
#include "runtime/sync.h"

namespace latium {

/// What a call on a lock found or did.
struct LockOutcome {
  bool done = false;          ///< acquired, renewed, released; shown: held by somebody whose lease has not run out
  LockState lock;             ///< after the call
  std::uint64_t version = 0;  ///< of its register
  CallStats stats;
};

/// How long a caller waits for a lock.
struct LockWait {
  MonotonicTime until;                  ///< for another to let go of it
  Duration patience = Duration::max();  ///< for a majority of the replicas, each time
};

/// Loop thread only. Errors: those of Registers; a lock that another holds is no error but `done` false.
class Locks {
 public:
  Locks(Runtime& runtime, ClusterView& cluster, Registers& registers, std::chrono::milliseconds clock_offset)
      : runtime_(runtime), cluster_(cluster), registers_(registers), clock_offset_(clock_offset) {}

  /// Takes the lock for `ttl`; waits for it as `wait` says, in the order of asking at this node. A lock that ran out
  /// is taken only the clock offset after its end, so that its holder, whose clock may be slow, has seen it end; one that nobody
  /// renewed for as long as that, by this node's own clock, is taken whatever its end says. `request` as for
  /// Registers::execute: a caller that asks again after a lost answer gets the lock that it had got.
  Task<LockOutcome> acquire(RegisterKey key, Bytes owner, std::chrono::milliseconds ttl, RequestId request, LockWait wait,
                            MonotonicTime deadline);
  /// `done` false: lost, to whom says the outcome.
  Task<LockOutcome> renew(RegisterKey key, Bytes owner, std::uint64_t token, std::chrono::milliseconds ttl,
                          MonotonicTime deadline);
  Task<LockOutcome> release(RegisterKey key, Bytes owner, std::uint64_t token, MonotonicTime deadline);
  /// Linearizable.
  Task<LockOutcome> show(RegisterKey key, MonotonicTime deadline);

  /// Where commands on this lock run best, the best first: the replicas that are up, two at most, and none after this node.
  /// Empty, or all of them silent: here.
  std::vector<NodeId> homes(const RegisterKey& key) const;

 private:
  struct Queue {
    std::list<Event*> waiting;  // the first one may try
  };
  struct Place;
  // What held a lock when it was refused here, and since when that has been so.
  struct Sighting {
    std::uint64_t version = 0;
    std::uint64_t ttl_ms = 0;
    MonotonicTime since;
  };

  Task<LockOutcome> run(RegisterKey key, RegisterCommand command, RequestId request, MonotonicTime deadline);
  void wake_next(const Bytes& stored);
  /// The version to name in `outwaited_version`, or 0.
  std::uint64_t outwaited(const Bytes& stored) const;
  void saw(const Bytes& stored, const LockOutcome& outcome);
  MonotonicTime next_try(const LockState& lock) const;

  Runtime& runtime_;
  ClusterView& cluster_;
  Registers& registers_;
  std::chrono::milliseconds clock_offset_;
  std::map<Bytes, Queue> queues_;
  std::map<Bytes, Sighting> sightings_;  // at most kSightings
};

}  // namespace latium
