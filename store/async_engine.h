// The engine as coroutines see it: cached reads in place, others on the pool, writes through the commit thread.
#pragma once

#include <optional>

#include "runtime/runtime.h"
#include "store/engine.h"

namespace latium {

/// Loop thread only. What is in memory, at once; nothing where the disk, or read(), has to be asked.
Result<std::optional<ReadResult>> read_cached(Runtime& runtime, Engine& engine, Family family, BytesView key);

/// Loop thread only. Engine and runtime outlive every task.
Task<ReadResult> read(Runtime& runtime, Engine& engine, Family family, Bytes key);

/// Resumes when the batch is as durable as asked. Not cancellable once queued: the outcome is waited for.
Task<void> write(Runtime& runtime, Engine& engine, WriteBatch batch, Durability durability);

}  // namespace latium
