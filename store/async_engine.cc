#include "store/async_engine.h"

#include <utility>

#include "runtime/offload.h"

namespace latium {

Result<std::optional<ReadResult>> read_cached(Runtime& runtime, Engine& engine, Family family, BytesView key) {
  if (runtime.faults.fires("read_skips_the_cache")) return std::optional<ReadResult>();
  LATIUM_TRY(ReadResult result, engine.get(family, key, ReadMode::cached_only));
  if (result.presence == Presence::not_cached) return std::optional<ReadResult>();
  return std::optional<ReadResult>(std::move(result));
}

Task<ReadResult> read(Runtime& runtime, Engine& engine, Family family, Bytes key) {
  LATIUM_CO_TRY(std::optional<ReadResult> cached, read_cached(runtime, engine, family, key));
  if (cached) co_return *std::move(cached);
  co_return co_await offload<ReadResult>(
      runtime, [&engine, family, key = std::move(key)] { return engine.get(family, key, ReadMode::may_block); });
}

Task<void> write(Runtime&, Engine& engine, WriteBatch batch, Durability durability) {
  std::optional<Result<void>> outcome;
  Suspension done;
  engine.submit(std::move(batch), durability, [&outcome, &done](Result<void> result) {
    outcome.emplace(std::move(result));
    done.wake();
  });
  co_await done.wait_shielded();
  co_return std::move(*outcome);
}

}  // namespace latium
