// Snapshots and cursors of the RocksDB engine.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/iterator.h>
#include <rocksdb/snapshot.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include "store/rocks_internal.h"

namespace latium::internal {

/// Counts a view as alive while it lives, for the check in close().
class LiveView {
 public:
  explicit LiveView(std::atomic<std::int64_t>& alive) : alive_(alive) { alive_.fetch_add(1); }
  ~LiveView() { alive_.fetch_sub(1); }
  LiveView(const LiveView&) = delete;
  LiveView& operator=(const LiveView&) = delete;

 private:
  std::atomic<std::int64_t>& alive_;
};

class RocksSnapshot final : public Snapshot {
 public:
  RocksSnapshot(rocksdb::DB& db, std::atomic<std::int64_t>& alive) : live_(alive), db_(db), snapshot_(db.GetSnapshot()) {}
  ~RocksSnapshot() override { db_.ReleaseSnapshot(snapshot_); }

  const rocksdb::Snapshot* get() const { return snapshot_; }

 private:
  LiveView live_;
  rocksdb::DB& db_;
  const rocksdb::Snapshot* snapshot_;
};

/// Null stays null. Precondition: a snapshot of this kind of engine.
inline const rocksdb::Snapshot* rocks_snapshot(const Snapshot* snapshot) {
  return snapshot == nullptr ? nullptr : static_cast<const RocksSnapshot*>(snapshot)->get();
}

class RocksCursor final : public Cursor {
 public:
  /// Stands at the first key of the range.
  RocksCursor(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* handle, Family family, KeyRange range, const Snapshot* snapshot,
              std::atomic<std::int64_t>& alive);

  bool valid() const override { return iterator_->Valid(); }
  void next() override;
  BytesView key() const override { return to_view(iterator_->key()); }
  BytesView value() const override { return to_view(iterator_->value()); }
  Result<void> status() const override;

 private:
  LiveView live_;
  Family family_;
  KeyRange range_;
  rocksdb::Slice upper_;  // of range_.end; the iterator refers to it
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

}  // namespace latium::internal
