// Two transactions that cross, committers that stop anywhere, recoverers, and a network that delivers whatever was ever sent, at
// any later time and any number of times: over the real commands of rows, on registers that are atomic. What is explored by
// commit_explorer.h.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "replication/row_commands.h"
#include "replication/row_recovery.h"

namespace latium::explorer {

inline constexpr int kKeysMax = 3;
inline constexpr int kCommitters = 2;
inline constexpr int kRecoverers = 2;

// Where a committer is.
enum Pc : std::uint8_t { kReading = 0, kPrewriting = 4, kDeciding, kAborting, kResolving, kOver };
// What a committer sends.
enum Message : std::uint8_t {
  kPrewrite = 0,
  kCommit,
  kPromote,
  kAbort,
  kForward,
  kBack,
  kFinish,
  kFenceOther,
  kAbortStaged,
  kMessages
};
// Kinds of commands beyond messages, for the numbers under which results are kept.
enum Kind : std::uint8_t { kRecovererAbort = kMessages, kFinishOne, kSweep };
enum RecovererPc : std::uint8_t {
  kIdle = 0,
  kAskPrimary,
  kResolve,
  kAbortThere,
  kAskOthers,
  kFence,
  kPromoteThere,
  kAbortFenced,
  kResolveOther,
  kFinishOther
};
enum Actor : std::uint8_t { kRecovererActor = 10, kTime = 20 };
enum CommitterStep : std::uint8_t { kRead = 20, kStop, kGiveUp, kHeard = 40 };
enum Told : std::uint8_t { kNotTold = 0, kToldCommitted, kToldAborted };
enum Wrong : std::uint8_t { kNothing = 0, kTwice, kLostUpdate, kWrongTs };

inline constexpr std::uint64_t kStartMs = 1'000;
inline constexpr std::uint64_t kMuchLaterMs = kStartMs + 2 * kRowMemoryMs;

inline TransactionId id_of(int txn) {
  return {1, static_cast<std::uint64_t>(txn) + 1};
}

inline Hlc start_of(int txn) {
  return Hlc::from_parts(kStartMs + static_cast<std::uint64_t>(txn), 0);
}

inline Bytes name_of(int key) {
  return "k" + std::to_string(key);
}

inline int bit(int place) {
  return 1 << place;
}

template <class Bits>
void set(Bits& bits, int place) {
  bits = static_cast<Bits>(bits | bit(place));
}

inline bool on_line(std::uint8_t line, int txn) {
  return (line & 3) == txn + 1 || (line >> 2) == txn + 1;
}

/// A rule that is left out on purpose: the explorer has to notice.
enum class Break : std::uint8_t {
  none,
  no_fence,              ///< who finds no trace of a transaction at its primary rolls back at once
  prewrite_after_abort,  ///< a prewrite does not look for the outcome
  commit_after_abort,    ///< nor does a commit
  resolve_any,           ///< resolve takes whatever intent it finds
  prewrite_any_ts,       ///< a prewrite does not compare what was read
  floor_forgotten,       ///< outcomes are dropped without a floor
  memory_forgotten,      ///< an empty register takes any transaction
  abort_staged,          ///< a staged intent is aborted like another one
  fence_over_intent,     ///< a fence takes the intent away
  promote_unasked,       ///< a staged transaction is taken for committed without its other keys
  acknowledged_early,    ///< a parallel commit is acknowledged at its first prewrite
  finished_unresolved,   ///< an outcome goes before the other keys are resolved
};

struct Plan {
  int keys = 2;  ///< both transactions write all; the primary of the first is key 0, of the second key 1
  bool parallel = false;
  bool deletes = false;  ///< the second one deletes
  bool forgets = false;  ///< at any moment, at any key, enough time passes for whatever is dropped by age
  int recoverers = kRecoverers;
  Break broken = Break::none;
};

struct Committer {
  std::uint16_t sent;  // bits: what the network may deliver from now on, sent by it or by a recoverer in its place
  std::uint8_t pc;
  std::uint8_t reads;  // bits by key: its read saw the other transaction's commit
  std::uint8_t saw;    // likewise, but what was true and not what the row still told
  std::uint8_t acks;   // bits by key
  std::uint8_t told;   // how it ended, as its caller was told
  std::uint8_t unused;

  friend bool operator==(const Committer&, const Committer&) = default;
};

struct Recoverer {
  std::uint8_t pc;
  std::uint8_t txn;
  std::uint8_t key;  // where it met the intent
  std::uint8_t at;   // of the others: which is read or fenced
  std::uint16_t seen;
  std::uint8_t forward;
  std::uint8_t unused;

  friend auto operator<=>(const Recoverer&, const Recoverer&) = default;
};

/// Everything, in few bytes; rows by number.
struct World {
  std::array<std::uint16_t, kKeysMax> rows;
  std::array<Recoverer, kRecoverers> recoverers;
  std::array<Committer, kCommitters> committers;
  std::array<std::uint8_t, kKeysMax> lines;  // who has committed on the key, in order: 2 bits each, txn + 1
  std::uint8_t late;                         // bits by key: the register's clock has gone on by more than its memory
  std::uint8_t wrong;                        // something happened that must not: an index into what violation() says
  std::uint8_t unused;

  friend bool operator==(const World&, const World&) = default;
};
static_assert(std::has_unique_object_representations_v<World>);

struct Successor {
  World world;
  std::array<std::uint8_t, 3> label;  // actor, step, key
};

class CommitSystem {
 public:
  explicit CommitSystem(const Plan& plan);

  World initial() const { return {}; }
  void successors(const World& world, std::vector<Successor>& out);
  /// What must never be. Null: nothing.
  const char* violation(const World& world) const;
  /// What is still in the way once one recoverer has done what it can, and the committers have stopped. Null: nothing.
  const char* stuck(const World& world);
  static std::string describe(const std::array<std::uint8_t, 3>& label);

 private:
  struct Applied {
    std::uint16_t row;
    RowRefusal refusal;
  };
  const RowState& row(const World& world, int key) const { return rows_[world.rows[key]]; }
  std::uint16_t number_of(RowState state);
  template <class Make>
  RowRefusal run(World& world, int key, int kind, int txn, int parameter, Make make);
  RowStep apply(const RowState& state, RowCommand command, std::uint64_t clock_ms) const;
  void committed_there(World& world, int key, const TransactionId& txn) const;

  RowRefusal prewrite(World& world, int txn, int key);
  RowRefusal abort(World& world, int txn, int key, RowAbort::When when, bool fenced);
  RowRefusal resolve(World& world, int txn, int key, bool forward);
  RowRefusal deliver(World& world, int txn, int message, int key);

  RowRefusal send(World& world, int txn, Message message, int key);

  void committer_steps(const World& world, int txn, std::vector<Successor>& out) const;
  void deliveries(const World& world, int txn, std::vector<Successor>& out);
  void hear(World& world, int txn, int message, int key, RowRefusal refusal) const;
  void recoverer_steps(const World& world, int who, std::vector<Successor>& out);
  void look_around(const World& world, int who, std::vector<Successor>& out) const;
  void recoverer_step(World& world, Recoverer& me);
  void ask_primary(World& world, Recoverer& me) const;
  void ask_others(const World& world, Recoverer& me) const;
  void time_passes(const World& world, std::vector<Successor>& out);

  Hlc commit_ts(const World& world, int txn) const;
  std::vector<Bytes> others_of(int txn) const;
  int other(int txn, int at) const { return at < txn ? at : at + 1; }

  Plan plan_;
  std::vector<RowState> rows_;
  std::unordered_map<Bytes, std::uint16_t> numbers_;
  std::unordered_map<std::uint64_t, Applied> applied_;
};

template <class Make>
RowRefusal CommitSystem::run(World& world, int key, int kind, int txn, int parameter, Make make) {
  const bool late = (world.late & bit(key)) != 0;
  const auto code = static_cast<std::uint64_t>((((kind * 4 + txn) * 64 + parameter) * 4 + key) * 2 + (late ? 1 : 0));
  const std::uint64_t at = code << 16 | world.rows[key];
  auto found = applied_.find(at);
  if (found == applied_.end()) {
    const RowStep step = apply(row(world, key), make(), late ? kMuchLaterMs : kStartMs);
    found = applied_.emplace(at, Applied{number_of(step.state), step.refusal}).first;
  }
  const RowState& before = row(world, key);
  world.rows[key] = found->second.row;
  const RowState& after = row(world, key);
  const bool by_intent = (kind == kCommit || kind == kPromote || kind == kForward) && before.intent && !after.intent;
  const bool seen = after.committed.ts != before.committed.ts && after.committed.ts.value != 0;
  // A deletion may be forgotten at once: then only the intent tells.
  if (by_intent || seen) committed_there(world, key, by_intent ? before.intent->txn : after.committed.txn);
  return found->second.refusal;
}

}  // namespace latium::explorer
