#include "replication/register_replica.h"

#include <algorithm>
#include <utility>

#include "runtime/offload.h"
#include "store/async_engine.h"

namespace latium {

namespace {

constexpr std::string_view kFloorPrefix = "register_floor/";
constexpr std::size_t kFloorKeyBytes = 6;
constexpr std::string_view kBarrierKey = "register_barrier";

BytesView floor_key(BytesView stored) {
  return stored.substr(0, kFloorKeyBytes);
}

Bytes stored_floor(const Ballot& floor) {
  Bytes out;
  put_ballot(out, floor);
  return out;
}

}  // namespace

// Keeps a slot in memory.
class RegisterReplica::Hold {
 public:
  Hold(RegisterReplica& replica, Bytes stored_key) : replica_(&replica) {
    entry_ = &*replica.slots_.try_emplace(std::move(stored_key)).first;
    if (!entry_->second) {
      entry_->second = std::make_unique<Slot>();
      entry_->second->key = &entry_->first;
    } else if (entry_->second->users == 0) {
      replica.wake(*entry_->second);
    }
    ++entry_->second->users;
  }
  Hold(Hold&& other) noexcept : replica_(std::exchange(other.replica_, nullptr)), entry_(other.entry_) {}
  Hold& operator=(Hold&&) = delete;
  ~Hold() {
    if (replica_ != nullptr && --entry_->second->users == 0) replica_->retire(*entry_);
  }

  Slot& slot() const { return *entry_->second; }
  const Bytes& key() const { return entry_->first; }

 private:
  RegisterReplica* replica_;
  Slots::value_type* entry_;  // does not move while the slot is there
};

// Nobody uses it any more. A record that is not as on disk (its write failed) goes, and so does one of nothing: it costs no disk
// to read again, and what is not there may be put there without a step (put_initial).
void RegisterReplica::retire(Slots::value_type& entry) {
  Slot& slot = *entry.second;
  if (slot.current != slot.durable) behind_.erase(*slot.key);
  if (!slot.current || slot.current != slot.durable || *slot.current == AcceptorRecord()) {
    slots_.erase(slots_.find(entry.first));
    return;
  }
  const auto& older = slot.current->chosen_state;
  slot.idle_bytes = 700 + 2 * entry.first.size() + slot.current->state.value.size() + (older ? older->value.size() : 0);
  idle_bytes_ += slot.idle_bytes;
  idle_.push_front(&entry.first);
  slot.idle = idle_.begin();
  while (idle_.size() > kIdleMax || idle_bytes_ > kIdleBytesMax) {
    const auto oldest = slots_.find(*idle_.back());
    wake(*oldest->second);
    slots_.erase(oldest);
  }
}

void RegisterReplica::wake(Slot& slot) {
  idle_bytes_ -= slot.idle_bytes;
  idle_.erase(slot.idle);
}

// What one call of handle() decided.
struct RegisterReplica::Plan {
  std::vector<Result<AcceptorAnswer>> answers;
  std::vector<Change> changes;
  WriteBatch batch;
  Durability durability = Durability::buffered;
  std::map<Bytes, Ballot> floors;  // in the batch
};

Result<void> RegisterReplica::open() {
  LATIUM_TRY(const auto cursor, engine_.scan(Family::system, KeyRange::prefix(kFloorPrefix)));
  for (; cursor->valid(); cursor->next()) {
    const Bytes key(cursor->key().substr(kFloorPrefix.size()));
    if (key.size() != kFloorKeyBytes || cursor->value().size() != kBallotBytes) {
      return fail(ErrorCode::corruption, "the record '" + printable(cursor->key()) + "' of a partition's ballots is malformed");
    }
    floors_[key] = get_ballot(cursor->value().data());
  }
  return cursor->status();
}

Ballot RegisterReplica::floor_of(BytesView stored) const {
  const auto found = floors_.find(floor_key(stored));
  return found == floors_.end() ? Ballot() : found->second;
}

Task<void> RegisterReplica::load(Slot& slot, Bytes stored_key) {
  // Somebody loads it already; when that fails, the next one tries.
  while (slot.loading) LATIUM_CO_CHECKED(co_await slot.load_ended.wait());
  if (slot.current) co_return Result<void>();
  slot.loading = true;
  slot.load_ended.clear();
  const Result<ReadResult> found = co_await read(runtime_, engine_, Family::registers, std::move(stored_key));
  slot.loading = false;
  slot.load_ended.set();
  if (!found) co_return fail(found.error());
  AcceptorRecord record;
  if (found->presence == Presence::found) {
    LATIUM_CO_TRY(record, decode_acceptor(found->value));
  }
  slot.current = slot.durable = std::make_shared<const AcceptorRecord>(std::move(record));
  co_return Result<void>();
}

void RegisterReplica::plan_write(const ReplicaItem& item, Slot& slot, std::size_t index, AcceptorRecord next, RecordChange change,
                                 Plan& plan) {
  const Bytes& key = *slot.key;
  const Bytes partition(floor_key(key));
  if (change == RecordChange::removed) {
    // At once: a step on the empty record that comes before the sync must see it.
    Ballot& floor = floors_[partition];
    floor = std::max(floor, std::get<CollectOp>(item.op).floor);
    unsaved_floors_.insert(partition);
    plan.batch.remove(Family::registers, key);
    next = AcceptorRecord();
  } else {
    plan.batch.put(Family::registers, key, encode_acceptor(next));
  }
  // With the removal, and, should that fail, with whatever is written in the partition next: an empty record without its floor
  // would let in what is long over.
  if (unsaved_floors_.contains(partition)) {
    plan.batch.put(Family::system, Bytes(kFloorPrefix) + partition, stored_floor(floors_[partition]));
    plan.floors[partition] = floors_[partition];
  }
  if (change != RecordChange::lazy) plan.durability = Durability::sync;
  slot.current = std::make_shared<const AcceptorRecord>(std::move(next));
  behind_.insert_or_assign(key, &slot);
  plan.changes.push_back({index, &slot, slot.current});
}

void RegisterReplica::step_item(const ReplicaItem& item, Slot& slot, std::size_t index, Plan& plan) {
  const bool behind = slot.current != slot.durable;
  if (const auto* read = std::get_if<ReadOp>(&item.op)) {
    AcceptorAnswer& answer = *plan.answers[index];
    answer = read_step(*slot.durable, floor_of(*slot.key), *read);
    if (behind && read->want == ReadOp::Want::decided) answer.ok = false;
    return;
  }
  AcceptorRecord next = *slot.current;
  AcceptorStep taken = latium::step(next, floor_of(*slot.key), item.op);
  // A yes stands on everything decided before it, some of which may still be on its way to the disk.
  const bool weak = taken.change == RecordChange::none || taken.change == RecordChange::lazy;
  if (behind && weak && taken.answer.ok) taken.change = RecordChange::durable;
  plan.answers[index] = std::move(taken.answer);
  if (taken.change != RecordChange::none) plan_write(item, slot, index, std::move(next), taken.change, plan);
}

Task<std::vector<Result<AcceptorAnswer>>> RegisterReplica::handle(std::vector<ReplicaItem> items,
                                                                  std::function<Result<void>()> still_valid) {
  std::vector<Hold> holds;
  holds.reserve(items.size());
  Plan plan;
  plan.answers.assign(items.size(), AcceptorAnswer());
  std::vector<std::optional<Error>> load_errors(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Hold& hold = holds.emplace_back(*this, items[i].key.stored());
    // Without a coroutine where the record is in memory already.
    if (hold.slot().current) continue;
    if (const auto loaded = co_await load(hold.slot(), hold.key()); !loaded) load_errors[i] = loaded.error();
  }
  // From here to the submit nothing else runs: the steps are taken in one go.
  LATIUM_CO_CHECKED(still_valid());
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (load_errors[i]) {
      plan.answers[i] = fail(*load_errors[i]);
    } else {
      step_item(items[i], holds[i].slot(), i, plan);
    }
  }
  if (plan.batch.empty()) co_return std::move(plan.answers);
  if (const auto written = co_await write_plan(plan); !written) {
    for (const Change& change : plan.changes) plan.answers[change.item] = fail(written.error());
  }
  co_return std::move(plan.answers);
}

// When it fails the memory is ahead of the disk, which only makes this replica stricter; the next change writes all of it.
Task<void> RegisterReplica::write_plan(Plan& plan) {
  LATIUM_CO_CHECKED(co_await write(runtime_, engine_, std::move(plan.batch), plan.durability));
  for (const Change& change : plan.changes) {
    Slot& slot = *change.slot;
    slot.durable = change.record;
    if (slot.current == slot.durable) behind_.erase(*slot.key);
  }
  for (const auto& [partition, floor] : plan.floors) {
    if (plan.durability == Durability::sync && floors_[partition] == floor) unsaved_floors_.erase(partition);
  }
  co_return Result<void>();
}

Task<void> RegisterReplica::accept_together(std::vector<RegisterKey> keys, Decide decide) {
  std::vector<Hold> holds;
  holds.reserve(keys.size());
  for (const RegisterKey& key : keys) {
    const Hold& hold = holds.emplace_back(*this, key.stored());
    if (!hold.slot().current) LATIUM_CO_CHECKED(co_await load(hold.slot(), hold.key()));
  }
  // From here to the submit nothing else runs.
  auto accepts = decide(Moment(*this, holds));
  Plan plan;
  plan.answers.assign(keys.size(), AcceptorAnswer());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    Slot& slot = holds[i].slot();
    if (accepts && (*accepts)[i]) {
      step_item({keys[i], *std::move((*accepts)[i])}, slot, i, plan);
      LATIUM_CHECK(plan.answers[i]->ok, "nothing was decided between an accept and what it was worked out from");
    } else if (slot.current != slot.durable) {
      // What the others stand on, or what it was refused for, may be on its way to the disk still.
      plan_write({keys[i], ReadOp()}, slot, i, *slot.current, RecordChange::durable, plan);
    }
  }
  // Also what a scan has come upon: it is in front of this.
  if (!accepts && plan.batch.empty() && !behind_.empty()) plan.batch.put(Family::system, kBarrierKey, {});
  if (!plan.batch.empty()) LATIUM_CO_CHECKED(co_await write_plan(plan));
  if (!accepts) co_return fail(std::move(accepts).error());
  co_return Result<void>();
}

const AcceptorRecord& RegisterReplica::Moment::record(std::size_t key) const {
  return *holds_[key].slot().current;
}

Ballot RegisterReplica::Moment::above(std::size_t key) const {
  const AcceptorRecord& there = record(key);
  return std::max({there.promised, there.accepted, replica_.floor_of(holds_[key].key())});
}

Result<void> RegisterReplica::Moment::scan(
    const KeyRange& range, const std::function<bool(BytesView stored)>& wanted,
    const std::function<void(BytesView stored, const AcceptorRecord& record, bool on_disk)>& visit) const {
  const auto& behind = replica_.behind_;
  for (auto at = behind.lower_bound(range.begin); at != behind.end() && at->first < range.end; ++at) {
    if (wanted(at->first)) visit(at->first, *at->second->current, false);
  }
  LATIUM_TRY(const auto cursor, replica_.engine_.scan(Family::registers, range));
  for (; cursor->valid(); cursor->next()) {
    if (behind.contains(cursor->key()) || !wanted(cursor->key())) continue;
    LATIUM_TRY(const AcceptorRecord record, decode_acceptor(cursor->value()));
    visit(cursor->key(), record, true);
  }
  return cursor->status();
}

Task<RegisterPage> RegisterReplica::list(TenantId tenant, PartitionId partition, Bytes prefix, Bytes after, std::size_t limit) {
  const RegisterKey at{tenant, partition, std::move(prefix)};
  const KeyRange range = KeyRange::prefix(at.stored());
  const Bytes from = after.empty() ? range.begin : RegisterKey{tenant, partition, std::move(after)}.stored() + '\0';
  // Behind every step that was taken before: those that are still on their way to the disk are listed too.
  WriteBatch barrier;
  barrier.put(Family::system, kBarrierKey, {});
  LATIUM_CO_CHECKED(co_await write(runtime_, engine_, std::move(barrier), Durability::buffered));
  co_return co_await offload<RegisterPage>(runtime_, [engine = &engine_, from, end = range.end, limit]() -> Result<RegisterPage> {
    RegisterPage page;
    LATIUM_TRY(const auto cursor, engine->scan(Family::registers, {from, end}));
    for (; cursor->valid(); cursor->next()) {
      if (page.entries.size() >= limit) {
        page.more = true;
        return page;
      }
      LATIUM_TRY(AcceptorRecord record, decode_acceptor(cursor->value()));
      if (!record.accepted) continue;
      page.entries.push_back({Bytes(cursor->key().substr(kFloorKeyBytes)), record.accepted, std::move(record.state)});
    }
    LATIUM_CHECKED(cursor->status());
    return page;
  });
}

void RegisterReplica::put_initial(WriteBatch& batch, const RegisterKey& key, const Ballot& ballot, RegisterState state) {
  AcceptorRecord record{.promised = ballot, .accepted = ballot, .state = std::move(state), .chosen = ballot};
  batch.put(Family::registers, key.stored(), encode_acceptor(record));
}

}  // namespace latium
