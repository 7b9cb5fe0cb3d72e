// Linearizability of registers: each key by itself, for a history is linearizable when its part on every key is.
#pragma once

#include <cstdint>

#include "tests/sim/check_report.h"
#include "tests/sim/history.h"

namespace latium::sim {

struct RegisterLimits {
  /// States that the search looks at for a key before it gives up, which is no pass. About 150 bytes each.
  std::uint64_t states_a_key = 300'000;
};

/// Judges put, write, remove, cas, get, read and local_read; other operations are passed over. Every key is absent at first.
/// - An `ok` operation took effect at one instant between its start and its end, a `fail` one never, any other at some time
///   after its start or never. Operations that meet at one nanosecond are concurrent, but for those of one process.
/// - A local_read may be old, so it takes no part in the order: what it returned must be "absent", or have been written by
///   an operation that did not fail and began before the read ended.
/// A violation names the key and shows the shortest beginning of its history that has no order, with an order of most of it.
/// Cost: about linear in the operations of a key for a good history; a bad one costs more, exponential in the concurrent
/// writes at worst, and is searched again about log2(operations) times for its shortest part.
CheckReport check_registers(const History& history, RegisterLimits limits = {});

}  // namespace latium::sim
