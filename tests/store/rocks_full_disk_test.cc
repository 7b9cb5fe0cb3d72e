// A full disk: puts are refused at once, deletes go on, and writes resume by themselves.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>

#include "base/random.h"
#include "tests/store/engine_kit.h"
#include "tests/support/fault_file_system.h"

namespace latium::testing {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

Bytes key_of(int i) {
  return "key/" + std::to_string(i);
}

/// Does not compress.
Bytes value_of(int i, std::size_t bytes) {
  Random random(static_cast<std::uint64_t>(i));
  Bytes value;
  while (value.size() < bytes) put_u64(value, random.next());
  return value;
}

/// Puts the keys from `first` on until one fails, or up to `limit`; returns the first that was not acknowledged.
int fill(Engine& engine, std::size_t value_bytes, int first = 0, int limit = std::numeric_limits<int>::max()) {
  for (int i = first; i < limit; ++i) {
    const Result<void> result = engine.write(put_batch(key_of(i), value_of(i, value_bytes)), Durability::sync);
    if (result) continue;
    EXPECT_TRUE(outcome(result) == "io_error/unknown" || outcome(result) == "read_only/not_applied") << message_of(result);
    return i;
  }
  return limit;
}

void expect_all_there(Engine& engine, int first, int acknowledged, std::size_t value_bytes) {
  for (int i = first; i < acknowledged; ++i) {
    const bool equal = get_text(engine, key_of(i)) == value_of(i, value_bytes);
    ASSERT_TRUE(equal) << i;
  }
}

/// Writes as a client does whose batch may be applied twice: again, until it is done. False when only a restart helps.
bool write_until_done(Engine& engine, Completions& completions, const WriteBatch& batch) {
  for (;;) {
    const Result<void> written = completions.submit(engine, batch, Durability::sync);
    if (written) return true;
    EXPECT_TRUE(outcome(written) == "io_error/unknown" || outcome(written) == "read_only/not_applied") << message_of(written);
    if (message_of(written).find("restart the node") != std::string::npos) return false;
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
  open();
  ASSERT_EQ(fill(*engine_, 1000, 0, 1500), 1500);
  files_->set_reported_free(1000);
  const int acknowledged = fill(*engine_, 1000, 1500);
  EXPECT_GT(acknowledged, 1500);
  EXPECT_LT(acknowledged, 1700) << "it looks after a quarter of a write buffer";

  EXPECT_TRUE(events_.seen("store_disk_full"));
  EXPECT_FALSE(events_.seen("store_background_error")) << "RocksDB does not notice";
  EXPECT_EQ(engine_->health().state, EngineHealth::State::read_only);
  EXPECT_NE(engine_->health().reason.find("is full"), std::string::npos) << engine_->health().reason;
  const Result<void> put = engine_->write(put_batch("more", "v"), Durability::sync);
  EXPECT_EQ(outcome(put), "read_only/not_applied");
  EXPECT_NE(message_of(put).find("free or add space"), std::string::npos) << message_of(put);
  EXPECT_EQ(outcome(completions_.submit(*engine_, put_batch("more", "v"), Durability::sync)), "read_only/not_applied");

  EXPECT_EQ(outcome(engine_->write(remove_batch(key_of(0)), Durability::sync)), "ok");
  EXPECT_EQ(get_text(*engine_, key_of(0)), "(absent)");
  WriteBatch range;
  range.remove_range(Family::data, "no", "such");
  EXPECT_EQ(outcome(completions_.submit(*engine_, std::move(range), Durability::buffered)), "ok");
  EXPECT_EQ(outcome(engine_->write(put_batch("more", "v"), Durability::sync)), "read_only/not_applied") << "still full";

  files_->set_reported_free({});
  events_.wait_for("store_writable_again");
  EXPECT_EQ(engine_->health().state, EngineHealth::State::writable);
  EXPECT_EQ(outcome(engine_->write(put_batch("more", "v"), Durability::sync)), "ok");
  for (int round = 0; round < 2; ++round) {
    expect_all_there(*engine_, 1, acknowledged, 1000);
    EXPECT_EQ(get_text(*engine_, key_of(0)), "(absent)");
    EXPECT_EQ(get_text(*engine_, "more"), "v");
    EXPECT_EQ(outcome(engine_->close()), "ok");
    engine_.reset();
    open();
  }
}

TEST_F(RocksFullDisk, DeletingEnoughMakesItWritable) {
  files_->set_capacity(8 * kMiB);
  open();
  const int acknowledged = fill(*engine_, 1000);
  // A compaction may have taken the rest of the disk meanwhile; where RocksDB then needs a restart, it gets one.
  const auto write = [this](const WriteBatch& batch) {
    while (!write_until_done(*engine_, completions_, batch)) {
      engine_.reset();
      open();
    }
  };
  for (int i = 0; i < acknowledged; ++i) write(remove_batch(key_of(i)));
  write(put_batch("new", "v"));
  EXPECT_EQ(get_text(*engine_, "new"), "v");
  for (int i = 0; i < acknowledged; ++i) ASSERT_EQ(get_text(*engine_, key_of(i)), "(absent)") << i;
}

TEST_F(RocksFullDisk, WorksWithoutRoomForTheReserve) {
  files_->set_capacity(kMiB / 2);
  open();
  EXPECT_TRUE(events_.seen("disk_reserve_missing"));
  EXPECT_EQ(outcome(engine_->write(put_batch("k", "v"), Durability::sync)), "ok");
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

TEST(RocksRealFullDisk, SurvivesAForeignFileThatTakesTheRest) {
  TempDirectory directory;
  const Tmpfs disk(directory / "disk");
  if (!disk.mounted()) GTEST_SKIP() << "mounting a tmpfs is not permitted here: " << disk.why();
  Completions completions;
  RecordedEvents events;
  RocksOptions options = small_rocks_options(disk / "db", completions.executor());
  options.events = &events;
  options.write_buffer_bytes = kMiB;
  options.reserve_bytes = 4 * kMiB;
  auto opened = open_rocks_engine(options);
  ASSERT_TRUE(opened.has_value()) << message_of(opened);
  std::unique_ptr<Engine> engine = std::move(*opened);
  int acknowledged = fill(*engine, 10'000, 0, 600);
  ASSERT_EQ(acknowledged, 600);
  // Somebody else takes all that is left.
  std::ofstream foreign(disk / "foreign");
  while (foreign << std::string(4096, 'x') << std::flush) {
  }
  foreign.close();
  acknowledged = fill(*engine, 10'000, acknowledged);
  // RocksDB met the full disk itself: it goes on, or says that it needs a restart. Either way nothing is lost.
  const bool goes_on = write_until_done(*engine, completions, remove_batch("no such key"));
  std::filesystem::remove(disk / "foreign");
  if (!goes_on || !write_until_done(*engine, completions, put_batch("new", "v"))) {
    engine.reset();
    opened = open_rocks_engine(options);
    ASSERT_TRUE(opened.has_value()) << message_of(opened);
    engine = std::move(*opened);
    ASSERT_EQ(outcome(engine->write(put_batch("new", "v"), Durability::sync)), "ok");
  }
  expect_all_there(*engine, 0, acknowledged, 10'000);
  engine.reset();
  opened = open_rocks_engine(options);
  ASSERT_TRUE(opened.has_value()) << message_of(opened);
  expect_all_there(**opened, 0, acknowledged, 10'000);
  EXPECT_EQ(get_text(**opened, "new"), "v");
}

}  // namespace
}  // namespace latium::testing
