// RocksDatabase: an open rocksdb::DB with its families and environment; the checks before and the errors of opening.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include <memory>
#include <vector>

#include "store/rocks_health.h"
#include "store/rocks_writer.h"

namespace latium::internal {

struct RocksDatabase {
  std::shared_ptr<rocksdb::FileSystem> file_system;
  std::unique_ptr<rocksdb::Env> environment;  // RocksDB's threads, and `file_system` with ordered logs
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<RocksHealth> health;
  std::unique_ptr<rocksdb::DB> db;
  FamilyHandles families{};
  std::vector<rocksdb::ColumnFamilyHandle*> all_families;  // "default" among them; owned, released by close()

  RocksDatabase() = default;
  RocksDatabase(RocksDatabase&&) = default;
  RocksDatabase& operator=(RocksDatabase&&) = delete;
  ~RocksDatabase() { close().PermitUncheckedError(); }

  /// Closes the database. Idempotent.
  rocksdb::Status close();
};

/// The errors of open_rocks_engine, but for the format.
Result<RocksDatabase> open_rocks_database(const RocksOptions& options);

}  // namespace latium::internal
