// `bench kv`: reads and writes of one bucket, many in flight, and how long they take.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "node/cli/acked_log.h"
#include "node/cli/bench_data.h"
#include "node/cli/context.h"
#include "node/cli/histogram.h"
#include "node/cli/inbox.h"
#include "node/cli/zipfian.h"
#include "proto/client.pb.h"

namespace latium::cli {

struct BenchOptions {
  Target target;
  std::size_t clients = 1;    ///< connections
  std::size_t pipeline = 16;  ///< requests in flight on each
  Duration duration = std::chrono::seconds(10);
  std::uint64_t operations = 0;  ///< 0: until the duration has passed
  unsigned reads_percent = 50;
  std::uint64_t keys = 100'000;
  std::size_t value_bytes = 100;
  client::Durability durability = client::DURABILITY_SYNC;
  std::uint64_t seed = 1;
  double theta = 0;
  Duration timeout = std::chrono::seconds(10);  ///< of each request
};

struct BenchReport {
  struct Kind {
    Histogram latency;  ///< nanoseconds, of those that succeeded
    std::uint64_t errors = 0;
    std::uint64_t misses = 0;  ///< reads that found nothing
  };
  Kind reads;
  Kind writes;
  Duration took{};
  std::uint64_t bytes = 0;                     ///< keys and values moved by those that succeeded
  std::map<std::string, std::uint64_t> codes;  ///< of the errors
  std::optional<Error> ended_by;               ///< an error that ended it before its time
  bool interrupted = false;
};

/// Closed loop: each of clients * pipeline slots sends its next request when it has its answer. Any error but `overloaded`
/// ends the run once what is in flight has ended.
///
/// With a log of acknowledged writes, no key has two writes in flight, so that the order in which they take effect is known.
class BenchRun {
 public:
  /// All outlive it. `log` may be null; else keys >= 2 * clients * pipeline.
  BenchRun(RemoteClient& client, const BenchOptions& options, const Zipfian& zipfian, BenchData& data, AckedLog* log);

  /// Blocks until the run has ended. `io_error` when the log cannot be written. `on_tick(completed)` runs now and then on
  /// the caller's thread.
  Result<BenchReport> run(const std::atomic<bool>* interrupted, const std::function<void(std::uint64_t)>& on_tick);

 private:
  struct Operation {
    std::size_t connection = 0;
    std::uint64_t item = 0;
    std::uint64_t sequence = 0;  // of a write; 0: a read
    MonotonicTime started;
  };

  // All of these on the loop.
  void begin();
  void issue(std::size_t connection, MonotonicTime now);
  bool over(MonotonicTime now) const;
  bool choose_free_item(std::uint64_t& item);
  void send_read(Operation operation);
  void send_write(Operation operation);
  void read_done(const Operation& operation, const Result<Bytes>& answer);
  void write_done(const Operation& operation, const Result<Bytes>& answer);
  void failed(const Operation& operation, BenchReport::Kind& kind, const Error& error);
  void slot_ended();

  RemoteClient& client_;
  const BenchOptions& options_;
  const Zipfian& zipfian_;
  BenchData& data_;
  AckedLog* log_;
  Random random_;
  std::vector<bool> writing_;  // items with a write in flight, or whose last write's outcome is unknown
  BenchReport report_;
  std::optional<Error> log_error_;
  MonotonicTime started_;
  MonotonicTime end_ = kNever;
  std::uint64_t issued_ = 0;
  std::size_t active_ = 0;
  std::atomic<std::uint64_t> completed_{0};
  std::atomic<bool> stop_{false};
  const std::shared_ptr<Inbox<bool>> ended_ = std::make_shared<Inbox<bool>>();
};

}  // namespace latium::cli
