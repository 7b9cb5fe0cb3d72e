// OneStep: changes of several registers and looks at others, which each of their replicas takes in one step. Registers does it;
// why what is looked at was unchanged while all changes stood: docs/protocols.md, "Prewrites and looks in one step".
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "replication/register_messages.h"
#include "replication/register_state.h"

namespace latium {

/// Commands on some registers, and others that are only looked at: what change_in_one_step() is given. All keys differ.
struct OneStep {
  struct Change {
    RegisterKey key;
    RegisterCommand command;  ///< is_repeatable()
  };
  std::vector<Change> changes{};
  std::vector<RegisterKey> looks{};
  /// Whether the register of this place among `looks` holds what it should.
  std::function<bool(std::size_t look, const RegisterState& state)> as_expected{};
};

enum class OneStepEnd : std::uint8_t {
  not_tried,  ///< nothing was sent: execute() and read() have to do it
  unsure,     ///< any of the changes may have been made, or may still be
  changed,    ///< all changes are chosen; nothing is known of the looks
  clean,      ///< all are, and there was a moment at which they stood and everything that was looked at was as expected
};

struct OneStepOutcome {
  OneStepEnd end = OneStepEnd::not_tried;
  CallStats stats{};
};

}  // namespace latium
