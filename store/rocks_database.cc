#include "store/rocks_database.h"

#include <rocksdb/file_system.h>

#include <algorithm>
#include <string>

#include "store/ordered_logs.h"
#include "store/rocks_log.h"

namespace latium::internal {
namespace {

const rocksdb::IOOptions kNoOptions;

Result<void> check_options(const RocksOptions& options) {
  const auto refuse = [](std::string text) { return fail(ErrorCode::invalid_argument, std::move(text)); };
  if (options.directory.empty()) return refuse("no data directory is given");
  if (!options.completion_executor) return refuse("the engine has no completion executor");
  if (options.block_cache_bytes < std::size_t{1} << 20) return refuse("a block cache under 1 MiB cannot hold an index");
  if (options.write_buffer_bytes < std::size_t{64} << 10) return refuse("a write buffer under 64 KiB makes a file a second");
  if (options.max_open_files < 64) return refuse("fewer than 64 open files do not hold a level of tables");
  if (options.queue_batches == 0) return refuse("a commit queue of no batches takes no writes");
  return {};
}

/// Whether a database is there. Refuses what RocksDB would take for an empty directory and then clean up.
Result<bool> check_directory(const std::string& directory, rocksdb::FileSystem& files) {
  bool is_directory = false;
  rocksdb::IOStatus status = files.FileExists(directory, kNoOptions, nullptr);
  if (status.IsNotFound()) {
    status = files.CreateDirIfMissing(directory, kNoOptions, nullptr);
    if (status.ok()) return false;
    return fail(ErrorCode::io_error, "cannot create the data directory " + directory + " (" + status.ToString() +
                                         "): create its parent, make it writable, or choose another");
  }
  if (status.ok()) status = files.IsDirectory(directory, kNoOptions, &is_directory, nullptr);
  if (status.ok() && !is_directory) {
    return fail(ErrorCode::invalid_argument, directory + " is not a directory: choose another data directory");
  }
  std::vector<std::string> names;
  if (status.ok()) status = files.GetChildren(directory, kNoOptions, &names, nullptr);
  if (!status.ok()) {
    return fail(ErrorCode::io_error, "cannot read the data directory " + directory + " (" + status.ToString() +
                                         "): make it readable for this user, or choose another");
  }
  if (std::ranges::find(names, "CURRENT") != names.end()) return true;
  const auto holds_data = [](const std::string& name) { return name.ends_with(".sst") || name.ends_with(".log"); };
  if (const auto found = std::ranges::find_if(names, holds_data); found != names.end()) {
    return fail(ErrorCode::corruption, "the data directory " + directory + " holds " + *found +
                                           " but no file CURRENT: restore it from a checkpoint, or replace this node");
  }
  return false;
}

/// A family that this software does not know can only be of a newer one; RocksDB would not open without it.
Result<void> check_families(const std::string& directory, const rocksdb::DBOptions& options,
                            const std::vector<rocksdb::ColumnFamilyDescriptor>& known) {
  std::vector<std::string> names;
  const rocksdb::Status status = rocksdb::DB::ListColumnFamilies(options, directory, &names);
  if (!status.ok()) return fail(to_error(status, "opening the data directory " + directory));
  const auto unknown = std::ranges::find_if(names, [&](const std::string& name) {
    return std::ranges::find(known, name, &rocksdb::ColumnFamilyDescriptor::name) == known.end();
  });
  if (unknown == names.end()) return {};
  return fail(ErrorCode::incompatible_format,
              directory + " has the key space '" + *unknown + "', which this software does not know: run the newer software");
}

Error open_error(const rocksdb::Status& status, const std::string& directory) {
  const std::string text = status.ToString();
  // RocksDB has no code of its own for a lock that is held: by another process, or by this one.
  if (status.IsIOError() &&
      (text.find("While lock file") != std::string::npos || text.find("lock hold by current process") != std::string::npos)) {
    return {ErrorCode::data_dir_locked, "the data directory " + directory +
                                            " is in use by another engine of this or another process: stop it, or choose "
                                            "another directory"};
  }
  if (status.IsIOError()) {
    return {ErrorCode::io_error, "cannot open the data directory " + directory + " (" + text +
                                     "): make it writable for this user, check the disk, or choose another"};
  }
  return to_error(status, "opening the data directory " + directory);
}

}  // namespace

rocksdb::Status RocksDatabase::close() {
  if (db == nullptr) return rocksdb::Status::OK();
  rocksdb::Status status;
  for (rocksdb::ColumnFamilyHandle* family : all_families) {
    const rocksdb::Status released = db->DestroyColumnFamilyHandle(family);
    if (status.ok()) status = released;
  }
  all_families.clear();
  const rocksdb::Status closed = db->Close();
  if (status.ok()) status = closed;
  db.reset();
  return status;
}

Result<RocksDatabase> open_rocks_database(const RocksOptions& options) {
  LATIUM_CHECKED(check_options(options));
  RocksDatabase opened;
  opened.file_system = options.file_system ? options.file_system : rocksdb::FileSystem::Default();
  LATIUM_TRY(const bool exists, check_directory(options.directory, *opened.file_system));

  opened.cache = make_block_cache(options);
  opened.health = std::make_shared<RocksHealth>(options, opened.file_system);
  rocksdb::DBOptions db_options = database_options(options);
  opened.environment = rocksdb::NewCompositeEnv(with_ordered_logs(opened.file_system));
  db_options.env = opened.environment.get();
  db_options.listeners.push_back(opened.health);
  const std::vector<rocksdb::ColumnFamilyDescriptor> descriptors = family_descriptors(options, opened.cache);
  if (exists) LATIUM_CHECKED(check_families(options.directory, db_options, descriptors));

  rocksdb::DB* db = nullptr;
  rocksdb::Status status = rocksdb::DB::Open(db_options, options.directory, descriptors, &opened.all_families, &db);
  if (status.IsNoSpace()) {
    // A start writes a little: what the reserve is for.
    opened.health->give_up_reserve();
    status = rocksdb::DB::Open(db_options, options.directory, descriptors, &opened.all_families, &db);
  }
  if (!status.ok()) return fail(open_error(status, options.directory));
  static_cast<RocksLog&>(*db_options.info_log).opened();
  opened.db.reset(db);
  std::copy(opened.all_families.begin() + 1, opened.all_families.end(), opened.families.begin());
  return opened;
}

}  // namespace latium::internal
