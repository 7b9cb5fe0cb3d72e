// A full disk: puts are refused at once, deletes go on, and writes resume by themselves.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/random.h"
#include "tests/store/engine_kit.h"
#include "tests/support/fault_file_system.h"

namespace latium::testing {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

Bytes noise(Random& random, std::size_t bytes) {
  Bytes value;
  while (value.size() < bytes) put_u64(value, random.next());
  return value;
}

/// Puts until one fails; returns how many were acknowledged. The values do not compress.
int fill(Engine& engine, std::size_t value_bytes) {
  Random random(1);
  for (int i = 0;; ++i) {
    const Result<void> result = engine.write(put_batch("key/" + std::to_string(i), noise(random, value_bytes)), Durability::sync);
    if (result) continue;
    EXPECT_TRUE(outcome(result) == "io_error/unknown" || outcome(result) == "read_only/not_applied") << message_of(result);
    return i;
  }
}

void expect_all_there(Engine& engine, int acknowledged, std::size_t value_bytes) {
  Random random(1);
  for (int i = 0; i < acknowledged; ++i) {
    ASSERT_EQ(get_text(engine, "key/" + std::to_string(i)), noise(random, value_bytes)) << i;
  }
}

class RocksFullDisk : public ::testing::Test {
 protected:
  void open() {
    RocksOptions options = small_rocks_options(directory_ / "db", completions_.executor());
    options.file_system = files_;
    options.events = &events_;
    options.reserve_bytes = kMiB;
    options.write_buffer_bytes = kMiB / 4;
    auto engine = open_rocks_engine(options);
    ASSERT_TRUE(engine.has_value()) << message_of(engine);
    engine_ = std::move(*engine);
  }

  TempDirectory directory_;
  Completions completions_;
  RecordedEvents events_;
  std::shared_ptr<FaultFileSystem> files_ = std::make_shared<FaultFileSystem>();
  std::unique_ptr<Engine> engine_;
};

TEST_F(RocksFullDisk, RefusesPutsTakesDeletesAndResumes) {
  files_->set_capacity(6 * kMiB);
  open();
  const int acknowledged = fill(*engine_, 1000);
  EXPECT_GT(acknowledged, 1000);

  events_.wait_for("store_background_error");
  EXPECT_EQ(engine_->health().state, EngineHealth::State::read_only);
  EXPECT_NE(engine_->health().reason.find("is full"), std::string::npos) << engine_->health().reason;
  const Result<void> put = engine_->write(put_batch("more", "v"), Durability::sync);
  EXPECT_EQ(outcome(put), "read_only/not_applied");
  EXPECT_NE(message_of(put).find("free or add space"), std::string::npos) << message_of(put);
  EXPECT_EQ(outcome(completions_.submit(*engine_, put_batch("more", "v"), Durability::sync)), "read_only/not_applied");

  // A delete is taken as soon as the reserve was given up.
  Result<void> removed;
  do {
    removed = completions_.submit(*engine_, remove_batch("key/0"), Durability::sync);
  } while (!removed && removed.error().code == ErrorCode::read_only);
  EXPECT_EQ(outcome(removed), "ok");
  EXPECT_EQ(get_text(*engine_, "key/0"), "(absent)");
  EXPECT_EQ(outcome(engine_->write(put_batch("more", "v"), Durability::sync)), "read_only/not_applied") << "still full";

  files_->set_capacity(64 * kMiB);
  events_.wait_for("store_writable_again");
  EXPECT_EQ(engine_->health().state, EngineHealth::State::writable);
  EXPECT_EQ(outcome(engine_->write(put_batch("key/0", "back"), Durability::sync)), "ok");
  EXPECT_EQ(outcome(engine_->write(put_batch("key/0", noise(*std::make_unique<Random>(1), 1000)), Durability::sync)), "ok");
  expect_all_there(*engine_, acknowledged, 1000);
  EXPECT_EQ(outcome(engine_->close()), "ok");
  engine_.reset();
  open();
  expect_all_there(*engine_, acknowledged, 1000);
}

TEST_F(RocksFullDisk, DeletingEnoughMakesItWritable) {
  files_->set_capacity(8 * kMiB);
  open();
  const int acknowledged = fill(*engine_, 1000);
  for (int i = 0; i < acknowledged; ++i) {
    Result<void> removed;
    do {
      removed = completions_.submit(*engine_, remove_batch("key/" + std::to_string(i)), Durability::buffered);
    } while (!removed && removed.error().code == ErrorCode::read_only);
    ASSERT_EQ(outcome(removed), "ok") << i;
  }
  events_.wait_for("store_writable_again");
  EXPECT_EQ(outcome(engine_->write(put_batch("new", "v"), Durability::sync)), "ok");
}

TEST_F(RocksFullDisk, WorksWithoutRoomForTheReserve) {
  files_->set_capacity(kMiB / 2);
  open();
  EXPECT_TRUE(events_.seen("disk_reserve_missing"));
  EXPECT_EQ(outcome(engine_->write(put_batch("k", "v"), Durability::sync)), "ok");
}

TEST_F(RocksFullDisk, CrashingWhileFullLosesNothing) {
  files_->set_capacity(6 * kMiB);
  open();
  const int acknowledged = fill(*engine_, 1000);
  files_->crash();
  engine_.reset();
  Random random(7);
  files_->restart(random);
  files_->set_capacity(64 * kMiB);
  open();
  expect_all_there(*engine_, acknowledged, 1000);
}

/// A real file system of 32 MiB, where mounting one is allowed.
class Tmpfs {
 public:
  explicit Tmpfs(std::string path) : path_(std::move(path)) {
    std::filesystem::create_directory(path_);
    mounted_ = mount("latium_test", path_.c_str(), "tmpfs", 0, "size=32m") == 0;
    if (!mounted_) why_ = std::strerror(errno);
  }
  ~Tmpfs() {
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
  }
  Tmpfs(const Tmpfs&) = delete;
  Tmpfs& operator=(const Tmpfs&) = delete;

  bool mounted() const { return mounted_; }
  const std::string& why() const { return why_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
  std::string why_;
  bool mounted_ = false;
};

TEST(RocksRealFullDisk, ResumesWhenAForeignFileGoes) {
  TempDirectory directory;
  const Tmpfs disk(directory / "disk");
  if (!disk.mounted()) GTEST_SKIP() << "mounting a tmpfs is not permitted here: " << disk.why();
  // The foreign file takes half of the disk.
  {
    std::ofstream(disk / "foreign") << std::string(16 * kMiB, 'x');
  }
  Completions completions;
  RecordedEvents events;
  RocksOptions options = small_rocks_options(disk / "db", completions.executor());
  options.events = &events;
  options.write_buffer_bytes = kMiB;
  options.reserve_bytes = 4 * kMiB;
  auto opened = open_rocks_engine(options);
  ASSERT_TRUE(opened.has_value()) << message_of(opened);
  std::unique_ptr<Engine> engine = std::move(*opened);
  const int acknowledged = fill(*engine, 10'000);
  EXPECT_GT(acknowledged, 100);
  Result<void> removed;
  do {
    removed = completions.submit(*engine, remove_batch("no such key"), Durability::sync);
  } while (!removed && removed.error().code == ErrorCode::read_only);
  EXPECT_EQ(outcome(removed), "ok");
  EXPECT_EQ(engine->health().state, EngineHealth::State::read_only);

  std::filesystem::remove(disk / "foreign");
  events.wait_for("store_writable_again");
  EXPECT_EQ(outcome(engine->write(put_batch("new", "v"), Durability::sync)), "ok");
  expect_all_there(*engine, acknowledged, 10'000);
  engine.reset();
  opened = open_rocks_engine(options);
  ASSERT_TRUE(opened.has_value()) << message_of(opened);
  expect_all_there(**opened, acknowledged, 10'000);
  EXPECT_EQ(get_text(**opened, "new"), "v");
}

}  // namespace
}  // namespace latium::testing
