// Is a history of compare-and-set registers linearizable? Each register by itself.
// Source: Wing and Gong, "Testing and Verifying Concurrent Objects" (1993), with Lowe's memoisation (2017).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "runtime/clock.h"

namespace latium::sim {

/// One operation on one register.
struct RegisterOperation {
  enum class Kind { read, write, cas };
  Kind kind = Kind::read;
  std::optional<Bytes> expected;  ///< cas: none expects an absent register
  std::optional<Bytes> value;     ///< read: what it returned; write and cas: what it sets; none: absent
  bool applied = true;            ///< cas that ended: false, it was refused
  bool ended = true;              ///< false: it may take effect at any time after its start, or never
  Duration start{0};
  Duration end{0};
  std::string label;  ///< for the explanation
};

/// Nothing when there is an order that explains all; otherwise what cannot be explained. Gives up, as a failure that says so,
/// after a bounded number of steps.
std::optional<std::string> check_linearizable(const std::vector<RegisterOperation>& operations);

}  // namespace latium::sim
