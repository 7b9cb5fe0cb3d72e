// What users do with locks, by the names that they know; on whichever node, the commands run where the lock is served.
#pragma once

#include "node/node_core.h"
#include "proto/client.pb.h"

namespace latium {

// Errors of all: `invalid_argument`, `unknown_tenant`, and those of Locks. A lock that another holds is no error but `done`
// false.

/// Locks::acquire(), waiting as long as the request says. No request id: makes one.
Task<client::LockResponse> acquire_lock(NodeCore& core, client::LockAcquireRequest request, MonotonicTime deadline);
/// Locks::renew().
Task<client::LockResponse> renew_lock(NodeCore& core, client::LockRenewRequest request, MonotonicTime deadline);
/// Locks::release(), where those who wait are woken.
Task<client::LockResponse> release_lock(NodeCore& core, client::LockReleaseRequest request, MonotonicTime deadline);
/// Locks::show().
Task<client::LockResponse> show_lock(NodeCore& core, client::LockShowRequest request, MonotonicTime deadline);

}  // namespace latium
