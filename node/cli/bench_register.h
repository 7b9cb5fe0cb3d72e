// `bench register`: changes and quorum reads of one tenant's registers, one in flight a client.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/random.h"
#include "node/cli/bench_data.h"
#include "node/cli/bench_kv.h"
#include "node/cli/context.h"
#include "node/cli/inbox.h"

namespace latium::cli {

struct RegisterBenchOptions {
  std::string tenant;
  std::size_t clients = 1;  ///< connections, over all nodes, one request in flight on each
  std::uint64_t keys = 10'000;
  unsigned reads_percent = 0;
  std::size_t value_bytes = 100;
  Duration duration = std::chrono::seconds(10);
  Duration timeout = std::chrono::seconds(10);  ///< of each request
};

/// Closed loop over one node: each client sends its next request when it has its answer. Registers are written whatever they
/// hold. No two clients use the same register, so that nobody waits for another: of all clients of a benchmark, number n draws
/// uniformly from the registers whose number is n modulo options.clients. Any error ends the run once what is in flight has
/// ended.
class RegisterRun {
 public:
  /// All outlive it. `client` has as many connections as `clients`, which have the numbers from `first` on. At least as many keys
  /// as clients.
  RegisterRun(RemoteClient& client, const RegisterBenchOptions& options, std::size_t clients, std::size_t first);

  void start();
  /// Waits until the run has ended, or `interrupted`. Once.
  BenchReport finish(const std::atomic<bool>* interrupted);

 private:
  // All of these on the loop.
  void begin();
  void issue(std::size_t connection, MonotonicTime now);
  void done(std::size_t connection, bool read, MonotonicTime started, const Result<Bytes>& answer);

  RemoteClient& client_;
  const RegisterBenchOptions& options_;
  const std::size_t clients_;
  const std::size_t first_;
  BenchData data_;
  Random random_;
  BenchReport report_;
  MonotonicTime started_;
  MonotonicTime end_;
  std::size_t active_ = 0;
  std::atomic<bool> stop_{false};
  const std::shared_ptr<Inbox<bool>> ended_ = std::make_shared<Inbox<bool>>();
};

}  // namespace latium::cli
