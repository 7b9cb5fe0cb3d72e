// What a benchmark does before it measures: a tenant of its own, and every key once.
#pragma once

#include <atomic>

#include "node/cli/acked_log.h"
#include "node/cli/bench_data.h"
#include "node/cli/context.h"
#include "node/cli/progress.h"
#include "proto/client.pb.h"

namespace latium::cli {

inline constexpr const char* kBenchTenant = "bench";

/// Makes kBenchTenant, with one copy at the node's site, unless it is there. The node's errors.
Result<void> make_bench_tenant(Context& context);

struct LoadOptions {
  Target target;
  std::uint64_t keys = 0;
  std::size_t value_bytes = 0;
  client::Durability durability = client::DURABILITY_SYNC;
  client::Level level = client::LEVEL_QUORUM;
  Duration timeout{};  ///< of each request
};

/// Puts keys 0 to `keys` - 1 once, in batches; blocks. `log` may be null: else it gets each acknowledged write. The node's
/// errors, the log's `io_error`, `cancelled` when interrupted.
Result<void> load_keys(RemoteClient& client, const LoadOptions& options, BenchData& data, AckedLog* log,
                       const std::atomic<bool>* interrupted, ProgressLine& progress);

}  // namespace latium::cli
