// History: what clients asked for and what they were told, for checkers. The format of its lines: docs/testing.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/clock.h"
#include "tests/sim/micro_op.h"

namespace latium::sim {

enum class Outcome : std::uint8_t {
  running,  ///< never ended: counts as info
  ok,
  fail,  ///< certainly had no effect
  info,  ///< may have happened, may happen later, or never
};
std::string_view to_string(Outcome outcome);

/// What the name of an operation means to a checker.
enum class OpKind : std::uint8_t {
  write,       ///< put, write
  remove,      ///< a write of "absent"
  read,        ///< get, read
  local_read,  ///< of one replica: may be old
  scan,
  cas,
  acquire,
  renew,
  release,
  guarded_write,
  bucket,  ///< of a key of a bucket that several copies are held of: see bucket_checker.h
  transaction,
  other,
};
/// "final_" in front changes nothing.
OpKind kind_of(std::string_view op);

struct Operation {
  int process = 0;
  std::string op;                              ///< put, get, cas, acquire, ...; "final_" in front: after everything has healed
  Bytes key;                                   ///< or the prefix scanned, or the lock
  std::optional<Bytes> value;                  ///< written, or read; none = absent
  std::vector<std::pair<Bytes, Bytes>> pairs;  ///< what a scan returned; of buckets, bucket_checker.h
  Outcome outcome = Outcome::running;
  Duration start{0};
  Duration end{0};  ///< unset while running
  std::string error;

  // cas
  std::optional<Bytes> expected = std::nullopt;  ///< the value that must be there; none = absent
  /// Of an ok cas or guarded_write, which must have it: whether it changed anything. Of an ok acquire, renew or release:
  /// false = refused; none = done.
  std::optional<bool> applied = std::nullopt;
  /// Of a refused cas: the value that was there (inner none = absent); outer none = the client was not told.
  std::optional<std::optional<Bytes>> found = std::nullopt;

  // locks, and the writes that a lock guards
  Bytes owner = {};
  std::optional<std::uint64_t> token = std::nullopt;  ///< got by an ok acquire, shown by the others
  std::optional<std::int64_t> ttl_ms = std::nullopt;
  std::optional<std::int64_t> expires_ms = std::nullopt;  ///< as the lock said; wall clock since 1970

  bool one_copy = false;  ///< of buckets: a write that is acknowledged once one copy has it

  // transactions
  std::vector<MicroOp> ops = {};
  bool read_committed = false;  ///< what it only read is not meant to be checked

  friend bool operator==(const Operation&, const Operation&) = default;
};

/// One line for people: process, operation, what it returned, times in nanoseconds.
std::string describe(const Operation& operation);

class History {
 public:
  /// Returns the number of the operation, for end().
  std::size_t begin(int process, std::string op, Bytes key, std::optional<Bytes> value, Duration now);
  /// The same for an operation with more fields; its start becomes `now`.
  std::size_t begin(Operation operation, Duration now);
  void end_ok(std::size_t operation, Duration now) { finish(operation, Outcome::ok, now); }
  /// `fail` or `info`, as the error's certainty says.
  void end_error(std::size_t operation, const Error& error, Duration now);

  const std::vector<Operation>& operations() const { return operations_; }
  Operation& operation(std::size_t number) { return operations_[number]; }
  /// For hand-made histories.
  void add(Operation operation) { operations_.push_back(std::move(operation)); }

  /// One JSON object a line, an `invoke` for each operation and its end, in order of time.
  std::string to_json_lines() const;

 private:
  void finish(std::size_t operation, Outcome outcome, Duration now);

  std::vector<Operation> operations_;
};

/// The history that to_json_lines() wrote, operations in the order of their `invoke` lines. Empty lines and fields that are
/// not in the format are passed over. `invalid_argument` names the first line that is wrong, and what is wrong with it.
Result<History> parse_history(std::string_view json_lines);

}  // namespace latium::sim
