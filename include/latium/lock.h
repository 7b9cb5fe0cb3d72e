// Lock: a lease on a name, with a fencing token.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "latium/call.h"
#include "latium/error.h"

namespace latium {

struct LockOptions {
  /// How long the lock is held without renew(), 1 ms to 24 h.
  std::chrono::milliseconds lease{10'000};
  /// How long to wait for a lock that another holds, 0 to 24 h; those who wait take it in turn.
  std::chrono::milliseconds wait{0};
  /// Who holds it, for people and for show_lock(). Empty: a name that no other handle has.
  std::string owner{};
  /// How long the cluster may take to answer, beside `wait`; of later calls on the handle too. 1 ms to 24 h.
  std::chrono::milliseconds timeout{10'000};
};

/// A lock as a call left or found it.
struct LockInfo {
  bool held = false;        ///< and its lease has not run out
  std::string owner;        ///< empty: nobody's
  std::uint64_t token = 0;  ///< of the last owner; 0: there was none yet
  /// By the wall clock of the node that granted or renewed it. The lock is given to another max_clock_offset_ms after it, or when
  /// it was not renewed for the lease and that time by the clock of a node where it is waited for, whatever `expires` says.
  std::chrono::system_clock::time_point expires{};
  CallCost cost;
};

/// A held lock. Any thread; moved, not copied. Whoever still has it when it dies gives it back in the background, without
/// waiting: until that is done, or if it cannot be, the lease goes on to its end. It may outlive its node: then calls answer
/// `unavailable`.
///
/// A lease can run out while its holder sleeps, so holding this object proves nothing to others: pass token() along to what the
/// lock protects, and let that refuse tokens below the highest it has seen.
///
/// Errors of all calls: `conflict` when the lock is lost (another has taken it since the lease ran out) or given back already;
/// `unavailable` (no majority answered in time; nothing was changed), `unknown_outcome` (it may have been renewed or given back),
/// `unknown_tenant`, `invalid_argument`. The callback forms are as those of TenantRegisters.
///
/// Source: Gray and Cheriton, "Leases" (1989); Burrows, "Chubby" (2006), for the token; docs/protocols.md, "Several nodes".
class Lock {
 public:
  struct Impl;  ///< opaque

  Lock(Lock&&) noexcept;
  Lock& operator=(Lock&&) noexcept;  ///< gives back what it held, in the background
  ~Lock();

  /// The fencing token: one more than that of the owner before. No cost.
  std::uint64_t token() const;
  /// When the lease ends if it is not renewed, as the last answer said. No cost.
  std::chrono::system_clock::time_point expires() const;
  const std::string& owner() const;
  const std::string& tenant() const;
  const std::string& name() const;

  /// Puts the end of the lease to one whole lease from now. A lease that ran out is taken up again if nobody
  /// has taken the lock since. One round trip to a majority on the node where the lock is served, otherwise two or more.
  Result<LockInfo> renew();
  void renew_async(Callback<LockInfo> done);

  /// Gives the lock back, and wakes the next of those who wait. One round trip to a majority, and one to the node that serves the
  /// lock unless that is this one.
  Result<LockInfo> release();
  void release_async(Callback<LockInfo> done);

 private:
  friend class Node;
  explicit Lock(std::shared_ptr<Impl> impl);
  void give_back();
  std::shared_ptr<Impl> impl_;
};

}  // namespace latium
