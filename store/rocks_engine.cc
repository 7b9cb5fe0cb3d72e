#include "store/rocks_engine.h"

#include <rocksdb/utilities/checkpoint.h>

#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/check.h"
#include "runtime/gate.h"
#include "store/commit_thread.h"
#include "store/format.h"
#include "store/recent_values.h"
#include "store/rocks_database.h"
#include "store/rocks_views.h"
#include "store/rocks_writer.h"

namespace latium {
namespace {

using internal::Gate;
using internal::to_slice;

rocksdb::ReadOptions cached_reads() {
  rocksdb::ReadOptions options;
  options.read_tier = rocksdb::kBlockCacheTier;
  return options;
}

std::unexpected<Error> closed_error() {
  return fail(ErrorCode::cancelled, "the engine is closed");
}

class RocksEngine final : public Engine {
 public:
  RocksEngine(const RocksOptions& options, internal::RocksDatabase database)
      : directory_(options.directory),
        database_(std::move(database)),
        db_(*database_.db),
        values_(internal::recent_values_bytes(options)),
        writer_(db_, database_.families, *database_.health, values_),
        commit_(options, writer_) {
    database_.health->attach(&db_, database_.all_families, [this] { commit_.wake(); });
  }

  ~RocksEngine() override {
    if (const Result<void> closed = close(); !closed) database_.health->report("store_close_failed", closed.error());
  }

  Result<ReadResult> get(Family family, BytesView key, ReadMode mode, const Snapshot* snapshot) override;
  std::vector<Result<ReadResult>> multi_get(Family family, std::span<const Bytes> keys, const Snapshot* snapshot) override;
  Result<std::unique_ptr<Cursor>> scan(Family family, KeyRange range, const Snapshot* snapshot) override;
  std::shared_ptr<const Snapshot> snapshot() override;
  Result<void> write(WriteBatch batch, Durability durability) override;
  void submit(WriteBatch batch, Durability durability, WriteDone done) override {
    commit_.submit(std::move(batch), durability, std::move(done));
  }
  Result<void> checkpoint(const std::string& directory) override;
  EngineHealth health() override { return database_.health->health(); }
  EngineStatistics statistics() override;
  Result<void> close() override;

 private:
  rocksdb::ColumnFamilyHandle* handle(Family family) const { return database_.families[static_cast<std::size_t>(family)]; }
  Result<ReadResult> no_value(const rocksdb::Status& status, Family family, BytesView key);
  std::uint64_t sum_property(const rocksdb::Slice& property);
  std::uint64_t disk_bytes();
  Result<void> write_here(const WriteBatch& batch, bool sync);
  Result<void> close_once();

  const std::string directory_;
  internal::RocksDatabase database_;
  rocksdb::DB& db_;
  internal::RecentValues values_;
  internal::RocksWriter writer_;
  internal::CommitThread commit_;
  std::atomic<std::uint32_t> synced_writers_{0};  // threads inside write() with a sync

  // Made once: a rocksdb::ReadOptions is larger than most values.
  const rocksdb::ReadOptions reads_;
  const rocksdb::ReadOptions cached_reads_ = cached_reads();
  Gate gate_;
  std::atomic<std::uint64_t> cache_misses_{0};
  std::atomic<std::int64_t> live_views_{0};

  std::mutex close_mutex_;
  std::optional<Result<void>> close_result_;
};

Result<ReadResult> RocksEngine::get(Family family, BytesView key, ReadMode mode, const Snapshot* snapshot) {
  const Gate::Pass pass(gate_);
  if (!pass) [[unlikely]]
    return closed_error();
  Result<ReadResult> result(std::in_place);
  const bool may_be_recent = internal::RecentValues::is_kept(family) && snapshot == nullptr;
  internal::RecentValues::Ticket ticket;
  if (may_be_recent && values_.find(family, key, result->value, ticket)) {
    result->presence = Presence::found;
    return result;
  }
  const internal::UncountedHere uncounted;
  // Copies straight into the result from a write buffer; from a block it pins, and the value is copied once below.
  rocksdb::PinnableSlice value(&result->value);
  rocksdb::Status status;
  if (snapshot == nullptr) [[likely]] {
    status = db_.Get(mode == ReadMode::cached_only ? cached_reads_ : reads_, handle(family), to_slice(key), &value);
  } else {
    rocksdb::ReadOptions options = mode == ReadMode::cached_only ? cached_reads_ : reads_;
    options.snapshot = internal::rocks_snapshot(snapshot);
    status = db_.Get(options, handle(family), to_slice(key), &value);
  }
  if (!status.ok()) return no_value(status, family, key);
  if (value.IsPinned()) result->value.assign(value.data(), value.size());
  // From memory only, RocksDB also answers "ok" with an empty value when the table that may hold the key is not open: no answer.
  // A value that is empty in truth is then read again, which can block; those of data and registers never are.
  if (mode == ReadMode::cached_only && result->value.empty()) [[unlikely]] {
    cache_misses_.fetch_add(1, std::memory_order_relaxed);
    result->presence = Presence::not_cached;
    return result;
  }
  result->presence = Presence::found;
  if (may_be_recent) values_.note_read(family, key, result->value, ticket);
  return result;
}

Result<ReadResult> RocksEngine::no_value(const rocksdb::Status& status, Family family, BytesView key) {
  if (status.IsNotFound()) return ReadResult{};
  if (status.IsIncomplete()) {
    cache_misses_.fetch_add(1, std::memory_order_relaxed);
    return ReadResult{Presence::not_cached, {}};
  }
  Error error =
      internal::to_error(status, "reading the key " + printable(key) + " of the family " + std::string(to_string(family)));
  if (error.code == ErrorCode::corruption) database_.health->report("store_corruption", error);
  return fail(std::move(error));
}

std::vector<Result<ReadResult>> RocksEngine::multi_get(Family family, std::span<const Bytes> keys, const Snapshot* snapshot) {
  std::vector<Result<ReadResult>> results;
  results.reserve(keys.size());
  const Gate::Pass pass(gate_);
  if (!pass) {
    for (std::size_t i = 0; i < keys.size(); ++i) results.emplace_back(closed_error());
    return results;
  }
  rocksdb::ReadOptions options;
  options.snapshot = internal::rocks_snapshot(snapshot);
  const std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
  std::vector<rocksdb::PinnableSlice> values(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  db_.MultiGet(options, handle(family), slices.size(), slices.data(), values.data(), statuses.data());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].ok()) {
      results.emplace_back(ReadResult{Presence::found, Bytes(values[i].data(), values[i].size())});
    } else {
      results.emplace_back(no_value(statuses[i], family, keys[i]));
    }
  }
  return results;
}

Result<std::unique_ptr<Cursor>> RocksEngine::scan(Family family, KeyRange range, const Snapshot* snapshot) {
  const Gate::Pass pass(gate_);
  if (!pass) return closed_error();
  return std::make_unique<internal::RocksCursor>(db_, handle(family), family, std::move(range), snapshot, live_views_);
}

std::shared_ptr<const Snapshot> RocksEngine::snapshot() {
  const Gate::Pass pass(gate_);
  LATIUM_CHECK(pass, "no snapshot of a closed engine");
  return std::make_shared<internal::RocksSnapshot>(db_, live_views_);
}

Result<void> RocksEngine::write(WriteBatch batch, Durability durability) {
  const Gate::Pass pass(gate_);
  if (!pass) [[unlikely]]
    return closed_error();
  if (std::optional<Error> refusal = writer_.refusal(batch, false)) [[unlikely]]
    return fail(*std::move(refusal));
  if (durability == Durability::buffered) return write_here(batch, false);
  // Alone, this thread is done soonest by itself. In company, the commit thread makes larger groups, with fewer wake-ups, than
  // the queue of RocksDB's own writers (docs/performance.md).
  const bool alone = synced_writers_.fetch_add(1, std::memory_order_relaxed) == 0;
  std::optional<Result<void>> written;
  if (!alone) written = commit_.write_synced(batch);
  if (!written) written = write_here(batch, true);
  synced_writers_.fetch_sub(1, std::memory_order_relaxed);
  return *std::move(written);
}

Result<void> RocksEngine::write_here(const WriteBatch& batch, bool sync) {
  rocksdb::WriteBatch encoded(internal::RocksWriter::encoded_bytes(batch) + 16);
  writer_.append(batch, encoded);
  const Result<void> written = writer_.apply(encoded, batch.size_bytes(), sync);
  writer_.settle(batch, written.has_value());
  return written;
}

Result<void> RocksEngine::checkpoint(const std::string& directory) {
  const Gate::Pass pass(gate_);
  if (!pass) return closed_error();
  if (!database_.health->log_is_sound()) return fail(ErrorCode::read_only, database_.health->health().reason);
  if (database_.file_system->FileExists(directory, rocksdb::IOOptions(), nullptr).ok()) {
    return fail(ErrorCode::already_exists, "the checkpoint directory " + directory + " exists: choose another");
  }
  rocksdb::Checkpoint* raw = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(&db_, &raw);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
  if (status.ok()) status = checkpoint->CreateCheckpoint(directory);
  if (!status.ok()) return fail(internal::to_error(status, "making a checkpoint in " + directory));
  return {};
}

std::uint64_t RocksEngine::sum_property(const rocksdb::Slice& property) {
  std::uint64_t sum = 0;
  for (rocksdb::ColumnFamilyHandle* family : database_.all_families) {
    std::uint64_t value = 0;
    if (db_.GetIntProperty(family, property, &value)) sum += value;
  }
  return sum;
}

std::uint64_t RocksEngine::disk_bytes() {
  std::vector<rocksdb::FileAttributes> files;
  if (!database_.file_system->GetChildrenFileAttributes(directory_, rocksdb::IOOptions(), &files, nullptr).ok()) return 0;
  std::uint64_t sum = 0;
  for (const rocksdb::FileAttributes& file : files) sum += file.size_bytes;
  return sum;
}

EngineStatistics RocksEngine::statistics() {
  EngineStatistics statistics;
  statistics.commit_groups = commit_.groups();
  statistics.commit_batches = commit_.batches();
  statistics.syncs = writer_.counters().syncs.load(std::memory_order_relaxed);
  statistics.written_bytes = writer_.counters().written_bytes.load(std::memory_order_relaxed);
  statistics.read_cache_misses = cache_misses_.load(std::memory_order_relaxed);
  const Gate::Pass pass(gate_);
  if (!pass) return statistics;
  db_.GetIntProperty(handle(Family::data), rocksdb::DB::Properties::kEstimateNumKeys, &statistics.keys_estimate);
  statistics.memory_bytes =
      sum_property(rocksdb::DB::Properties::kSizeAllMemTables) + sum_property(rocksdb::DB::Properties::kEstimateTableReadersMem);
  statistics.block_cache_bytes = database_.cache->GetUsage() + values_.bytes();
  statistics.disk_bytes = disk_bytes();
  return statistics;
}

Result<void> RocksEngine::close() {
  std::scoped_lock lock(close_mutex_);
  if (!close_result_) close_result_ = close_once();
  return *close_result_;
}

Result<void> RocksEngine::close_once() {
  commit_.stop();
  gate_.close();
  LATIUM_CHECK(live_views_.load() == 0, "snapshots and cursors are released before their engine is closed");
  Result<void> result;
  // RocksDB stops the process when a log that has failed is touched again.
  if (database_.health->log_is_sound()) {
    if (const rocksdb::Status synced = db_.SyncWAL(); !synced.ok()) {
      result = fail(internal::to_error(synced, "syncing the log of " + directory_ + " while closing it"));
    }
  } else {
    result = fail(ErrorCode::io_error, Certainty::unknown,
                  "closed, but the last buffered writes may not be on the disk: " + database_.health->health().reason);
  }
  database_.health->detach();
  if (const rocksdb::Status closed = database_.close(); !closed.ok() && result) {
    result = fail(internal::to_error(closed, "closing " + directory_));
  }
  return result;
}

}  // namespace

Result<std::unique_ptr<Engine>> open_rocks_engine(RocksOptions options) {
  LATIUM_TRY(internal::RocksDatabase database, internal::open_rocks_database(options));
  auto engine = std::make_unique<RocksEngine>(options, std::move(database));
  LATIUM_CHECKED(check_format(*engine, options.directory));
  return engine;
}

}  // namespace latium
