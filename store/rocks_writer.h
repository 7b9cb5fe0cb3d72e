// RocksWriter: turns batches into RocksDB's and writes them; the part that blocking writes and the commit thread share.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "store/recent_values.h"
#include "store/rocks_health.h"

namespace latium::internal {

using FamilyHandles = std::array<rocksdb::ColumnFamilyHandle*, kFamilyCount>;

/// Any thread. Everything it refers to outlives it.
class RocksWriter {
 public:
  struct Counters {
    std::atomic<std::uint64_t> syncs{0};
    std::atomic<std::uint64_t> written_bytes{0};
  };

  RocksWriter(rocksdb::DB& db, const FamilyHandles& families, RocksHealth& health, RecentValues& values)
      : db_(db), families_(families), health_(health), values_(values) {}

  /// Bytes that `batch` takes in RocksDB's form, at most.
  static std::size_t encoded_bytes(const WriteBatch& batch) {
    constexpr std::size_t kOperationOverhead = 16;  // kind, family, two lengths
    return batch.size_bytes() + batch.operations().size() * kOperationOverhead;
  }

  /// Adds the operations of `batch` to `out`. From here to settle(), which has to follow, the values that it writes are not
  /// looked for among the recent ones.
  void append(const WriteBatch& batch, rocksdb::WriteBatch& out) const;
  /// Once `out` is written, or could not be.
  void settle(const WriteBatch& batch, bool written) const { values_.end_write(batch, written); }

  /// See RocksHealth.
  std::optional<Error> refusal(const WriteBatch& batch, bool waits) const {
    if (health_.writable()) [[likely]]
      return std::nullopt;
    return health_.refusal(batch, waits);
  }

  /// Writes; `bytes` is for the statistics. A failure has certainty `unknown`: the batch may be in the log.
  Result<void> apply(rocksdb::WriteBatch& batch, std::size_t bytes, bool sync);

  const Counters& counters() const { return counters_; }
  RocksHealth& health() { return health_; }

 private:
  rocksdb::DB& db_;
  FamilyHandles families_;
  RocksHealth& health_;
  RecentValues& values_;
  Counters counters_;
};

}  // namespace latium::internal
