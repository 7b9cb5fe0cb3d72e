// TenantRegisters: the strong keys of a tenant. Every change is one compare-and-set, agreed on by a majority of replicas.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "latium/call.h"
#include "latium/error.h"

namespace latium {

/// The largest value of a register, bytes. Keys are as those of buckets: 1 byte to 64 KiB.
inline constexpr std::size_t kMaxRegisterBytes = 1u << 20;

/// Which value a read of a register may give.
enum class Consistency : std::uint8_t {
  quorum,  ///< linearizable: every change that was acknowledged before the read began is seen
  local,   ///< what the nearest replica knows to be agreed: possibly old (some 50 ms while nothing fails), never one
           ///< that may still be lost
};

struct RegisterReadOptions {
  Consistency consistency = Consistency::quorum;
  std::chrono::milliseconds timeout{10'000};  ///< 1 ms to 24 h
};

struct RegisterWriteOptions {
  std::chrono::milliseconds timeout{10'000};  ///< 1 ms to 24 h
};

/// What a register must hold for a change of it to be made.
class Expected {
 public:
  enum class Kind : std::uint8_t { anything, absent, value, version };

  static Expected anything() { return {Kind::anything, {}, 0}; }
  static Expected absent() { return {Kind::absent, {}, 0}; }
  static Expected holds(std::string value) { return {Kind::value, std::move(value), 0}; }
  /// As a read or a change has told it; 0: never written.
  static Expected in_version(std::uint64_t version) { return {Kind::version, {}, version}; }

  Kind kind() const { return kind_; }
  const std::string& value() const { return value_; }
  std::uint64_t version() const { return version_; }

 private:
  Expected(Kind kind, std::string value, std::uint64_t version) : kind_(kind), value_(std::move(value)), version_(version) {}

  Kind kind_;
  std::string value_;
  std::uint64_t version_;
};

/// A register as a read found it.
struct RegisterValue {
  std::optional<std::string> value;  ///< nothing: it does not exist
  /// Grows with every change, by one; 0 before the first. One that was removed and is written again goes on above its old
  /// versions.
  std::uint64_t version = 0;
  CallCost cost;
};

/// What became of a change.
struct RegisterChange {
  bool applied = false;       ///< false: the register was not as expected, and was left as it was
  std::uint64_t version = 0;  ///< of the register, after the call
  /// What refused the change: as fresh as a read. Nothing: the register does not exist, or the change was made.
  std::optional<std::string> value;
  CallCost cost;
};

/// A handle: cheap to copy, any thread, on any node of the cluster, replica or not. It outlives neither its node nor its tenant:
/// afterwards calls answer `unavailable` or `unknown_tenant`.
///
/// Errors of all calls: `invalid_argument` (key, value or timeout out of bounds), `unknown_tenant` (dropped), `unavailable` (no
/// majority answered in time; nothing was changed), `overloaded`, `io_error`, `corruption`. Of changes also `unknown_outcome`:
/// the change may have been made, or may still be; read, or repeat it with Expected::in_version().
///
/// The callback forms do not block; the callback runs once, on the node's own thread (on the caller's when the node is stopped),
/// and must not block it. `latium/asio.h` has them as awaitables.
///
/// Source: Rystsov, "CASPaxos" (2018); docs/protocols.md, "Several nodes".
class TenantRegisters {
 public:
  /// Quorum: one round trip to a majority when its members agree, up to three while a change is under way. Local: none where this
  /// node is a replica, and then on the caller's own thread, about the price of a get of a bucket; one to the nearest replica
  /// otherwise.
  Result<RegisterValue> get(std::string_view key, RegisterReadOptions options = {});
  void get_async(std::string key, RegisterReadOptions options, Callback<RegisterValue> done);

  /// Writes `value` if the register is as expected. A refusal is no error but `applied` false. Linearizable; on the disks of a
  /// majority when acknowledged. One round trip for the node that changed the register last, two for another, more under
  /// contention.
  Result<RegisterChange> cas(std::string_view key, Expected expected, std::string_view value, RegisterWriteOptions options = {});
  void cas_async(std::string key, Expected expected, std::string value, RegisterWriteOptions options,
                 Callback<RegisterChange> done);

  /// Removes the register if it is as expected; consistency and cost as cas(). One that does not exist is removed too.
  Result<RegisterChange> remove(std::string_view key, Expected expected = Expected::anything(),
                                RegisterWriteOptions options = {});
  void remove_async(std::string key, Expected expected, RegisterWriteOptions options, Callback<RegisterChange> done);

  const std::string& tenant() const;

 private:
  friend class Node;
  struct Impl;
  explicit TenantRegisters(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace latium
