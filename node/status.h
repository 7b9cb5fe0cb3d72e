// What a node says of itself.
#pragma once

#include "latium/node.h"
#include "node/node_core.h"

namespace latium {

/// Everything but `listen`, and "stopping", which the node's owner knows. Any thread; may read file sizes.
NodeStatus describe_core(NodeCore& core);

/// The program's version, as in CMakeLists.txt.
std::string_view program_version();

}  // namespace latium
