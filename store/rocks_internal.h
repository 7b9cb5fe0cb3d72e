// Shared by the parts of the RocksDB engine. Private to store/ and to the benchmarks that open a raw database beside it.
#pragma once

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/perf_level.h>

#include <memory>
#include <string_view>
#include <vector>

#include "store/rocks_engine.h"

namespace latium::internal {

/// Keys of Family::data start with the tenant (u32) and the partition (u16), both big-endian.
inline constexpr std::size_t kDataPrefixBytes = 6;

/// Everything but what belongs to one engine: environment, listeners.
rocksdb::DBOptions database_options(const RocksOptions& options);

/// The column families to open: RocksDB's own "default" (empty), then one per Family in the order of the enum.
std::vector<rocksdb::ColumnFamilyDescriptor> family_descriptors(const RocksOptions& options,
                                                                const std::shared_ptr<rocksdb::Cache>& cache);

/// A quarter of what the options give to the cache is for RecentValues, the rest for blocks.
inline std::size_t recent_values_bytes(const RocksOptions& options) {
  return options.block_cache_bytes / 4;
}
std::shared_ptr<rocksdb::Cache> make_block_cache(const RocksOptions& options);

/// While it lives, RocksDB does not count what the thread does (rocksdb/perf_context.h), which nobody asks for here: by default
/// it counts every comparison of keys, with two looks at thread-local memory each. The thread may be the caller's, who may count.
class UncountedHere {
 public:
  UncountedHere() : before_(rocksdb::GetPerfLevel()) { rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable); }
  ~UncountedHere() { rocksdb::SetPerfLevel(before_); }
  UncountedHere(const UncountedHere&) = delete;
  UncountedHere& operator=(const UncountedHere&) = delete;

 private:
  rocksdb::PerfLevel before_;
};

inline rocksdb::Slice to_slice(BytesView bytes) {
  return {bytes.data(), bytes.size()};
}
inline BytesView to_view(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

/// `doing`: what failed, for example "reading the key a\x00b". RocksDB's text names the file.
Error to_error(const rocksdb::Status& status, std::string_view doing, Certainty certainty = Certainty::not_applied);

}  // namespace latium::internal
