// Changes of a row's register, as data and pure functions: the steps of the commit protocol. Each may come late, or twice; what
// each of them must refuse so that this does no harm is written here and in docs/protocols.md, "Sessions".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "replication/row_state.h"

namespace latium {

// `now_ms`, in all of them: the wall clock of who sends it, milliseconds since the Unix epoch. It decides when something has
// taken too long, never whether the outcome is right. Keys are registers' stored keys, lists of them ascending.

/// A transaction of one row, in one command.
struct RowWrite {
  TransactionId txn{};
  /// Not 0: its outcome is kept, as that of a RowCommit is. So it is recognised when it comes again after others have written,
  /// RowAbort keeps it from having an effect, and an old one is refused. Below `commit_ts`.
  Hlc start{};
  std::optional<Hlc> expected{};  ///< the committed ts that was read; nothing: any
  Hlc commit_ts{};
  bool present = false;  ///< false: delete
  Bytes row{};
  std::uint64_t now_ms = 0;

  bool keeps_outcome() const { return start.value != 0; }
  friend bool operator==(const RowWrite&, const RowWrite&) = default;
};

/// Puts the intent of a transaction. Again with the same or an earlier sequence: no change. A later sequence replaces the
/// intent, unless that is staged: then it may be committed already.
struct RowPrewrite {
  Intent intent{};
  Hlc expected{};  ///< the committed ts that was read, exactly; 0: nothing was there
  std::uint64_t now_ms = 0;

  friend bool operator==(const RowPrewrite&, const RowPrewrite&) = default;
};

/// At the primary: the commit point of a transaction that is not staged. The caller knows all its prewrites to be chosen, and
/// what it read to be valid. `commit_ts`: above the start and all that was read.
struct RowCommit {
  TransactionId txn{};
  Hlc start{};
  Hlc commit_ts{};
  std::uint64_t now_ms = 0;

  friend bool operator==(const RowCommit&, const RowCommit&) = default;
};

/// At the primary: writes down that a staged transaction has committed. The caller knows all its prewrites to be chosen.
struct RowPromote {
  TransactionId txn{};
  Hlc start{};
  std::uint64_t now_ms = 0;

  friend bool operator==(const RowPromote&, const RowPromote&) = default;
};

/// Ends a transaction that has not committed, and keeps what it may still send to this key from having an effect.
struct RowAbort {
  enum class When : std::uint8_t {
    always = 0,   ///< at the primary
    expired = 1,  ///< at the primary: an intent only when it has expired
    absent = 2,   ///< at another key of a staged transaction: a fence, only where it has no staged intent
  };
  TransactionId txn{};
  Hlc start{};
  When when = When::always;
  /// At the primary of a staged transaction: one of its keys has been fenced, so it has not committed and never will.
  bool fenced = false;
  std::uint64_t now_ms = 0;

  friend bool operator==(const RowAbort&, const RowAbort&) = default;
};

/// Not at the primary: what the outcome there says is done to the intent here. No intent of the transaction: no change.
struct RowResolve {
  TransactionId txn{};
  Hlc committed_ts{};  ///< 0: aborted
  std::uint64_t now_ms = 0;

  friend bool operator==(const RowResolve&, const RowResolve&) = default;
};

/// At the primary: these keys have been resolved.
struct RowFinish {
  TransactionId txn{};
  std::vector<Bytes> resolved{};
  std::uint64_t now_ms = 0;

  friend bool operator==(const RowFinish&, const RowFinish&) = default;
};

/// Drops what is over, as every change does by the way; of a deleted row the register becomes a tombstone once nothing is left.
struct RowSweep {
  std::uint64_t now_ms = 0;

  friend bool operator==(const RowSweep&, const RowSweep&) = default;
};

using RowCommand = std::variant<RowWrite, RowPrewrite, RowCommit, RowPromote, RowAbort, RowResolve, RowFinish, RowSweep>;

/// Why a command was refused. Numbers are on the wire: never reuse one.
enum class RowRefusal : std::uint8_t {
  none = 0,
  not_a_row = 1,        ///< the register holds something else
  malformed = 2,        ///< no correct caller sends this
  foreign_intent = 3,   ///< another transaction's intent is in the way: row_recovery.h says what to do about it
  ts_differs = 4,       ///< the row has changed since it was read: a conflict
  behind = 5,           ///< the commit ts is not above the committed one: take a later one
  too_old = 6,          ///< the transaction is: begin it anew, not before RowStep::not_before
  aborted = 7,          ///< the transaction has been aborted
  committed = 8,        ///< the transaction has committed
  settled = 9,          ///< it has ended, and it is no longer known here how
  not_prepared = 10,    ///< the transaction has no intent here, and is not known
  superseded = 11,      ///< the transaction's own intent here is not one that this may replace
  staged = 12,          ///< a parallel commit: it may have committed; ask all its keys (row_recovery.h)
  not_staged = 13,      ///< not a parallel commit: only RowCommit commits it
  not_expired = 14,     ///< the intent is still its owner's
  intent_present = 15,  ///< no fence where the intent is
  primary = 16,         ///< the intent's outcome is decided here: it is not resolved but committed or aborted
  not_primary = 17,     ///< the intent's outcome is decided elsewhere
  too_large = 18,       ///< the row is larger than kRowBytesMax, or its transaction has more keys than a register can list
  overloaded = 19,      ///< too many outcomes here wait to be resolved: finish those first
};

/// "foreign intent", for messages and events.
std::string_view to_string(RowRefusal refusal);

struct RowStep {
  RowState state{};  ///< after the command; when refused, as it was
  RowRefusal refusal = RowRefusal::none;
  Hlc not_before{};  ///< too_old: the least start (RowWrite without one: commit ts) that this register takes

  bool applied() const { return refusal == RowRefusal::none; }
};

/// state x command -> state, or a refusal. `clock_ms`: the stamp of the ballot under which it is run. On one register that never
/// goes back, whatever clocks do, not even when the register was collected meanwhile: what was forgotten by it is refused by it.
RowStep apply_row(const RowState& state, const RowCommand& command, std::uint64_t clock_ms);

/// What the register would hold if the command had met nothing there: of a write or prewrite what it wrote, of the others
/// nothing.
RowState row_made(const RowCommand& command);

}  // namespace latium
