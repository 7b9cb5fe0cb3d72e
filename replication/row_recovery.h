// What to do about the intent of another transaction, from what its primary and its other keys hold, and what is left to do at a
// row that nobody may come to. Pure; the steps are commands of row_commands.h. Every answer may be out of date when it is carried
// out: the commands then refuse.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "replication/row_state.h"

namespace latium {

/// Who wants to read or write the key.
struct Contender {
  TransactionId txn;
  Hlc start;
};

enum class IntentAction : std::uint8_t {
  roll_forward,  ///< it has committed: RowResolve with the ts, at the intent
  roll_back,     ///< it has not, and will not: RowResolve as aborted, at the intent
  wait,          ///< it is at work, and older: look again in a little while
  /// RowAbort at its primary (`always`). Applied, or refused as `settled`: roll_back; refused otherwise: look again.
  abort_it,
  /// Its primary knows nothing of it: the same command, after which what the transaction sends late is refused there.
  fence_it,
  recover,  ///< a parallel commit: read all its keys, then what_became_of
};

struct IntentVerdict {
  IntentAction action = IntentAction::wait;
  Hlc committed_ts{};  ///< roll_forward

  friend bool operator==(const IntentVerdict&, const IntentVerdict&) = default;
};

/// `primary`: what the intent's primary holds, read after the intent was seen. An intent that is at its primary is asked about in
/// the same way, and abort_it then already ends it. `me`: nothing for who only wants dead intents out of the way.
IntentVerdict what_to_do_about(const Intent& intent, const RowState& primary, const std::optional<Contender>& me,
                               std::uint64_t now_ms);

enum class StagedAction : std::uint8_t {
  promote,  ///< all its intents are there: it has committed. RowPromote at the primary
  fence,    ///< RowAbort `absent` at the key `at`, which has no intent of it; then `abort`, or, if refused, look again
  abort,  ///< one of its keys is fenced: RowAbort (`always`) with `fenced` at the primary, whose answers mean what abort_it says
};

struct StagedVerdict {
  StagedAction action = StagedAction::fence;
  std::size_t at = 0;  ///< fence: which of `others`

  friend bool operator==(const StagedVerdict&, const StagedVerdict&) = default;
};

/// Of the staged intent at a primary. `others`: what the keys of Intent::others hold, in that order, each read after the primary.
StagedVerdict what_became_of(const Intent& staged, const std::vector<RowState>& others);

/// How long after its end an intent, or keys that are not resolved, are taken for what a dead committer has left: whoever is at
/// work is done long before.
inline constexpr std::uint64_t kLeftAfterMs = 10'000;

/// What is left to do at a row.
struct RowLeftovers {
  const Intent* intent = nullptr;            ///< to be ended
  std::vector<const Outcome*> unresolved{};  ///< committed here, and other keys may still have intents
  bool forgettable = false;                  ///< deleted long ago: RowSweep leaves a tombstone

  bool empty() const { return intent == nullptr && unresolved.empty() && !forgettable; }
};

/// Of a row that nobody may come to any more. Refers to the state. `now_ms`: by the wall clock.
RowLeftovers leftovers_of(const RowState& state, std::uint64_t now_ms);

}  // namespace latium
