#include "replication/bucket_replica.h"

#include <algorithm>
#include <utility>

#include "replication/expiring_key.h"
#include "replication/scan_merge.h"
#include "runtime/offload.h"
#include "store/async_engine.h"

namespace latium {

namespace {

Family family_of(NodeId hint_for) {
  return hint_for ? Family::hints : Family::data;
}

// A slot's name; without the owner's eight bytes, which are 0 then, where a key of this node's own lies.
Bytes slot_key(const DataKey& key, NodeId hint_for) {
  return hint_key(hint_for, key);
}

Bytes stored_key(const DataKey& key, NodeId hint_for) {
  return hint_for ? hint_key(hint_for, key) : data_key(key.tenant, key.partition, key.bucket, key.user_key);
}

// Named by its key: the bytes are wrong, not the request.
Result<VersionSet> decode_held(const ReadResult& found, const DataKey& key) {
  VersionSet none{conflicts_of(key.bucket), {}, {}};
  if (found.presence != Presence::found) return none;
  auto held = decode_versions(found.value);
  if (held && held->conflicts == none.conflicts) return held;
  return fail(ErrorCode::corruption, held ? "it holds versions of another kind of bucket (" + describe(key) + ")"
                                          : held.error().message + " (" + describe(key) + ")");
}

}  // namespace

// Keeps a slot in memory.
class BucketReplica::Hold {
 public:
  Hold(BucketReplica& replica, Bytes key) : replica_(&replica) {
    entry_ = &*replica.slots_.try_emplace(std::move(key)).first;
    if (!entry_->second) entry_->second = std::make_unique<Slot>();
    ++entry_->second->users;
  }
  Hold(Hold&& other) noexcept : replica_(std::exchange(other.replica_, nullptr)), entry_(other.entry_) {}
  Hold& operator=(Hold&&) = delete;
  ~Hold() {
    if (replica_ != nullptr && --entry_->second->users == 0) replica_->slots_.erase(replica_->slots_.find(entry_->first));
  }

  Slot& slot() const { return *entry_->second; }

 private:
  BucketReplica* replica_;
  Slots::value_type* entry_;  // does not move while the slot is there
};

// What one call decided.
struct BucketReplica::Plan {
  struct Change {
    Slot* slot;
    Held next;
    NodeId hint_for;
    std::uint64_t bytes;  // of a hint; 0: it is removed
  };
  std::vector<Change> changes;
  std::vector<std::pair<PartitionState*, std::uint16_t>> leaves;  // that change
  WriteBatch batch;
  /// Something is asked for that is written already, but may only have been buffered: the log is synced up to here.
  bool syncs_what_is_there = false;
};

Task<void> BucketReplica::load(Slot& slot, const DataKey& key, NodeId hint_for) {
  // Somebody loads it already; when that fails, the next one tries.
  while (slot.loading) LATIUM_CO_CHECKED(co_await slot.load_ended.wait());
  if (slot.current) co_return Result<void>();
  slot.loading = true;
  slot.load_ended.clear();
  const Result<ReadResult> found = co_await read(runtime_, engine_, family_of(hint_for), stored_key(key, hint_for));
  slot.loading = false;
  slot.load_ended.set();
  if (!found) co_return fail(found.error());
  co_return fill(slot, key, hint_for, *found);
}

Result<void> BucketReplica::fill(Slot& slot, const DataKey& key, NodeId hint_for, const ReadResult& found) {
  LATIUM_TRY(VersionSet held, decode_held(found, key));
  slot.current = slot.durable = std::make_shared<const VersionSet>(std::move(held));
  slot.digest = digest_of(found.value);
  if (hint_for && found.presence == Presence::found) slot.booked = stored_key(key, hint_for).size() + found.value.size();
  return {};
}

// Nothing is written that does not pass here.
Result<void> BucketReplica::check(const DataKey& key, NodeId hint_for) {
  const auto allowed = directory_.may_hold(key, hint_for);
  if (allowed) return {};
  if (allowed.error().code == ErrorCode::invalid_argument) {
    ++statistics_.refused_placement;
    runtime_.events.emit(Severity::warn, "write_outside_placement_refused",
                         {{"tenant", std::to_string(key.tenant.value)}, {"reason", allowed.error().message}});
  }
  return fail(allowed.error());
}

Task<void> BucketReplica::prepare(const BucketItem& item, Slot& slot) {
  LATIUM_CO_CHECKED(check(item.key, item.hint_for));
  if (!item.hint_for && item.drop == 0 && !directory_.bucket_exists(item.key.tenant, item.key.bucket)) {
    LATIUM_CO_CHECKED(co_await directory_.make_bucket(item.key.tenant, item.key.bucket));
  }
  if (partitions_.find(item.key.tenant, item.key.partition) == nullptr) {
    LATIUM_CO_CHECKED(co_await partitions_.load(item.key.tenant, item.key.partition));
  }
  co_return co_await load(slot, item.key, item.hint_for);
}

// Most of what is asked for is in memory: without the coroutines then.
Result<bool> BucketReplica::prepare_at_once(const BucketItem& item, Slot& slot) {
  LATIUM_CHECKED(check(item.key, item.hint_for));
  if (!item.hint_for && item.drop == 0 && !directory_.bucket_exists(item.key.tenant, item.key.bucket)) return false;
  if (slot.loading || partitions_.find(item.key.tenant, item.key.partition) == nullptr) return false;
  if (slot.current) return true;
  LATIUM_TRY(const auto found, read_cached(runtime_, engine_, family_of(item.hint_for), stored_key(item.key, item.hint_for)));
  if (!found) return false;
  LATIUM_CHECKED(fill(slot, item.key, item.hint_for, *found));
  return true;
}

Task<BucketAnswer> BucketReplica::look_up(const BucketItem& item) const {
  LATIUM_CO_TRY(const ReadResult found,
                co_await read(runtime_, engine_, family_of(item.hint_for), stored_key(item.key, item.hint_for)));
  co_return answer_of(item, found);
}

Result<BucketAnswer> BucketReplica::answer_of(const BucketItem& item, const ReadResult& found) const {
  BucketAnswer answer{.held = {}, .bucket_known = directory_.bucket_exists(item.key.tenant, item.key.bucket)};
  answer.digest = digest_of(found.value);
  if (!item.digest_only) {
    LATIUM_TRY(answer.held, decode_held(found, item.key));
    answer.newest_stamp = answer.held.newest_stamp();
  }
  return answer;
}

Result<void> BucketReplica::check_writable() const {
  EngineHealth health = engine_.health();
  if (health.state == EngineHealth::State::writable) return {};
  return fail(ErrorCode::read_only, "the node takes no writes: " + health.reason);
}

Result<void> BucketReplica::decide(const DataKey& key, NodeId hint_for, Slot& slot, VersionSet next, Plan& plan) {
  Bytes name = stored_key(key, hint_for);
  Bytes value = next.empty() ? Bytes() : encode_versions(next);
  const std::uint64_t bytes = hint_for ? name.size() + value.size() : 0;
  if (bytes > slot.booked && !hints_.admit(hint_for, bytes - slot.booked)) {
    return fail(ErrorCode::overloaded, "no room for more hints for node " + to_hex(hint_for.value));
  }
  if (next.empty()) {
    plan.batch.remove(family_of(hint_for), name);
  } else {
    plan.batch.put(family_of(hint_for), name, value);
  }
  const std::uint64_t digest = digest_of(value);
  if (!hint_for) {
    note_in_tree(key, name, slot, digest, plan);
    note_expiry(key, slot, next, plan);
  }
  slot.digest = digest;
  slot.current = std::make_shared<const VersionSet>(std::move(next));
  plan.changes.push_back({&slot, slot.current, hint_for, bytes});
  return {};
}

// The tree changes in the same batch as the data. Should a batch fail, what is written next of the key starts from what is not on
// the disk: so the leaf is read anew before anybody compares it (PartitionState::suspects).
void BucketReplica::note_in_tree(const DataKey& key, BytesView name, const Slot& slot, std::uint64_t digest, Plan& plan) {
  const BytesView inside = name_in_partition(name);
  const TreeEntry before = tree_entry(inside, slot.digest);
  const TreeEntry after = tree_entry(inside, digest);
  const std::uint64_t change = before.hash ^ after.hash;
  plan.batch.merge_xor(Family::trees, leaf_key(key.tenant, key.partition, after.leaf), encode_leaf(change));
  PartitionState* const state = partitions_.find(key.tenant, key.partition);
  LATIUM_CHECK(state != nullptr, "a partition is loaded before it is written");
  state->root ^= change;
  ++state->changes;
  ++state->writing;
  plan.leaves.emplace_back(state, after.leaf);
}

// Nothing mends an entry that was left over, or was not made.
void BucketReplica::note_expiry(const DataKey& key, Slot& slot, const VersionSet& after, Plan& plan) {
  if (slot.dues.empty()) slot.dues.push_back(expiry_of(*slot.current));
  const auto is = expiry_of(after);
  if (slot.dues.size() == 1 && slot.dues.front() == is) return;
  for (const auto& was : slot.dues) {
    if (was && was != is) plan.batch.remove(Family::expiring, expiring_key(key, *was));
  }
  if (is) plan.batch.put(Family::expiring, expiring_key(key, *is), {});
  if (std::ranges::find(slot.dues, is) == slot.dues.end()) slot.dues.push_back(is);
}

Task<void> BucketReplica::commit(Plan& plan, Durability durability) {
  if (plan.batch.empty() && !plan.syncs_what_is_there) co_return Result<void>();
  const Result<void> written = co_await write(runtime_, engine_, std::move(plan.batch), durability);
  for (const auto& [state, leaf] : plan.leaves) {
    --state->writing;
    if (!written) state->suspects.set(leaf);
  }
  LATIUM_CO_CHECKED(written);
  // When it fails, the memory stays ahead of the disk for as long as somebody works on the key: what is written next has it all.
  for (const Plan::Change& change : plan.changes) {
    change.slot->durable = change.next;
    if (change.slot->current == change.next) change.slot->dues.clear();
    if (!change.hint_for) continue;
    hints_.rebook(change.hint_for, change.slot->booked, change.bytes, runtime_.clock.wall_ms());
    change.slot->booked = change.bytes;
  }
  co_return Result<void>();
}

std::optional<VersionSet> BucketReplica::next_of(const BucketItem& item, const Slot& slot, BucketAnswer& answer) {
  const VersionSet& held = *slot.current;
  if (item.drop != 0) {
    if (slot.digest != item.drop) return std::nullopt;
    ++statistics_.dropped;
    return VersionSet{held.conflicts, {}, {}};
  }
  const PartitionState* const state = partitions_.find(item.key.tenant, item.key.partition);
  VersionSet offered = item.offered;
  if (!item.hint_for) {
    offered = state->knowledge.without_obsolete(std::move(offered), held);
  } else if (state->knowledge.covers(offered)) {
    offered = VersionSet{offered.conflicts, {}, {}};
  }
  if (offered.empty()) {
    ++statistics_.refused_obsolete;
    answer.obsolete = held.empty();
    answer.newest_stamp = held.newest_stamp();
    return std::nullopt;
  }
  VersionSet next = merge(held, offered);
  answer.newest_stamp = next.newest_stamp();
  // Of equal stamps the dot decides: whoever lost has to know.
  if (next.conflicts == Conflicts::last_write_wins && next.versions.front().dot != offered.versions.front().dot) {
    answer.newest_stamp = std::max(answer.newest_stamp, Hlc{offered.newest_stamp().value + 1});
  }
  // What is decided already counts only once it is written.
  if (next == held && slot.current == slot.durable) {
    ++statistics_.known_already;
    return std::nullopt;
  }
  ++statistics_.taken_in;
  return next;
}

Task<std::vector<Result<BucketAnswer>>> BucketReplica::handle(std::vector<BucketItem> items,
                                                              std::function<Result<void>()> still_valid) {
  std::vector<std::optional<Hold>> holds(items.size());
  std::vector<Result<BucketAnswer>> answers(items.size(), BucketAnswer());
  std::size_t answer_bytes = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].writes()) {
      holds[i].emplace(*this, slot_key(items[i].key, items[i].hint_for));
      Result<bool> ready = prepare_at_once(items[i], holds[i]->slot());
      if (ready && !*ready) {
        if (const auto prepared = co_await prepare(items[i], holds[i]->slot()); !prepared) ready = fail(prepared.error());
      }
      if (!ready) answers[i] = fail(ready.error());
    } else if (answer_bytes > kAnswerBytesMax) {
      answers[i] = fail(ErrorCode::overloaded, "too much was asked for in one message: ask again");
    } else {
      const NodeId hint_for = items[i].hint_for;
      const auto found = read_cached(runtime_, engine_, family_of(hint_for), stored_key(items[i].key, hint_for));
      if (!found) {
        answers[i] = fail(found.error());
      } else if (*found) {
        answers[i] = answer_of(items[i], **found);
      } else {
        answers[i] = co_await look_up(items[i]);
      }
      if (answers[i]) {
        for (const VersionedValue& version : answers[i]->held.versions) answer_bytes += version.value.size();
      }
    }
  }
  // From here to the submit nothing else runs: the writes are decided in one go.
  LATIUM_CO_CHECKED(still_valid());
  Plan plan;
  Durability durability = Durability::buffered;
  std::vector<std::size_t> written;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!items[i].writes() || !answers[i]) continue;
    Slot& slot = holds[i]->slot();
    const bool synced = items[i].durability == Durability::sync;
    std::optional<VersionSet> next = next_of(items[i], slot, *answers[i]);
    if (items[i].digest_only) answers[i]->digest = next ? next->digest() : slot.digest;
    if (!next) {
      if (!synced || items[i].drop != 0 || slot.current->empty()) continue;
      plan.syncs_what_is_there = true;
      durability = Durability::sync;
      written.push_back(i);
      continue;
    }
    if (const auto decided = decide(items[i].key, items[i].hint_for, slot, *std::move(next), plan); !decided) {
      answers[i] = fail(decided.error());
      continue;
    }
    if (synced) durability = Durability::sync;
    written.push_back(i);
  }
  if (const auto done = co_await commit(plan, durability); !done) {
    for (const std::size_t i : written) answers[i] = fail(done.error());
  }
  co_return answers;
}

Task<void> BucketReplica::change(DataKey key, NodeId hint_for, Durability durability, std::function<Result<void>()> still_valid,
                                 Change change) {
  const BucketItem item{.key = std::move(key), .hint_for = hint_for, .offered = {}};
  const Hold hold(*this, slot_key(item.key, hint_for));
  LATIUM_CO_TRY(const bool ready, prepare_at_once(item, hold.slot()));
  if (!ready) LATIUM_CO_CHECKED(co_await prepare(item, hold.slot()));
  LATIUM_CO_CHECKED(still_valid());
  LATIUM_CO_TRY(VersionSet next,
                change(*hold.slot().current, partitions_.find(item.key.tenant, item.key.partition)->knowledge.floor));
  const Slot& slot = hold.slot();
  Plan plan;
  if (next == *slot.current && slot.current == slot.durable) {
    plan.syncs_what_is_there = durability == Durability::sync && !next.empty();
    co_return co_await commit(plan, durability);
  }
  LATIUM_CO_CHECKED(decide(item.key, hint_for, hold.slot(), std::move(next), plan));
  ++statistics_.taken_in;
  co_return co_await commit(plan, durability);
}

// A hint that is lost in a crash after this is removed for good; one whose removal is lost is delivered twice, which changes
// nothing.
Task<void> BucketReplica::forget_hints(NodeId owner, std::vector<std::pair<DataKey, VersionSet>> delivered) {
  std::vector<Hold> holds;
  holds.reserve(delivered.size());
  for (const auto& [key, held] : delivered) {
    const Hold& hold = holds.emplace_back(*this, slot_key(key, owner));
    LATIUM_CO_CHECKED(co_await load(hold.slot(), key, owner));
  }
  Plan plan;
  for (std::size_t i = 0; i < delivered.size(); ++i) {
    Slot& slot = holds[i].slot();
    if (slot.current->empty() || *slot.current != delivered[i].second) continue;
    plan.batch.remove(Family::hints, stored_key(delivered[i].first, owner));
    slot.current = std::make_shared<const VersionSet>(slot.current->conflicts);
    plan.changes.push_back({&slot, slot.current, owner, 0});
  }
  co_return co_await commit(plan, Durability::buffered);
}

Task<BucketPage> BucketReplica::page(TenantId tenant, Bytes bucket, std::vector<PartitionId> partitions, Bytes prefix,
                                     Bytes after, std::size_t limit) {
  LATIUM_CO_TRY(const Permit turn, co_await pages_.acquire());
  co_return co_await offload<BucketPage>(
      runtime_,
      [engine = &engine_, tenant, bucket = std::move(bucket), partitions = std::move(partitions), prefix = std::move(prefix),
       after = std::move(after),
       limit]() -> Result<BucketPage> { return scan_partitions(*engine, tenant, bucket, partitions, {prefix, after, limit}); });
}

}  // namespace latium
