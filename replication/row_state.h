// What a register holds when it holds a row: the row as committed, the intent of a transaction that is about to change it, and
// how transactions whose primary it is have ended. Why it is so: docs/protocols.md, "Sessions".
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/hlc.h"
#include "base/result.h"

namespace latium {

/// The largest row, bytes. A register has room for two of them and for lists of keys.
inline constexpr std::size_t kRowBytesMax = 256u << 10;
/// Of an encoded RowState that a command may leave behind; what a register can hold beyond that is kept for outcomes, so that
/// no transaction is stuck for want of room.
inline constexpr std::size_t kRowStateBytesMax = 960u << 10;
/// Outcomes that one register keeps. Settled ones make room for others; see Outcome::settled.
inline constexpr std::size_t kOutcomesMax = 32;
/// Of these, how many may wait for other keys to be resolved: so there is always a settled one that can make room.
inline constexpr std::size_t kUnresolvedOutcomesMax = kOutcomesMax / 2;
/// No transaction takes part in anything new when it is older: it is refused, and what is remembered of it may go.
inline constexpr std::uint64_t kTransactionLifeMs = 60'000;
/// How long a register that has nothing more to say stays all the same, before it becomes a tombstone. Also how far the clocks
/// of nodes may be apart before transactions are refused by registers that hold nothing.
inline constexpr std::uint64_t kRowMemoryMs = 24ull * 3600 * 1000;

/// 128 random bits; 0: none.
struct TransactionId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend auto operator<=>(const TransactionId&, const TransactionId&) = default;
  explicit operator bool() const { return high != 0 || low != 0; }
};

/// Which transaction goes first when two are in each other's way: the one that started earlier.
bool older(Hlc start_a, const TransactionId& a, Hlc start_b, const TransactionId& b);

struct CommittedRow {
  Hlc ts{};             ///< of the commit; on one key it only grows. 0: never written, or forgotten
  TransactionId txn{};  ///< that wrote it
  bool present = false;
  Bytes row{};  ///< empty when not present

  friend bool operator==(const CommittedRow&, const CommittedRow&) = default;
};

/// What a transaction is about to make of the row. Keys are registers' stored keys (RegisterKey::stored()).
struct Intent {
  TransactionId txn{};
  Hlc start{};
  Hlc commit_ts{};             ///< of a parallel commit, fixed beforehand; 0: given with the commit
  std::uint32_t sequence = 0;  ///< the transaction's own count: a later prewrite of the key replaces an earlier one
  std::uint64_t expires_ms = 0;
  Bytes primary{};              ///< where the transaction's outcome is; empty: this register is its primary
  std::vector<Bytes> others{};  ///< at the primary: all other keys that it writes, ascending
  bool present = false;         ///< false: the row is deleted
  Bytes row{};

  bool is_primary() const { return primary.empty(); }
  bool staged() const { return commit_ts.value != 0; }

  friend bool operator==(const Intent&, const Intent&) = default;
};

/// How a transaction ended. At its primary this is the truth; elsewhere it is only ever `aborted`, a fence: what the transaction
/// may still send to this key is refused.
struct Outcome {
  TransactionId txn{};
  Hlc start{};
  Hlc committed_ts{};               ///< 0: aborted
  std::uint64_t at_ms = 0;          ///< when it was recorded, by the clock of who did
  std::vector<Bytes> unresolved{};  ///< committed: keys that may still have its intent, ascending

  bool committed() const { return committed_ts.value != 0; }
  /// Nobody needs it any more in order to finish the transaction: it is kept for a while for those who ask, and then goes.
  bool settled() const { return unresolved.empty(); }

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

struct RowState {
  CommittedRow committed{};
  std::optional<Intent> intent{};
  std::vector<Outcome> outcomes{};  ///< by txn
  /// Of the transactions that started up to it, this register has forgotten outcomes: they can prewrite nothing here.
  Hlc floor{};

  /// Never written, or nothing of it is left: its register has no value.
  bool empty() const { return committed.ts.value == 0 && !intent && outcomes.empty() && floor.value == 0; }
  const Outcome* outcome_of(const TransactionId& txn) const;
  /// The intent, if it is this transaction's.
  const Intent* intent_of(const TransactionId& txn) const;

  friend bool operator==(const RowState&, const RowState&) = default;
};

/// What a reader sees: the row as committed. An intent beside it may be of a transaction that has committed already; who has to
/// know asks its primary first (row_recovery.h).
inline const CommittedRow& visible(const RowState& state) {
  return state.committed;
}

/// Byte table: docs/formats.md. One encoding for a value; nothing for the empty state. Precondition: outcomes and lists of keys
/// are in order.
Bytes encode_row(const RowState& state);
/// About how long encode_row's answer is, never less.
std::size_t row_size_bytes(const RowState& state);
/// `corruption` on what encode_row cannot have made.
Result<RowState> decode_row(BytesView stored);

}  // namespace latium
