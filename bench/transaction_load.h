// A closed loop of clients with transactions, the same for every system that sessions_vs_mariadb.py compares: each client has one
// thread and one transaction at a time. What to do comes line by line on the standard input, what came of it goes to the output.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace latium::bench {

/// Rows of the tables: `rows` (id, value), `counters` (id, n), with ids from 0.
inline constexpr std::uint64_t kRows = 100'000;
inline constexpr std::uint64_t kCounters = 10'000;
inline constexpr std::size_t kValueBytes = 100;

/// One client of a system, on its own thread. Each call commits one transaction, trying again what the system has refused or
/// ended, and answers how often it had to begin.
class TransactionClient {
 public:
  virtual ~TransactionClient() = default;

  /// Reads the first three rows, writes `value` into the last two: five statements and a commit.
  virtual std::uint64_t mixed(const std::array<std::uint64_t, 5>& rows, const std::string& value) = 0;
  /// Reads a counter, and writes one more.
  virtual std::uint64_t increment(std::uint64_t counter) = 0;
};

struct TransactionSystem {
  std::string name;
  std::function<std::unique_ptr<TransactionClient>(std::size_t number)> connect;
  /// The sum of all counters.
  std::function<std::int64_t()> total;
};

/// Serves lines "mixed|one_row|zipfian CLIENTS SECONDS" until the input ends, each with a line of JSON: rate, latencies of whole
/// transactions (from the first attempt on) in microseconds, how often they had to begin, how even it was, and, of counters, what
/// is missing. Returns the exit status.
int serve_load(const TransactionSystem& system);

}  // namespace latium::bench
