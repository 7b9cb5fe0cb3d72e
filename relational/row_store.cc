#include "relational/row_store.h"

#include <algorithm>
#include <utility>

#include "runtime/task_group.h"

namespace latium {

namespace {

Task<void> read_into(RowStore& store, RegisterKey key, Reading how, MonotonicTime deadline, Result<RowRead>& out) {
  out = co_await store.read(std::move(key), how, deadline);
  co_return Result<void>();
}

}  // namespace

Task<std::vector<RowRead>> read_all(Runtime& runtime, RowStore& store, std::vector<RegisterKey> keys, Reading how,
                                    MonotonicTime deadline) {
  std::vector<Result<RowRead>> came(keys.size(), RowRead());
  TaskGroup group(runtime.executor, std::max<std::size_t>(keys.size(), 1));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto spawned = group.spawn(read_into(store, std::move(keys[i]), how, deadline, came[i]));
    LATIUM_CHECK(spawned.has_value(), "a group with room refuses nothing");
  }
  (void)co_await group.join();
  std::vector<RowRead> out;
  out.reserve(came.size());
  for (Result<RowRead>& each : came) {
    LATIUM_CO_CHECKED(each);
    out.push_back(*std::move(each));
  }
  co_return out;
}

void add_parallel(CallStats& stats, const CallStats& other) {
  stats.round_trips = std::max(stats.round_trips, other.round_trips);
  stats.wan_round_trips = std::max(stats.wan_round_trips, other.wan_round_trips);
  stats.replicas_asked = std::max(stats.replicas_asked, other.replicas_asked);
  stats.bytes += other.bytes;
  stats.wan_bytes += other.wan_bytes;
}

}  // namespace latium
