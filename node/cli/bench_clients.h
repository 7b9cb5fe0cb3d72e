// The clients of a benchmark, spread over nodes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "node/cli/context.h"

namespace latium::cli {

/// Those of one node: numbers `first` to `first + count - 1` of all, a connection each.
struct NodeClients {
  std::unique_ptr<RemoteClient> client;
  std::size_t first = 0;
  std::size_t count = 0;
};

/// `clients` in all, over the node that the options name and `also`; as even as it goes. `invalid_argument` (addresses).
/// Precondition: at least one for each node.
Result<std::vector<NodeClients>> spread_clients(const Context& context, const std::vector<std::string>& also,
                                                std::size_t clients);

}  // namespace latium::cli
