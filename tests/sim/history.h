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

namespace latium::sim {

enum class Outcome : std::uint8_t {
  running,  ///< never ended: counts as info
  ok,
  fail,  ///< certainly had no effect
  info,  ///< may have happened, may happen later, or never
};
std::string_view to_string(Outcome outcome);

struct Operation {
  int process = 0;
  std::string op;                              ///< put, get, remove, scan, ...; "final_" in front: after everything has healed
  Bytes key;                                   ///< or the prefix scanned
  std::optional<Bytes> value;                  ///< written, or read; none = absent
  std::vector<std::pair<Bytes, Bytes>> pairs;  ///< what a scan returned
  Outcome outcome = Outcome::running;
  Duration start{0};
  Duration end{0};  ///< unset while running
  std::string error;
};

class History {
 public:
  /// Returns the number of the operation, for end().
  std::size_t begin(int process, std::string op, Bytes key, std::optional<Bytes> value, Duration now);
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

}  // namespace latium::sim
