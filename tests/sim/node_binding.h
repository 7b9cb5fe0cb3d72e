// The real node under the simulator: NodeCore and its client service over simulated disk, network and clock, and clients that
// speak the client protocol.
#pragma once

#include "tests/sim/kv_client.h"

namespace latium::sim {

/// One node of one site with one tenant. Its clients rely on what a TCP connection gives: no request arrives twice.
KvBinding node_binding();

}  // namespace latium::sim
