// What calls have in common: how they are answered without blocking, and what they cost.
#pragma once

#include <cstdint>
#include <functional>

#include "latium/error.h"

namespace latium {

/// Runs once, with the outcome of a call.
template <class T>
using Callback = std::move_only_function<void(Result<T>)>;

/// What a call cost. A node's question to itself is no round trip.
struct CallCost {
  std::uint32_t round_trips = 0;      ///< between nodes, one after another
  std::uint32_t wan_round_trips = 0;  ///< those of them that had to leave the site
  std::uint32_t replicas_asked = 0;   ///< most in one round trip, this node included
  std::uint64_t bytes = 0;            ///< keys and values sent and received, about
};

}  // namespace latium
