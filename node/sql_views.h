// The views of a tenant: texts in registers beside those of its tables.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "node/node_core.h"
#include "ring/tenant_catalog.h"

namespace latium {

using SqlViews = std::vector<std::pair<std::string, std::string>>;

/// By name. Linearizable view by view.
Task<SqlViews> list_views(NodeCore& core, std::shared_ptr<const TenantHandle> tenant, MonotonicTime deadline);
/// Nothing: drops it. `replaces`: it takes the place of one that is there. `already_exists`, `not_found`.
Task<void> put_view(NodeCore& core, std::shared_ptr<const TenantHandle> tenant, std::string name, std::optional<std::string> sql,
                    MonotonicTime deadline, bool replaces = false);

}  // namespace latium
