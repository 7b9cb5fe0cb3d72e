// What users do with registers, by the names that they know.
#pragma once

#include <memory>
#include <optional>

#include "node/cluster.h"

namespace latium {

/// `local`: Registers::read_local(), otherwise Registers::read(). `unknown_tenant`, `invalid_argument` (key).
Task<ReadOutcome> get_register(Cluster& cluster, std::shared_ptr<const TenantHandle> tenant, Bytes key, bool local,
                               MonotonicTime deadline);
Task<ReadOutcome> get_register(Cluster& cluster, std::string tenant, Bytes key, bool local, MonotonicTime deadline);

/// A local read on the calling thread, any: what this node's replica knows to be chosen, straight from the engine; may wait for
/// the disk. Nothing when this node holds no replica of the register. Errors as those of get_register(), and the engine's.
Result<std::optional<RegisterState>> get_register_here(const Cluster& cluster, Engine& engine, const TenantHandle& tenant,
                                                       BytesView key);

/// `request`: 0 makes one. `invalid_argument` (key, value larger than kRegisterBytesMax).
Task<CommandOutcome> change_register(Cluster& cluster, std::shared_ptr<const TenantHandle> tenant, Bytes key, CasCommand command,
                                     RequestId request, MonotonicTime deadline);
Task<CommandOutcome> change_register(Cluster& cluster, std::string tenant, Bytes key, CasCommand command, RequestId request,
                                     MonotonicTime deadline);

}  // namespace latium
