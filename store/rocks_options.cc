// How RocksDB is set up, each option with its reason. The aims: nothing acknowledged is lost, corruption is seen, an idle
// node is small, the start does not depend on the amount of data, two processors are enough.
#include <rocksdb/compaction_filter.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/merge_operator.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

#include <algorithm>

#include "store/rocks_internal.h"
#include "store/rocks_log.h"

namespace latium::internal {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

rocksdb::BlockBasedTableOptions table_options(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  // Twice the default: half the index, and small values compress better; a cached read searches by restart points anyway.
  table.block_size = 8 * 1024;
  // Indexes and filters count against the cache, so that memory has one bound however much data there is; they go last, and
  // those of level 0, which every read asks, stay.
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  // 1 % false positives. Bloom and not ribbon: a third cheaper to ask, and at this size memory is not what is short.
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.whole_key_filtering = true;
  table.optimize_filters_for_memory = true;
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;
  return table;
}

rocksdb::ColumnFamilyOptions common_family_options(std::size_t write_buffer_bytes) {
  rocksdb::ColumnFamilyOptions family;
  family.write_buffer_size = write_buffer_bytes;
  // One that fills, one that is written out, one in reserve: writers do not wait for a flush.
  family.max_write_buffer_number = 3;
  // What an idle write buffer holds. The default (an eighth of the buffer) is 2 MiB for nothing.
  family.arena_block_size = std::min<std::size_t>(256 * 1024, write_buffer_bytes / 8);
  family.level_compaction_dynamic_level_bytes = true;  // space overhead stays about 10 %
  family.max_bytes_for_level_base = 4 * std::max(write_buffer_bytes, kMiB);
  family.target_file_size_base = 32 * kMiB;       // keeps a file's filter and index (about 400 KiB) below a shard of the cache
  family.compression = rocksdb::kLZ4Compression;  // costs next to nothing; ZSTD would double the price of a disk read
  family.compression_opts.parallel_threads = 1;
  // No check of every file's age in the background: nothing here goes by age but what expires (below).
  family.ttl = 0;
  family.periodic_compaction_seconds = 0;
  return family;
}

// WriteBatch::merge_xor.
class XorOperator final : public rocksdb::AssociativeMergeOperator {
 public:
  bool Merge(const rocksdb::Slice& /*key*/, const rocksdb::Slice* before, const rocksdb::Slice& operand, std::string* after,
             rocksdb::Logger* /*logger*/) const override {
    after->clear();
    if (before != nullptr) after->assign(before->data(), before->size());
    xor_into(*after, to_view(operand));
    return true;
  }
  // On disk: RocksDB refuses to open the family with another one.
  const char* Name() const override { return "latium.xor"; }
};

// RocksOptions::is_over. What it drops leaves a deletion where older values may lie below.
class OverFilter final : public rocksdb::CompactionFilter {
 public:
  explicit OverFilter(const std::function<bool(BytesView, BytesView)>& is_over) : is_over_(is_over) {}

  Decision FilterV2(int /*level*/, const rocksdb::Slice& key, ValueType type, const rocksdb::Slice& value,
                    std::string* /*new_value*/, std::string* /*skip_until*/) const override {
    return type == ValueType::kValue && is_over_(to_view(key), to_view(value)) ? Decision::kRemove : Decision::kKeep;
  }
  const char* Name() const override { return "latium.over"; }

 private:
  const std::function<bool(BytesView, BytesView)>& is_over_;
};

class OverFilters final : public rocksdb::CompactionFilterFactory {
 public:
  explicit OverFilters(std::function<bool(BytesView, BytesView)> is_over) : is_over_(std::move(is_over)) {}

  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(const rocksdb::CompactionFilter::Context&) override {
    return std::make_unique<OverFilter>(is_over_);
  }
  const char* Name() const override { return "latium.over"; }

 private:
  const std::function<bool(BytesView, BytesView)> is_over_;
};

}  // namespace

std::shared_ptr<rocksdb::Cache> make_block_cache(const RocksOptions& options) {
  rocksdb::LRUCacheOptions cache;
  cache.capacity = options.block_cache_bytes - recent_values_bytes(options);
  // 16 shards, fewer when they would be under 1 MiB: a filter must fit, and two processors do not fight over more.
  cache.num_shard_bits = 4;
  while (cache.num_shard_bits > 0 && (cache.capacity >> cache.num_shard_bits) < kMiB) --cache.num_shard_bits;
  cache.high_pri_pool_ratio = 0.5;  // for indexes and filters
  return rocksdb::NewLRUCache(cache);
}

rocksdb::DBOptions database_options(const RocksOptions& options) {
  rocksdb::DBOptions db;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.paranoid_checks = true;
  // A crash may cut the end of a log short: that is tolerated. Anything wrong before the end is refused. The alternative,
  // kPointInTimeRecovery, drops everything after a damaged record in silence, synced and acknowledged writes among it.
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  db.recycle_log_file_num = 0;  // a recycled log ends in old records, which would pass for a damaged middle
  // Bounds the replay at the start, and the disk space that a seldom written family holds back.
  db.max_total_wal_size = std::max<std::uint64_t>(64 * kMiB, 2 * options.write_buffer_bytes);
  // One flush and one compaction at a time: more would take both processors from the loop and the commit thread.
  db.max_background_jobs = 2;
  db.max_subcompactions = 1;
  // Writes out tables as they are made, so that a log sync does not wait behind 32 MiB of a compaction's pages.
  db.bytes_per_sync = kMiB;
  // The start: a bounded number of files is opened (with no limit, all would be; 20 for the estimate of keys), none is asked for
  // its size.
  db.max_open_files = options.max_open_files;
  db.skip_checking_sst_file_sizes_on_db_open = true;  // a cut file fails its footer's check when it is opened
  // No threads and memory for RocksDB's own statistics; its log lines become events (rocks_log.h).
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  db.info_log = std::make_shared<RocksLog>(options.events);
  // 4 MiB by default, which matters on a small disk.
  db.manifest_preallocation_size = 64 * 1024;
  // Recovery from a full or failed disk is the engine's (rocks_health.h), in one place.
  db.max_bgerror_resume_count = 0;
  // Cursors and snapshots may die on the loop: files that they held are deleted in the background.
  db.avoid_unnecessary_blocking_io = true;
  return db;
}

std::vector<rocksdb::ColumnFamilyDescriptor> family_descriptors(const RocksOptions& options,
                                                                const std::shared_ptr<rocksdb::Cache>& cache) {
  // Small, read often, written seldom. The same for "default", which stays empty.
  rocksdb::ColumnFamilyOptions small = common_family_options(std::min(options.write_buffer_bytes, kMiB));
  small.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table_options(cache)));

  rocksdb::ColumnFamilyOptions data = common_family_options(options.write_buffer_bytes);
  data.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table_options(cache)));
  // A scan inside one tenant's partition skips the tables that hold nothing of it.
  data.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(kDataPrefixBytes));

  rocksdb::ColumnFamilyOptions registers = data;
  if (options.is_over) {
    data.compaction_filter_factory = std::make_shared<OverFilters>(options.is_over);
    // What nobody writes beside any more is looked through all the same.
    data.periodic_compaction_seconds = std::uint64_t{7} * 24 * 3600;
  }

  // Written and removed in turn, found by whom they are for.
  rocksdb::ColumnFamilyOptions hints = common_family_options(options.write_buffer_bytes);
  hints.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table_options(cache)));

  // One entry a leaf, however often it changes; looked through by partition.
  rocksdb::ColumnFamilyOptions trees = common_family_options(std::min(options.write_buffer_bytes, 8 * kMiB));
  trees.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table_options(cache)));
  trees.merge_operator = std::make_shared<XorOperator>();

  return {{rocksdb::kDefaultColumnFamilyName, small},       {std::string(to_string(Family::system)), small},
          {std::string(to_string(Family::data)), data},     {std::string(to_string(Family::registers)), registers},
          {std::string(to_string(Family::hints)), hints},   {std::string(to_string(Family::trees)), trees},
          {std::string(to_string(Family::expiring)), hints}};
}

}  // namespace latium::internal
