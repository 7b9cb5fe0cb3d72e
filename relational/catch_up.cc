// What a node has committed is kept for its local reads until its replica has heard of it: looked after in the background.
#include <algorithm>
#include <limits>
#include <utility>

#include "relational/transaction.h"
#include "runtime/deadline.h"

namespace latium {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Replicas hear of a commit, and of its rows' intents, some 100 ms after it.
constexpr Duration kHeardWithin = seconds(1);
// Where the latest state cannot be asked for, it is tried again this late at most.
constexpr Duration kAskAgainAtMost = seconds(30);
constexpr Duration kAskTimeout = seconds(2);
constexpr std::size_t kKeysAtOnce = 128;
constexpr Hlc kAnyStamp{std::numeric_limits<std::uint64_t>::max()};

// Of a tenant that is gone there is nothing more to be read.
Result<void> not_read(CommittedHere& committed, const Bytes& key, std::uint64_t doubt, Error why) {
  if (why.code != ErrorCode::unknown_tenant) return fail(std::move(why));
  committed.saw(key, CommittedRow(), doubt);
  committed.found(key, kAnyStamp);
  return {};
}

}  // namespace

void Transactions::note_committed(CommittedHere::Rows rows) {
  if (rows.empty()) return;
  committed.note(std::move(rows));
  catch_up_later();
}

void Transactions::note_doubt(const std::vector<Bytes>& keys) {
  if (keys.empty()) return;
  committed.doubt(keys);
  catch_up_later();
}

void Transactions::note_seen(const RegisterKey& key, const CommittedRow& row, std::uint64_t doubt) {
  committed.saw(key.stored(), row, doubt);
  catch_up_later();
}

void Transactions::catch_up_later() {
  if (!catching_up_) catching_up_ = later(catch_up());
}

// Until nothing is kept any more.
Task<void> Transactions::catch_up() {
  Duration pause = kHeardWithin;
  while (!committed.empty()) {
    auto noted = committed.all();
    if (const auto slept = co_await sleep_for(runtime, pause); !slept) {
      catching_up_ = false;
      co_return slept;
    }
    const auto done = co_await catch_up(std::move(noted));
    pause = done ? kHeardWithin : std::min<Duration>(2 * pause, kAskAgainAtMost);
  }
  catching_up_ = false;
  co_return Result<void>();
}

// A local read that finds what was noted: it is kept no longer. One that does not: the latest state is asked for, which tells the
// replica too.
Task<void> Transactions::catch_up(std::vector<std::pair<Bytes, Hlc>> noted) {
  Result<void> out;
  for (std::size_t from = 0; from < noted.size(); from += kKeysAtOnce) {
    for (std::size_t i = from; i < std::min(noted.size(), from + kKeysAtOnce); ++i) {
      // Refused once all is about to stop.
      LATIUM_CO_CHECKED(catching_up_with_.spawn(catch_up(std::move(noted[i].first), noted[i].second)));
    }
    if (auto done = co_await catching_up_with_.join(); !done) out = std::move(done);
  }
  co_return out;
}

Task<void> Transactions::catch_up(Bytes stored, Hlc ts) {
  LATIUM_CO_TRY(const RegisterKey key, parse_register_key(stored));
  const MonotonicTime deadline = saturating_add(runtime.clock.monotonic_now(), kAskTimeout);
  const auto known = committed.find(stored);
  if (!known) co_return Result<void>();
  if (known->doubt == 0) {
    LATIUM_CO_TRY(auto here, store.read_here(key, false));
    if (!here) {
      // Local reads go to the nearest replica that answers, which is another one when that comes and goes.
      auto read = co_await store.read(key, Reading::oldest, deadline);
      if (!read) co_return not_read(committed, stored, known->doubt, std::move(read).error());
      here = std::move(read->state);
    }
    committed.found(stored, here->committed.ts);
    if (here->committed.ts >= ts) co_return Result<void>();
  }
  while (true) {
    auto read = co_await store.read(key, Reading::latest, deadline);
    if (!read) co_return not_read(committed, stored, known->doubt, std::move(read).error());
    if (!read->state.intent) {
      committed.saw(std::move(stored), std::move(read->state.committed), known->doubt);
      co_return Result<void>();
    }
    if (runtime.clock.monotonic_now() >= deadline) {
      co_return fail(ErrorCode::unavailable, key.describe() + ": what another transaction has left was not ended in time");
    }
    LATIUM_CO_CHECKED(co_await recovery.clear(key, *read->state.intent, std::nullopt, deadline));
  }
}

void Transactions::clear_later(const RegisterKey& key, const Intent& intent) {
  Bytes stored = key.stored();
  if (clearing_.contains(stored)) return;
  if (later(clear(key, intent))) clearing_.insert(std::move(stored));
}

Task<void> Transactions::clear(RegisterKey key, Intent intent) {
  const Bytes stored = key.stored();
  const MonotonicTime deadline = saturating_add(runtime.clock.monotonic_now(), kAskTimeout);
  const auto cleared = co_await recovery.clear(std::move(key), std::move(intent), std::nullopt, deadline);
  clearing_.erase(stored);
  co_return cleared;
}

}  // namespace latium
