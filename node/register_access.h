// What users do with registers, by the names that they know.
#pragma once

#include "node/cluster.h"

namespace latium {

/// `local`: Registers::read_local(), otherwise Registers::read(). `unknown_tenant`, `invalid_argument` (key).
Task<ReadOutcome> get_register(Cluster& cluster, std::string tenant, Bytes key, bool local, MonotonicTime deadline);

/// `request`: 0 makes one. `invalid_argument` (key, value larger than kRegisterBytesMax).
Task<CommandOutcome> change_register(Cluster& cluster, std::string tenant, Bytes key, CasCommand command, RequestId request,
                                     MonotonicTime deadline);

}  // namespace latium
