#include "store/async_engine.h"

#include <optional>
#include <utility>

#include "runtime/offload.h"

namespace latium {

Task<ReadResult> read(Runtime& runtime, Engine& engine, Family family, Bytes key) {
  if (!runtime.faults.fires("read_skips_the_cache")) {
    LATIUM_CO_TRY(ReadResult result, engine.get(family, key, ReadMode::cached_only));
    if (result.presence != Presence::not_cached) co_return result;
  }
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
