// SQL's tables on a node: each call is one task on the node's loop.
#pragma once

#include <memory>

#include "node/node_impl.h"
#include "relational/sql/table_access.h"

namespace latium {

std::unique_ptr<sql::TableAccess> sql_access(std::shared_ptr<Node::Impl> node, std::shared_ptr<const TenantHandle> tenant,
                                             const SqlOptions& options);

}  // namespace latium
