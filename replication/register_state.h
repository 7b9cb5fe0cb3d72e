// What a register holds, and the commands that change it. A command is data and a pure function: it can be sent to another
// proposer, batched, logged and tried again.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "replication/ballot.h"
#include "replication/row_commands.h"

namespace latium {

/// The largest value of a register, bytes.
inline constexpr std::size_t kRegisterBytesMax = 1u << 20;

/// Names one command of one caller: 128 random bits. A command that is tried again keeps its id.
struct RequestId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend auto operator<=>(const RequestId&, const RequestId&) = default;
  explicit operator bool() const { return high != 0 || low != 0; }
};

/// The requests of a few changes in a row, newest first. Never on the heap: every state has one.
class RequestLineage {
 public:
  static constexpr std::size_t kMax = 4;

  std::size_t size() const { return size_; }
  RequestId operator[](std::size_t place) const { return ids_[place]; }
  /// The oldest one makes room.
  void push_newest(RequestId request);
  /// Precondition: less than kMax are there.
  void push_oldest(RequestId request) { ids_[size_++] = request; }

  friend bool operator==(const RequestLineage&, const RequestLineage&) = default;

 private:
  std::array<RequestId, kMax> ids_{};  // all 0 from size_ on
  std::uint8_t size_ = 0;
};

struct RegisterState {
  /// 0: never written, or collected. Otherwise one more than the state that it was made from; the first is the stamp of its
  /// ballot, so that a register which is made again after its tombstone was collected does not repeat old versions.
  std::uint64_t version = 0;
  RequestId last_request;  ///< of the command that made this state
  bool present = false;    ///< false with a version: a tombstone
  Bytes value;             ///< empty when not present
  /// Of the versions right below this one, as far as the register goes back without having been collected.
  RequestLineage earlier{};

  /// The version that `request` made (the newest, if several), as far as this state can tell: of its own and the earlier
  /// requests.
  std::optional<std::uint64_t> version_of(RequestId request) const;
  /// Whether this state names the request of every version from `version` on that it was made from.
  bool tells_since(std::uint64_t since) const { return version != 0 && version - earlier.size() <= since; }
  /// Whether it names the requests of all versions since the register was made from nothing, or is nothing.
  bool tells_all() const { return earlier.size() < RequestLineage::kMax; }

  friend bool operator==(const RegisterState&, const RegisterState&) = default;
};

/// Writes `value` (nothing: deletes) if the register is as expected.
struct CasCommand {
  enum class Expect : std::uint8_t { anything = 0, absent = 1, value = 2, version = 3 };
  Expect expect = Expect::anything;
  Bytes expected_value;                ///< Expect::value
  std::uint64_t expected_version = 0;  ///< Expect::version
  std::optional<Bytes> value;
};

/// Takes a free or expired lock, or one that was outwaited. Times are the caller's: wall clock, milliseconds since the Unix
/// epoch.
struct LockAcquireCommand {
  Bytes owner;
  std::uint64_t now_ms = 0;
  std::uint64_t ttl_ms = 0;
  /// How long after its end an expired lock is still its holder's: the largest difference between two clocks.
  std::uint64_t clock_offset_ms = 0;
  /// Not 0: the caller saw the register's version stay this one for the lock's own `ttl_ms` and the offset, on a clock that does
  /// not jump. Whatever the end says that somebody's wrong clock wrote into it, the lease is over.
  std::uint64_t outwaited_version = 0;
};

/// Puts off the end of a lock that is held with this token.
struct LockRenewCommand {
  Bytes owner;
  std::uint64_t token = 0;
  std::uint64_t now_ms = 0;
  std::uint64_t ttl_ms = 0;
};

struct LockReleaseCommand {
  Bytes owner;
  std::uint64_t token = 0;
};

using RegisterCommand = std::variant<CasCommand, LockAcquireCommand, LockRenewCommand, LockReleaseCommand, RowCommand>;

/// Whether a command may be run a second time though it is not known to have failed: of a lock, where a second acquire of the
/// same caller is at worst a lease that runs out; of a row, the steps of a transaction, where the second one finds what the first
/// has done, or is refused as if it had come late. But not a row's write that keeps no outcome: its refusal would say that it was
/// not made.
bool is_repeatable(const RegisterCommand& command);

/// What became of a command.
struct CommandResult {
  bool applied = false;
  RegisterState state;   ///< after the command; when not applied, the state that refused it
  RowRefusal refusal{};  ///< of a row's command that was not applied
  Hlc not_before{};      ///< as in RowStep
};

/// state x command -> state, or a refusal with the state as it was. `ballot`: of the round that applies it.
CommandResult apply(const RegisterState& state, const RegisterCommand& command, RequestId request, const Ballot& ballot);

/// The state that `command` made as `version`, told from the command alone: all but its lineage. Nothing for an acquire, whose
/// token came from the state before it. Of a row's command only what row_made tells.
std::optional<RegisterState> state_made(const RegisterCommand& command, RequestId request, std::uint64_t version);

/// A lock, as the value of its register. A released lock stays, with an empty owner, so that its token goes on growing.
struct LockState {
  Bytes owner;                   ///< empty: free
  std::uint64_t token = 0;       ///< goes up by one with each new owner: a fencing token
  std::uint64_t expires_ms = 0;  ///< by the wall clock of the node that granted it
  std::uint64_t ttl_ms = 0;      ///< what was asked for last

  friend bool operator==(const LockState&, const LockState&) = default;
};

/// What the register holds as a row: nothing when it is absent. `corruption` when it holds something else.
Result<RowState> row_of(const RegisterState& state);

Bytes encode_lock(const LockState& lock);
/// `corruption` on what encode_lock cannot have written; the lock of an absent register is free with token 0.
Result<LockState> decode_lock(const RegisterState& state);

}  // namespace latium
