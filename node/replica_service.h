// ReplicaService: what nodes ask of each other. One handler a method of latium.wire.Method from 64 on; only nodes may ask.
#pragma once

#include "net/transport.h"
#include "node/node_core.h"

namespace latium {

/// Whether `method` is one of those between nodes.
bool is_between_nodes(Method method);

/// Serves one request; bytes of the request message in, bytes of the response message out. `unsupported`: no such method.
Task<Bytes> serve_node(NodeCore& core, Method method, NodeId peer, Bytes request, MonotonicTime deadline);

}  // namespace latium
