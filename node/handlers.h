// One handler a client method: bytes of the request message in, bytes of the response message out.
#pragma once

#include "node/node_core.h"
#include "node/status.h"

namespace latium {

/// For requests that come without a deadline of their own.
MonotonicTime default_deadline(NodeCore& core);

// `deadline` is a little before the caller's, so that their answer still reaches it.
Task<Bytes> handle_tenant_create(NodeCore& core, Bytes request, MonotonicTime deadline);
Task<Bytes> handle_tenant_list(NodeCore& core, Bytes request, MonotonicTime deadline);
Task<Bytes> handle_tenant_describe(NodeCore& core, Bytes request, MonotonicTime deadline);
Task<Bytes> handle_tenant_drop(NodeCore& core, Bytes request, MonotonicTime deadline);

Task<Bytes> handle_register_get(NodeCore& core, Bytes request, MonotonicTime deadline);
Task<Bytes> handle_register_cas(NodeCore& core, Bytes request, MonotonicTime deadline);

Task<Bytes> handle_lock_acquire(NodeCore& core, Bytes request, MonotonicTime deadline);
Task<Bytes> handle_lock_renew(NodeCore& core, Bytes request, MonotonicTime deadline);
Task<Bytes> handle_lock_release(NodeCore& core, Bytes request, MonotonicTime deadline);
Task<Bytes> handle_lock_show(NodeCore& core, Bytes request, MonotonicTime deadline);

Task<Bytes> handle_table_create(NodeCore& core, Bytes request, MonotonicTime deadline);
Task<Bytes> handle_table_drop(NodeCore& core, Bytes request, MonotonicTime deadline);
Task<Bytes> handle_table_list(NodeCore& core, Bytes request, MonotonicTime deadline);
Task<Bytes> handle_table_describe(NodeCore& core, Bytes request, MonotonicTime deadline);
Task<Bytes> handle_table_alter(NodeCore& core, Bytes request, MonotonicTime deadline);

Task<Bytes> handle_table_check(NodeCore& core, Bytes request, MonotonicTime deadline);

Task<Bytes> handle_row_put(NodeCore& core, Bytes request, MonotonicTime deadline);
Task<Bytes> handle_row_get(NodeCore& core, Bytes request, MonotonicTime deadline);
Task<Bytes> handle_row_delete(NodeCore& core, Bytes request, MonotonicTime deadline);
Task<Bytes> handle_row_find(NodeCore& core, Bytes request, MonotonicTime deadline);

Task<Bytes> handle_topology(NodeCore& core, Bytes request, MonotonicTime deadline);
Task<Bytes> handle_ring_show(NodeCore& core, Bytes request, MonotonicTime deadline);

Task<Bytes> handle_kv_put(NodeCore& core, Bytes request, MonotonicTime deadline);
Task<Bytes> handle_kv_put_many(NodeCore& core, Bytes request, MonotonicTime deadline);
Task<Bytes> handle_kv_get(NodeCore& core, Bytes request, MonotonicTime deadline);
Task<Bytes> handle_kv_delete(NodeCore& core, Bytes request, MonotonicTime deadline);
Task<Bytes> handle_kv_scan(NodeCore& core, Bytes request, MonotonicTime deadline);

Task<Bytes> handle_convergence(NodeCore& core, Bytes request, MonotonicTime deadline);
Task<Bytes> handle_verify(NodeCore& core, Bytes request, MonotonicTime deadline);
Task<Bytes> handle_audit(NodeCore& core, Bytes request, MonotonicTime deadline);

/// Of a node that was started without enable_faults: `unsupported`. With it, FaultSwitch serves this before.
Task<Bytes> handle_faults_set(NodeCore& core, Bytes request, MonotonicTime deadline);

/// KvGet from memory only; nothing when the disk, or another node, has to be asked.
Result<std::optional<Bytes>> kv_get_cached(NodeCore& core, const Bytes& request);

}  // namespace latium
