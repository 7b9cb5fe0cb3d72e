// The real node under the simulator: NodeCore and its client service over simulated disk, network and clock, and clients that
// speak the client protocol.
#pragma once

#include "tests/sim/kv_client.h"

namespace latium::sim {

/// What its clients ask of a write.
enum class NodeWrites {
  synced,
  buffered,  ///< acknowledged before they are on the disk: a power cut loses some, which the workload has to find
};

/// One node of one site with one tenant. Its clients rely on what a TCP connection gives: no request arrives twice.
KvBinding node_binding(NodeWrites writes = NodeWrites::synced);

}  // namespace latium::sim
