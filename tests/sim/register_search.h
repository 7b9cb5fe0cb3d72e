// The search for an order of the operations on one register, in the style of Wing & Gong (1993) with Lowe's memoisation
// ("Testing for linearizability", 2017). Pure; linearizability.h is its user.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/clock.h"

namespace latium::sim {

/// One operation, its values as numbers.
struct RegisterOp {
  enum class Kind : std::uint8_t {
    write,
    read,     ///< returned `value`
    cas,      ///< found `expected`, wrote `value`
    refused,  ///< a cas that found `value` in place of `expected`
  };
  static constexpr int kAbsent = 0;    ///< what a register holds at first
  static constexpr int kNotTold = -1;  ///< `value` of a refused cas: anything but `expected`

  Kind kind = Kind::read;
  int value = kAbsent;
  int expected = kAbsent;
  int process = 0;
  bool certain = true;  ///< took effect between start and end; otherwise at some time after start, or never (only writes and cas)
  Duration start{0};
  Duration end{0};         ///< of a certain one
  std::size_t source = 0;  ///< the caller's number for it
};

struct SearchResult {
  enum class Verdict : std::uint8_t { linearizable, stuck, gave_up };
  Verdict verdict = Verdict::linearizable;
  std::uint64_t states = 0;  ///< looked at: the cost

  // When stuck: one of the orders that got furthest (indices into the operations), the value that it left behind, and what
  // could come next in time but not with that value.
  std::vector<std::size_t> order;
  int value = RegisterOp::kAbsent;
  std::vector<std::size_t> candidates;
};

/// Looks at no more than `max_states` states; memory is about 150 bytes a state. `operations` stand in the order in which
/// they began, those of one process at least. An operation that ends when another begins is concurrent with it, but for
/// operations of one process.
SearchResult search_order(const std::vector<RegisterOp>& operations, std::uint64_t max_states);

}  // namespace latium::sim
