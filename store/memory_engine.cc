#include "store/memory_engine.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "store/memory_log.h"

namespace latium {

namespace {

// Free space that a full disk must show before it counts as writable again.
constexpr std::uint64_t kFreeAgainBytes = 4096;

bool only_removes(const WriteBatch& batch) {
  return std::ranges::none_of(batch.operations(), [](const auto& operation) { return operation.kind == WriteBatch::Kind::put; });
}

}  // namespace

MemoryEngine::MemoryEngine(SimulatedDisk& disk, Options options)
    : disk_(disk), options_(std::move(options)), random_(options_.seed) {
  LATIUM_CHECK(options_.runtime != nullptr || options_.completion, "completions need a runtime or an executor");
}

Result<std::unique_ptr<MemoryEngine>> MemoryEngine::open(SimulatedDisk& disk, Options options) {
  std::unique_ptr<MemoryEngine> engine(new MemoryEngine(disk, std::move(options)));
  Result<void> recovered;
  {
    const std::lock_guard lock(disk.mutex_);
    recovered = engine->recover();
    if (!recovered) engine->state_ = State::abandoned;
  }
  LATIUM_CHECKED(recovered);
  return engine;
}

MemoryEngine::~MemoryEngine() {
  abandon();
  if (options_.runtime != nullptr) options_.runtime->timers.cancel(timer_);
}

Result<void> MemoryEngine::recover() {
  LATIUM_CHECKED(recover_file(disk_.table_, false));
  return recover_file(disk_.log_, true);
}

Result<void> MemoryEngine::recover_file(SimulatedDisk::File& file, bool may_be_torn) {
  SimulatedDisk::File good;
  BytesView rest = file.bytes;
  while (!rest.empty()) {
    LATIUM_TRY(const memory_log::Parsed parsed, memory_log::take_record(rest, may_be_torn ? "log" : "table"));
    if (parsed.torn) {
      if (!may_be_torn) return fail(ErrorCode::corruption, "table: its last record is cut short: restore this replica");
      ++disk_.torn_records_;
      break;
    }
    LATIUM_TRY(const WriteBatch batch, memory_log::decode(parsed.payload));
    table_.apply(batch);
    good.append(parsed.payload);
  }
  // Recovery writes what it found anew, and synced: from here on it can be read, so it must not vanish again.
  good.synced = good.ends.size();
  file = std::move(good);
  return {};
}

Result<void> MemoryEngine::usable() const {
  if (state_ != State::open) return fail(ErrorCode::cancelled, "the engine is closed");
  return {};
}

Result<void> MemoryEngine::fits(const WriteBatch& batch, std::size_t record_bytes, bool may_compact) {
  // Removing must stay possible on a full disk, or it would stay full.
  if (only_removes(batch)) return {};
  const auto enough = [&] {
    return disk_.table_.bytes.size() + disk_.log_.bytes.size() + record_bytes <= disk_.faults_.capacity_bytes;
  };
  if (!enough() && may_compact) compact();
  full_ = !enough();
  if (full_) return fail(ErrorCode::read_only, "the disk is full: free some space, writes then resume");
  return {};
}

Result<void> MemoryEngine::append(const WriteBatch& batch, bool may_compact) {
  if (sync_failed_) return fail(ErrorCode::read_only, "a log sync failed: restart the node");
  const Bytes payload = memory_log::encode(batch);
  LATIUM_CHECKED(fits(batch, payload.size() + SimulatedDisk::kHeaderBytes, may_compact));
  disk_.log_.append(payload);
  if (options_.appended) options_.appended(batch);
  ++statistics_.commit_batches;
  statistics_.written_bytes += batch.size_bytes();
  return {};
}

Result<void> MemoryEngine::sync_log() {
  ++statistics_.syncs;
  if (random_.chance(disk_.faults_.sync_error_rate)) {
    sync_failed_ = true;
    return fail(ErrorCode::io_error, Certainty::unknown, "the log sync failed: restart the node");
  }
  disk_.log_.synced = disk_.log_.ends.size();
  return {};
}

void MemoryEngine::apply(const WriteBatch& batch) {
  table_.apply(batch);
  if (disk_.rotten_.empty()) return;
  for (const WriteBatch::Operation& operation : batch.operations()) {
    if (operation.kind != WriteBatch::Kind::remove_range) {
      disk_.rotten_.erase({operation.family, operation.key});
      continue;
    }
    std::erase_if(disk_.rotten_, [&](const auto& rotten) {
      return rotten.first == operation.family && rotten.second >= operation.key && rotten.second < operation.value;
    });
  }
}

void MemoryEngine::compact() {
  // Precondition: the table holds exactly what table and log on the disk do, that is, no group is in flight.
  SimulatedDisk::File file;
  WriteBatch batch;
  const auto flush = [&] {
    if (batch.empty()) return;
    file.append(memory_log::encode(batch));
    batch = {};
  };
  for (std::size_t i = 0; i < kFamilyCount; ++i) {
    const Family family = static_cast<Family>(i);
    auto entry = table_.next(family, {}, false, {}, table_.latest());
    while (entry) {
      batch.put(family, entry->key, entry->value);
      if (batch.size_bytes() > (64u << 10)) flush();
      entry = table_.next(family, entry->key, true, {}, table_.latest());
    }
  }
  flush();
  file.synced = file.ends.size();
  disk_.table_ = std::move(file);
  disk_.log_ = {};
}

Result<void> MemoryEngine::write(WriteBatch batch, Durability durability) {
  const std::lock_guard lock(disk_.mutex_);
  LATIUM_CHECKED(usable());
  // The order of the log is the order of the table: what is in the log already goes first.
  if (group_ && !group_->outcome) group_->outcome = finish_group(*group_);
  LATIUM_CHECKED(append(batch, true));
  if (durability == Durability::sync) LATIUM_CHECKED(sync_log());
  apply(batch);
  ++statistics_.commit_groups;
  return {};
}

void MemoryEngine::submit(WriteBatch batch, Durability durability, WriteDone done) {
  const std::lock_guard lock(disk_.mutex_);
  if (auto result = usable(); !result) return complete(std::move(done), std::move(result));
  if (waiting_.size() >= options_.queue_limit) {
    return complete(std::move(done), fail(ErrorCode::overloaded, "too many writes wait: retry with backoff"));
  }
  waiting_.push_back({std::move(batch), durability, std::move(done)});
  if (options_.runtime == nullptr) {
    take_group();
    complete_group();
  } else if (!group_ && waiting_.size() == 1) {
    arm(Duration(random_.between(0, options_.group_delay_max.count())), &MemoryEngine::on_begin);
  }
}

void MemoryEngine::arm(Duration delay, void (MemoryEngine::*step)()) {
  Runtime& runtime = *options_.runtime;
  timer_ = runtime.timers.schedule(saturating_add(runtime.clock.monotonic_now(), delay), [this, step] { (this->*step)(); });
}

void MemoryEngine::take_group() {
  group_.emplace();
  std::size_t bytes = 0;
  while (!waiting_.empty() && (bytes == 0 || bytes + waiting_.front().batch.size_bytes() <= options_.group_bytes_max)) {
    Pending pending = std::move(waiting_.front());
    waiting_.pop_front();
    bytes += pending.batch.size_bytes() + 1;
    if (auto appended = append(pending.batch, group_->members.empty()); !appended) {
      complete(std::move(pending.done), std::move(appended));
      continue;
    }
    group_->sync = group_->sync || pending.durability == Durability::sync;
    group_->members.push_back(std::move(pending));
  }
}

void MemoryEngine::begin_group() {
  take_group();
  Duration delay = Duration(random_.between(1'000, 20'000));
  if (group_->sync) {
    delay = Duration(random_.between(options_.sync_min.count(), options_.sync_max.count()));
    if (random_.chance(disk_.faults_.slow_sync_rate)) delay += Duration(random_.between(0, disk_.faults_.slow_sync_max.count()));
  }
  arm(delay, &MemoryEngine::on_sync);
}

Result<void> MemoryEngine::finish_group(Group& group) {
  ++statistics_.commit_groups;
  if (group.sync) LATIUM_CHECKED(sync_log());
  for (const Pending& member : group.members) apply(member.batch);
  return {};
}

void MemoryEngine::complete_group() {
  if (!group_->outcome) group_->outcome = finish_group(*group_);
  for (Pending& member : group_->members) complete(std::move(member.done), *group_->outcome);
  group_.reset();
  const std::size_t log_bytes = disk_.log_.bytes.size();
  if (!sync_failed_ && log_bytes > options_.compact_at_bytes && log_bytes > 2 * disk_.table_.bytes.size()) compact();
}

void MemoryEngine::on_begin() {
  const std::lock_guard lock(disk_.mutex_);
  if (state_ == State::open) begin_group();
}

void MemoryEngine::on_sync() {
  const std::lock_guard lock(disk_.mutex_);
  if (state_ != State::open) return;
  complete_group();
  if (!waiting_.empty()) begin_group();
}

void MemoryEngine::complete(WriteDone done, Result<void> result) {
  auto callback = [done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); };
  if (options_.runtime == nullptr) return options_.completion(std::move(callback));
  options_.runtime->timers.schedule(options_.runtime->clock.monotonic_now(), std::move(callback));
}

Result<void> MemoryEngine::checkpoint(const std::string& directory) {
  const std::lock_guard lock(disk_.mutex_);
  LATIUM_CHECKED(usable());
  if (disk_.directories_.contains(directory)) return fail(ErrorCode::already_exists, directory + " exists: name a new directory");
  if (group_ && !group_->outcome) group_->outcome = finish_group(*group_);
  auto copy = std::make_shared<SimulatedDisk>();
  copy->table_ = disk_.table_;
  copy->log_ = disk_.log_;
  copy->log_.synced = copy->log_.ends.size();
  copy->rotten_ = disk_.rotten_;
  disk_.directories_.emplace(directory, std::move(copy));
  return {};
}

EngineHealth MemoryEngine::health() {
  const std::lock_guard lock(disk_.mutex_);
  if (sync_failed_) return {EngineHealth::State::read_only, "a log sync failed: restart the node"};
  const std::uint64_t used = disk_.table_.bytes.size() + disk_.log_.bytes.size();
  if (full_ && used + kFreeAgainBytes <= disk_.faults_.capacity_bytes) full_ = false;
  if (full_) return {EngineHealth::State::read_only, "the disk is full: free some space, writes then resume"};
  return {};
}

EngineStatistics MemoryEngine::statistics() {
  const std::lock_guard lock(disk_.mutex_);
  EngineStatistics result = statistics_;
  result.keys_estimate = table_.keys(Family::data);
  result.disk_bytes = disk_.table_.bytes.size() + disk_.log_.bytes.size();
  result.memory_bytes = table_.live_bytes();
  return result;
}

Result<void> MemoryEngine::close() {
  const std::lock_guard lock(disk_.mutex_);
  if (state_ != State::open) return close_result_;
  if (group_) complete_group();
  while (!waiting_.empty()) {
    take_group();
    complete_group();
  }
  // A failed sync has been reported to whom it concerned; trying again would promise what cannot be known.
  if (!sync_failed_) close_result_ = sync_log();
  state_ = State::closed;
  return close_result_;
}

void MemoryEngine::abandon() {
  const std::lock_guard lock(disk_.mutex_);
  if (state_ != State::open) return;
  state_ = State::abandoned;
  if (group_) {
    for (Pending& member : group_->members) {
      complete(std::move(member.done), fail(ErrorCode::cancelled, Certainty::unknown, "the engine is gone"));
    }
    group_.reset();
  }
  for (Pending& pending : waiting_) complete(std::move(pending.done), fail(ErrorCode::cancelled, "the engine is gone"));
  waiting_.clear();
}

}  // namespace latium
