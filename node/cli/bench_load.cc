#include "node/cli/bench_load.h"

#include <string>
#include <vector>

#include "node/cli/batch_sender.h"
#include "proto/wire.pb.h"

namespace latium::cli {

Result<void> make_bench_tenant(Context& context) {
  client::TenantCreateRequest request;
  request.set_name(kBenchTenant);
  const auto response = context.write<client::TenantCreateResponse>(wire::METHOD_TENANT_CREATE, request);
  if (response || response.error().code == ErrorCode::already_exists) return {};
  return fail(response.error());
}

Result<void> load_keys(RemoteClient& client, const LoadOptions& options, BenchData& data, AckedLog* log,
                       const std::atomic<bool>* interrupted, ProgressLine& progress) {
  BatchSender sender(client, {.timeout = options.timeout, .backoff = {}, .interrupted = interrupted}, {});
  std::vector<std::uint64_t> sequences;  // of the items that are sent and not in the log yet, from `logged` on
  std::uint64_t logged = 0;
  const auto log_acknowledged = [&]() -> Result<void> {
    for (; log != nullptr && logged < sender.acknowledged().imported; ++logged) {
      LATIUM_CHECKED(log->add(BenchData::key(logged), sequences[logged]));
    }
    return {};
  };
  client::KvPutManyRequest batch;
  std::size_t bytes = 0;
  for (std::uint64_t item = 0; item < options.keys; ++item) {
    const std::uint64_t sequence = data.next_sequence();
    if (log != nullptr) sequences.push_back(sequence);
    auto& added = *batch.add_items();
    added.set_key(BenchData::key(item));
    added.set_value(data.value(sequence));
    bytes += options.value_bytes;
    if (batch.items_size() < 256 && bytes < (1u << 20) && item + 1 < options.keys) continue;
    batch.set_tenant(options.target.tenant);
    batch.set_bucket(options.target.bucket);
    batch.set_durability(options.durability);
    batch.set_level(options.level);
    LATIUM_CHECKED(sender.send({batch.SerializeAsString(), {.position = {}, .imported = item + 1, .bad = 0}}));
    batch.Clear();
    bytes = 0;
    LATIUM_CHECKED(log_acknowledged());
    if (progress.due()) progress.show("loading: " + std::to_string(item + 1) + " of " + std::to_string(options.keys) + " keys");
  }
  LATIUM_CHECKED(sender.drain());
  return log_acknowledged();
}

}  // namespace latium::cli
