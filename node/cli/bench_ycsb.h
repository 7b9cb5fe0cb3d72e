// `bench ycsb`: YCSB's mixes of operations on one bucket.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/random.h"
#include "node/cli/bench_data.h"
#include "node/cli/bench_kv.h"
#include "node/cli/bench_mix.h"
#include "node/cli/context.h"
#include "node/cli/inbox.h"
#include "proto/client.pb.h"

namespace latium::cli {

struct YcsbOptions {
  Target target;
  YcsbMix mix;
  KeyDistribution distribution = KeyDistribution::zipfian;
  std::size_t clients = 1;  ///< connections, over all nodes, one operation in flight on each
  std::uint64_t keys = 100'000;
  std::size_t value_bytes = 100;
  Duration duration = std::chrono::seconds(10);
  std::uint64_t operations = 0;  ///< of all clients; 0: until the duration has passed
  client::Level write_level = client::LEVEL_QUORUM;
  client::Level read_level = client::LEVEL_QUORUM;
  client::Durability durability = client::DURABILITY_SYNC;
  std::uint64_t seed = 1;
  Duration timeout = std::chrono::seconds(10);  ///< of each request
};

struct YcsbReport {
  struct Kind {
    BenchReport::Kind counts;
    std::map<std::string, std::uint64_t> codes;  ///< of the errors
    std::uint64_t scanned = 0;                   ///< keys that scans found
    // As the nodes say, of those that succeeded, together.
    std::uint64_t round_trips = 0;
    std::uint64_t replicas_asked = 0;
  };
  std::array<Kind, kYcsbKinds> kinds;
  Duration took{};
  std::optional<Error> ended_by;  ///< an error that ended it before its time
  bool interrupted = false;

  Kind& of(YcsbKind kind) { return kinds[static_cast<std::size_t>(kind)]; }
  const Kind& of(YcsbKind kind) const { return kinds[static_cast<std::size_t>(kind)]; }
  void merge(const YcsbReport& other);
};

/// Closed loop over one node: each client begins its next operation when the last one has ended. A scan is of 1 to 100 keys, as
/// many of one as of the other; a read-modify-write reads, then replaces what it read by its context, and its latency is of both.
/// Any error but `overloaded` ends the run once what is in flight has ended.
class YcsbRun {
 public:
  /// All outlive it. `client` has as many connections as `clients`, which have the numbers from `first` on.
  YcsbRun(RemoteClient& client, const YcsbOptions& options, KeyChooser& keys, std::size_t clients, std::size_t first);

  void start();
  /// Waits until the run has ended, or `interrupted`. Once.
  YcsbReport finish(const std::atomic<bool>* interrupted);

 private:
  struct Operation {
    std::size_t connection = 0;
    YcsbKind kind = YcsbKind::read;
    std::uint64_t item = 0;
    MonotonicTime started;
    client::Stats spent;  // by the read of a read-modify-write
  };

  // All of these on the loop.
  void begin();
  bool over(MonotonicTime now) const;
  void issue(std::size_t connection, MonotonicTime now);
  void send_get(Operation operation);
  void send_put(Operation operation, Bytes context);
  void send_scan(const Operation& operation);
  void got(Operation operation, const Result<Bytes>& answer);
  void put(const Operation& operation, const Result<Bytes>& answer);
  void scanned(const Operation& operation, const Result<Bytes>& answer);
  void succeeded(const Operation& operation, const client::Stats& stats);
  void failed(const Operation& operation, const Error& error);

  RemoteClient& client_;
  const YcsbOptions& options_;
  KeyChooser& keys_;
  const std::size_t clients_;
  BenchData data_;
  Random random_;
  std::uint64_t operations_left_;
  YcsbReport report_;
  MonotonicTime started_;
  MonotonicTime end_ = kNever;
  std::size_t active_ = 0;
  std::atomic<bool> stop_{false};
  const std::shared_ptr<Inbox<bool>> ended_ = std::make_shared<Inbox<bool>>();
};

}  // namespace latium::cli
