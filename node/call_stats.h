// What a request cost, as clients are told.
#pragma once

#include "proto/client.pb.h"
#include "replication/register_messages.h"

namespace latium {

inline void fill(client::Stats& out, const CallStats& stats) {
  out.set_round_trips(stats.round_trips);
  out.set_wan_round_trips(stats.wan_round_trips);
  out.set_replicas_asked(stats.replicas_asked);
  out.set_bytes(stats.bytes);
}

}  // namespace latium
