// What a Database handle holds.
#pragma once

#include <memory>

#include "latium/database.h"
#include "node/node_impl.h"

namespace latium {

struct Database::Impl {
  NodeCore& core() const { return *node->core; }

  const std::shared_ptr<Node::Impl> node;
  const std::shared_ptr<const TenantHandle> tenant;
};

}  // namespace latium
