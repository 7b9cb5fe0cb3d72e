// From addresses to endpoints.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <vector>

#include "net/stream.h"
#include "net/transport.h"
#include "runtime/task.h"

namespace latium {

/// The endpoints of an address, the best first. Numeric ones at once, names through the system's resolver on a thread of
/// Asio's. A cancel returns at once and leaves the lookup to end by itself. `unavailable` when the name is not known.
Task<std::vector<Tcp::endpoint>> resolve(Executor executor, Address address);

/// The first endpoint of an address; blocks for names. `io_error` when the name is not known.
Result<Tcp::endpoint> resolve_now(Executor executor, const Address& address);

}  // namespace latium
