// A row's state as the value of its register. Byte table: docs/formats.md.
#include <algorithm>
#include <string>
#include <utility>

#include "base/varint.h"
#include "replication/row_state.h"

namespace latium {

namespace {

constexpr char kFormat = 2;  // 1 is a lock's

enum Flag : std::uint8_t { kCommitted = 1, kPresent = 2, kIntent = 4, kOutcomes = 8, kFloor = 16 };
constexpr std::uint8_t kKnownFlags = kCommitted | kPresent | kIntent | kOutcomes | kFloor;

enum IntentFlag : std::uint8_t { kIntentPresent = 1, kIntentStaged = 2, kIntentPrimary = 4 };
constexpr std::uint8_t kKnownIntentFlags = kIntentPresent | kIntentStaged | kIntentPrimary;

std::unexpected<Error> malformed(const char* what) {
  return fail(ErrorCode::corruption, std::string("a row's register ") + what);
}

void put_txn(Bytes& out, const TransactionId& txn) {
  put_u64(out, txn.high);
  put_u64(out, txn.low);
}

void put_keys(Bytes& out, const std::vector<Bytes>& keys) {
  put_varint(out, keys.size());
  for (const Bytes& key : keys) put_length_prefixed(out, key);
}

void put_intent(Bytes& out, const Intent& intent) {
  std::uint8_t flags = 0;
  if (intent.present) flags |= kIntentPresent;
  if (intent.staged()) flags |= kIntentStaged;
  if (intent.is_primary()) flags |= kIntentPrimary;
  out.push_back(static_cast<char>(flags));
  put_txn(out, intent.txn);
  put_u64(out, intent.start.value);
  if (intent.staged()) put_u64(out, intent.commit_ts.value);
  put_varint(out, intent.sequence);
  put_varint(out, intent.expires_ms);
  if (intent.is_primary()) {
    put_keys(out, intent.others);
  } else {
    put_length_prefixed(out, intent.primary);
  }
  if (intent.present) put_length_prefixed(out, intent.row);
}

void put_outcome(Bytes& out, const Outcome& outcome) {
  put_txn(out, outcome.txn);
  put_u64(out, outcome.start.value);
  put_u64(out, outcome.committed_ts.value);
  put_varint(out, outcome.at_ms);
  if (outcome.committed()) put_keys(out, outcome.unresolved);
}

Result<std::uint8_t> take_flags(BytesView& in, std::uint8_t known) {
  if (in.empty()) return malformed("is cut short before its flags");
  const auto flags = static_cast<std::uint8_t>(in.front());
  in.remove_prefix(1);
  if ((flags & ~known) != 0) return malformed("has unknown flags");
  return flags;
}

// All stamps and halves of ids are the same size.
Result<std::uint64_t> take_u64(BytesView& in) {
  if (in.size() < 8) return malformed("is cut short");
  const std::uint64_t value = get_u64(in.data());
  in.remove_prefix(8);
  return value;
}

Result<Hlc> take_stamp(BytesView& in) {
  LATIUM_TRY(const std::uint64_t value, take_u64(in));
  if (value == 0) return malformed("has a stamp of 0 where there is one");
  return Hlc{value};
}

Result<TransactionId> take_txn(BytesView& in) {
  TransactionId txn;
  LATIUM_TRY(txn.high, take_u64(in));
  LATIUM_TRY(txn.low, take_u64(in));
  if (!txn) return malformed("names no transaction where there is one");
  return txn;
}

Result<Bytes> take_bytes(BytesView& in) {
  LATIUM_TRY(const BytesView bytes, take_length_prefixed(in));
  return Bytes(bytes);
}

Result<std::vector<Bytes>> take_keys(BytesView& in) {
  LATIUM_TRY(const std::uint64_t count, take_varint(in));
  std::vector<Bytes> keys;
  for (std::uint64_t i = 0; i < count; ++i) {
    LATIUM_TRY(Bytes key, take_bytes(in));
    if (key.empty() || (i > 0 && key <= keys.back())) return malformed("has a list of keys out of order");
    keys.push_back(std::move(key));
  }
  return keys;
}

Result<CommittedRow> take_committed(BytesView& in, bool present) {
  CommittedRow committed;
  committed.present = present;
  LATIUM_TRY(committed.ts, take_stamp(in));
  LATIUM_TRY(committed.txn, take_txn(in));
  if (present) {
    LATIUM_TRY(committed.row, take_bytes(in));
  }
  return committed;
}

Result<Intent> take_intent(BytesView& in) {
  LATIUM_TRY(const std::uint8_t flags, take_flags(in, kKnownIntentFlags));
  Intent intent;
  LATIUM_TRY(intent.txn, take_txn(in));
  LATIUM_TRY(intent.start, take_stamp(in));
  if (flags & kIntentStaged) {
    LATIUM_TRY(intent.commit_ts, take_stamp(in));
    if (intent.commit_ts <= intent.start) return malformed("has an intent that commits before it starts");
  }
  LATIUM_TRY(const std::uint64_t sequence, take_varint(in));
  if (sequence > UINT32_MAX) return malformed("has an intent of an impossible sequence");
  intent.sequence = static_cast<std::uint32_t>(sequence);
  LATIUM_TRY(intent.expires_ms, take_varint(in));
  if (flags & kIntentPrimary) {
    LATIUM_TRY(intent.others, take_keys(in));
  } else {
    LATIUM_TRY(intent.primary, take_bytes(in));
    if (intent.primary.empty()) return malformed("has an intent without a primary");
  }
  intent.present = (flags & kIntentPresent) != 0;
  if (intent.present) {
    LATIUM_TRY(intent.row, take_bytes(in));
  }
  return intent;
}

Result<std::vector<Outcome>> take_outcomes(BytesView& in) {
  LATIUM_TRY(const std::uint64_t count, take_varint(in));
  if (count == 0 || count > kOutcomesMax) return malformed("has an impossible number of outcomes");
  std::vector<Outcome> outcomes;
  for (std::uint64_t i = 0; i < count; ++i) {
    Outcome outcome;
    LATIUM_TRY(outcome.txn, take_txn(in));
    if (i > 0 && outcome.txn <= outcomes.back().txn) return malformed("has outcomes out of order");
    LATIUM_TRY(outcome.start, take_stamp(in));
    LATIUM_TRY(outcome.committed_ts.value, take_u64(in));
    LATIUM_TRY(outcome.at_ms, take_varint(in));
    if (outcome.committed()) {
      if (outcome.committed_ts <= outcome.start) return malformed("has an outcome before its transaction's start");
      LATIUM_TRY(outcome.unresolved, take_keys(in));
    }
    outcomes.push_back(std::move(outcome));
  }
  const auto unresolved = std::ranges::count(outcomes, false, &Outcome::settled);
  if (unresolved > std::ptrdiff_t{kUnresolvedOutcomesMax}) return malformed("has too many outcomes that are not resolved");
  return outcomes;
}

std::size_t size_of(const std::vector<Bytes>& keys) {
  std::size_t size = 10;
  for (const Bytes& key : keys) size += 5 + key.size();
  return size;
}

}  // namespace

Bytes encode_row(const RowState& state) {
  Bytes out;
  if (state.empty()) return out;
  const CommittedRow& committed = state.committed;
  std::uint8_t flags = 0;
  if (committed.ts.value != 0) flags |= kCommitted;
  if (committed.present) flags |= kPresent;
  if (state.intent) flags |= kIntent;
  if (!state.outcomes.empty()) flags |= kOutcomes;
  if (state.floor.value != 0) flags |= kFloor;
  out.reserve(row_size_bytes(state));
  out.push_back(kFormat);
  out.push_back(static_cast<char>(flags));
  if (flags & kFloor) put_u64(out, state.floor.value);
  if (flags & kCommitted) {
    put_u64(out, committed.ts.value);
    put_txn(out, committed.txn);
    if (committed.present) put_length_prefixed(out, committed.row);
  }
  if (state.intent) put_intent(out, *state.intent);
  if (flags & kOutcomes) {
    put_varint(out, state.outcomes.size());
    for (const Outcome& outcome : state.outcomes) put_outcome(out, outcome);
  }
  return out;
}

std::size_t row_size_bytes(const RowState& state) {
  std::size_t size = 64 + state.committed.row.size();
  if (state.intent) size += 96 + state.intent->primary.size() + state.intent->row.size() + size_of(state.intent->others);
  for (const Outcome& outcome : state.outcomes) size += 48 + size_of(outcome.unresolved);
  return size;
}

Result<RowState> decode_row(BytesView in) {
  RowState state;
  if (in.empty()) return state;
  if (in.front() != kFormat) return malformed("does not hold a row");
  in.remove_prefix(1);
  LATIUM_TRY(const std::uint8_t flags, take_flags(in, kKnownFlags));
  if (flags == 0 || (flags & (kCommitted | kPresent)) == kPresent) return malformed("has impossible flags");
  if (flags & kFloor) {
    LATIUM_TRY(state.floor, take_stamp(in));
  }
  if (flags & kCommitted) {
    LATIUM_TRY(state.committed, take_committed(in, (flags & kPresent) != 0));
  }
  if (flags & kIntent) {
    LATIUM_TRY(state.intent, take_intent(in));
  }
  if (flags & kOutcomes) {
    LATIUM_TRY(state.outcomes, take_outcomes(in));
  }
  if (!in.empty()) return malformed("has bytes behind its end");
  return state;
}

}  // namespace latium
