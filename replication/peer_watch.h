// watch_peer: waits for another node's answer only while that node shows that it is there. An answer may take long, behind others
// or for want of a lock; silence to a question that anybody answers at once means that none will come in time.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "net/transport.h"
#include "runtime/deadline.h"
#include "runtime/runtime.h"
#include "runtime/sync.h"
#include "runtime/task_group.h"

namespace latium {

/// How long a node may be silent to a request that has until `deadline`: an eighth of the time, 150 ms to 1 s. Another node is
/// asked after that, so several can be tried before the deadline.
Duration silence_allowed(Runtime& runtime, MonotonicTime deadline);

/// Returns once the node at `address` does not answer within `silence`; until then it is asked twice in that time. Ends else
/// when it is cancelled.
Task<void> until_silent(Runtime& runtime, Transport& transport, Address address, Duration silence);

namespace internal {

template <class T>
Task<void> note(Task<T> work, std::optional<Result<T>>& out, Event& ended) {
  out.emplace(co_await std::move(work));
  ended.set();
  co_return Result<void>();
}

}  // namespace internal

/// Runs `work`, which waits for an answer of the node at `address`. When that node falls silent, `work` is cancelled and joined:
/// `unavailable` with an unknown outcome, at most one and a half times `silence` after its last sign. Costs a small message
/// each half of `silence` while `work` takes longer than that. A result that is there in spite of the cancel is kept.
template <class T>
Task<T> watch_peer(Runtime& runtime, Transport& transport, Address address, Duration silence, Task<T> work) {
  std::optional<Result<T>> result;
  std::optional<Result<void>> silent;
  Event ended;
  TaskGroup both(runtime.executor, 2);
  LATIUM_CO_CHECKED(both.spawn(internal::note(std::move(work), result, ended)));
  LATIUM_CO_CHECKED(both.spawn(internal::note(until_silent(runtime, transport, address, silence), silent, ended)));
  const Result<void> waited = co_await ended.wait();
  both.cancel();
  LATIUM_CO_CHECKED(co_await both.join());
  if (result && (*result || !waited || result->error().code != ErrorCode::cancelled)) co_return *std::move(result);
  if (!waited) co_return fail(waited.error());
  co_return fail(ErrorCode::unavailable, Certainty::unknown, "the node at " + address.to_string() + " does not answer");
}

}  // namespace latium
