#include "replication/hint_delivery.h"

#include <algorithm>
#include <utility>

#include "replication/answers.h"
#include "runtime/deadline.h"
#include "runtime/offload.h"

namespace latium {

namespace {

constexpr std::size_t kOwnersAtOnce = 64;
constexpr BackoffPolicy kRetry{.base = std::chrono::seconds(1), .cap = std::chrono::seconds(30)};

}  // namespace

HintDelivery::HintDelivery(Runtime& runtime, Engine& engine, ClusterView& cluster, BucketReplica& replica, BucketLinks& links,
                           HintBook& hints)
    : runtime_(runtime), engine_(engine), cluster_(cluster), replica_(replica), links_(links), hints_(hints) {}

// One that left the cluster is due at once: its hints go to those who own the keys now. Of one that is down, those of dropped
// tenants are looked for once in kSweepEvery: nothing else would remove them.
std::optional<HintDelivery::Reach> HintDelivery::due(NodeId owner) const {
  if (under_way_.contains(owner)) return std::nullopt;
  const auto pause = pauses_.find(owner);
  const MonotonicTime now = runtime_.clock.monotonic_now();
  const auto peer = cluster_.peer(owner);
  if (peer && peer->liveness == Liveness::down) {
    if (pause != pauses_.end() && now < saturating_add(pause->second.swept, kSweepEvery)) return std::nullopt;
    return Reach::nobody;
  }
  if (pause != pauses_.end() && now < pause->second.until) return std::nullopt;
  return Reach::owners;
}

Task<void> HintDelivery::run() {
  TaskGroup deliveries(runtime_.executor, kOwnersAtOnce);
  while (true) {
    if (const auto slept = co_await sleep_for(runtime_, kLookEvery); !slept) {
      deliveries.cancel();
      (void)co_await deliveries.join();
      co_return fail(slept.error());
    }
    for (const auto& [owner, account] : hints_.accounts()) {
      const auto reach = due(owner);
      if (account.count == 0 || !reach || !deliveries.has_room()) continue;
      under_way_.insert(owner);
      const auto spawned = deliveries.spawn(deliver(owner, *reach));
      LATIUM_CHECK(spawned.has_value(), "a group with room refuses nothing");
    }
  }
}

// Batch after batch, each waited for, until none is left or one is not taken in. What cannot be sent to anybody now is gone
// through to the end.
Task<void> HintDelivery::deliver(NodeId owner, Reach reach) {
  Bytes after;
  bool all = true;
  while (all || reach == Reach::nobody) {
    auto batch = co_await next_batch(owner, after);
    if (!batch) all = false;
    if (!batch || batch->empty()) break;
    const DataKey& last = batch->back().key;
    after = data_key(last.tenant, last.partition, last.bucket, last.user_key);
    const std::size_t size = batch->size();
    const auto delivered = co_await hand_over(owner, reach, *std::move(batch));
    if (!delivered && delivered.error().code == ErrorCode::cancelled) break;
    all = delivered && *delivered == size;
  }
  Pause& pause = pauses_[owner];
  if (reach == Reach::nobody) {
    pause.swept = runtime_.clock.monotonic_now();
  } else if (all) {
    pause = {};
  } else {
    ++statistics_.failures;
    pause.until = saturating_add(runtime_.clock.monotonic_now(), kRetry.wait(pause.failures++, runtime_.random));
  }
  under_way_.erase(owner);
  co_return Result<void>();
}

Task<std::vector<HintDelivery::Hint>> HintDelivery::next_batch(NodeId owner, Bytes after) const {
  Bytes begin;
  put_u64_be(begin, owner.value);
  const Bytes end = prefix_end(begin);
  if (!after.empty()) begin += after + '\0';
  co_return co_await offload<std::vector<Hint>>(runtime_, [engine = &engine_, begin, end]() -> Result<std::vector<Hint>> {
    std::vector<Hint> batch;
    std::size_t bytes = 0;
    LATIUM_TRY(const auto cursor, engine->scan(Family::hints, {begin, end}));
    for (; cursor->valid() && batch.size() < kBatchHints && bytes < kBatchBytes; cursor->next()) {
      LATIUM_TRY(auto key, parse_hint_key(cursor->key()));
      LATIUM_TRY(VersionSet held, decode_versions(cursor->value()));
      bytes += cursor->key().size() + cursor->value().size();
      batch.push_back({std::move(key.second), std::move(held)});
    }
    LATIUM_CHECKED(cursor->status());
    return batch;
  });
}

// The owner; if it does not own the key any more, all who do. Nobody: the tenant is gone, as this node knows itself.
Result<std::vector<NodeId>> HintDelivery::receivers(NodeId owner, const DataKey& key) const {
  const auto set = cluster_.replicas(key.tenant, key.partition);
  if (!set && set.error().code == ErrorCode::unknown_tenant) return std::vector<NodeId>();
  if (!set) return fail(set.error());
  if (set->index_of(owner) < set->size()) return std::vector<NodeId>{owner};
  return set->members;
}

// How many are done with.
Task<std::size_t> HintDelivery::hand_over(NodeId owner, Reach reach, std::vector<Hint> batch) {
  ++statistics_.batches;
  const auto answers = std::make_shared<Answers>();
  const auto hints = std::make_shared<std::vector<Hint>>(std::move(batch));
  for (std::size_t i = 0; i < hints->size(); ++i) {
    Hint& hint = (*hints)[i];
    const auto nodes = receivers(owner, hint.key);
    hint.missing = nodes ? nodes->size() : 1;
    if (!nodes || reach == Reach::nobody) continue;
    for (const NodeId node : *nodes) {
      answers->expect();
      links_.send(node, cluster_.epoch(), {.key = hint.key, .offered = hint.held},
                  [answers, hints, i](const Result<BucketAnswer>& answer) {
                    if (answer) --(*hints)[i].missing;
                    answers->came(answer);
                  });
    }
  }
  // What was not taken in is counted below.
  if (const auto all = co_await answers->wait(); !all && all.error().code == ErrorCode::cancelled) co_return fail(all.error());
  std::vector<std::pair<DataKey, VersionSet>> done;
  for (Hint& hint : *hints) {
    if (hint.missing == 0) done.emplace_back(std::move(hint.key), std::move(hint.held));
  }
  statistics_.delivered += done.size();
  const std::size_t count = done.size();
  LATIUM_CO_CHECKED(co_await replica_.forget_hints(owner, std::move(done)));
  co_return count;
}

}  // namespace latium
