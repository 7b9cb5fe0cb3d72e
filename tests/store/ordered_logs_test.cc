#include "store/ordered_logs.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "tests/support/fault_file_system.h"
#include "tests/support/temp_directory.h"

namespace latium::testing {
namespace {

const rocksdb::IOOptions kOptions;

struct World {
  TempDirectory directory;
  std::shared_ptr<FaultFileSystem> disk = std::make_shared<FaultFileSystem>();
  std::shared_ptr<rocksdb::FileSystem> files = internal::with_ordered_logs(disk);

  rocksdb::IOStatus create(const std::string& name, std::unique_ptr<rocksdb::FSWritableFile>& file) {
    return files->NewWritableFile(directory / name, rocksdb::FileOptions(), &file, nullptr);
  }
  std::uint64_t size_of(const std::string& name) {
    const std::string path = directory / name;
    return std::filesystem::exists(path) ? std::filesystem::file_size(path) : 0;
  }
};

TEST(OrderedLogs, APowerCutTakesNothingFromALogThatHasASuccessor) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    World world;
    std::unique_ptr<rocksdb::FSWritableFile> first;
    std::unique_ptr<rocksdb::FSWritableFile> second;
    ASSERT_TRUE(world.create("1.log", first).ok());
    ASSERT_TRUE(first->Append("0123456789", kOptions, nullptr).ok());
    ASSERT_TRUE(world.create("2.log", second).ok());
    first.reset();
    second.reset();
    world.disk->crash();
    Random random(seed);
    world.disk->restart(random);
    ASSERT_EQ(world.size_of("1.log"), 10u) << "seed " << seed;
  }
}

TEST(OrderedLogs, ASuccessorCostsNothingWhereAllIsSynced) {
  World world;
  std::unique_ptr<rocksdb::FSWritableFile> first;
  std::unique_ptr<rocksdb::FSWritableFile> second;
  std::unique_ptr<rocksdb::FSWritableFile> table;
  ASSERT_TRUE(world.create("1.log", first).ok());
  ASSERT_TRUE(first->Append("0123456789", kOptions, nullptr).ok());
  ASSERT_TRUE(world.create("3.sst", table).ok()) << "only logs are ordered";
  EXPECT_EQ(world.disk->count(FileOperation::sync), 0u);
  ASSERT_TRUE(first->Sync(kOptions, nullptr).ok());
  ASSERT_TRUE(world.create("2.log", second).ok());
  EXPECT_EQ(world.disk->count(FileOperation::sync), 1u);
}

TEST(OrderedLogs, WhereTheOldLogCannotBeSyncedThereIsNoNewOne) {
  World world;
  std::unique_ptr<rocksdb::FSWritableFile> first;
  std::unique_ptr<rocksdb::FSWritableFile> second;
  ASSERT_TRUE(world.create("1.log", first).ok());
  ASSERT_TRUE(first->Append("0123456789", kOptions, nullptr).ok());
  world.disk->fail_nth(FileOperation::sync, 1, FileFault::io_error);
  EXPECT_TRUE(world.create("2.log", second).IsIOError());
  EXPECT_FALSE(std::filesystem::exists(world.directory / "2.log"));
  ASSERT_TRUE(world.create("2.log", second).ok()) << "tried again";
}

TEST(OrderedLogs, AClosedLogIsLeftAlone) {
  World world;
  std::unique_ptr<rocksdb::FSWritableFile> file;
  ASSERT_TRUE(world.create("1.log", file).ok());
  ASSERT_TRUE(file->Append("0123456789", kOptions, nullptr).ok());
  ASSERT_TRUE(file->Close(kOptions, nullptr).ok());
  ASSERT_TRUE(world.create("2.log", file).ok());
  EXPECT_EQ(world.disk->count(FileOperation::sync), 0u);
}

}  // namespace
}  // namespace latium::testing
