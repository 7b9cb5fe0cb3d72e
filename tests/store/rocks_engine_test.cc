// What is particular to the RocksDB engine: opening and its refusals, the commit thread's bounds and groups, close.
#include "store/rocks_engine.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <latch>
#include <thread>

#include "tests/store/engine_kit.h"
#include "tests/support/fault_file_system.h"

namespace latium::testing {
namespace {

class RocksEngineTest : public ::testing::Test {
 protected:
  RocksOptions options() { return small_rocks_options(directory_ / "db", completions_.executor()); }
  std::unique_ptr<Engine> open() { return open(options()); }
  std::unique_ptr<Engine> open(RocksOptions options) {
    auto engine = open_rocks_engine(std::move(options));
    EXPECT_TRUE(engine.has_value()) << message_of(engine);
    return engine ? std::move(*engine) : nullptr;
  }

  TempDirectory directory_;
  Completions completions_;
};

TEST_F(RocksEngineTest, ADirectoryInUseByThisProcessIsRefused) {
  const auto first = open();
  const auto second = open_rocks_engine(options());
  EXPECT_EQ(code_of(second), "data_dir_locked");
  EXPECT_NE(message_of(second).find(directory_ / "db"), std::string::npos) << message_of(second);
  EXPECT_NE(message_of(second).find("stop it"), std::string::npos) << message_of(second);
}

// Only the first tables are opened at the start. Of a table that is not open, RocksDB tells a reader that may not touch the disk
// "found" with an empty value.
TEST_F(RocksEngineTest, CachedReadsNeverAnswerForATableThatIsNotOpen) {
  constexpr int kTables = 48;
  const auto key_of = [](int table) { return Bytes("table") + static_cast<char>('0' + table); };
  {
    const auto engine = open();
    for (int table = 0; table < kTables; ++table) {
      WriteBatch batch;
      batch.put(Family::data, key_of(table), "value of " + std::to_string(table));
      ASSERT_TRUE(engine->write(std::move(batch), Durability::sync));
      // Writes the buffer out; tables whose ranges do not overlap are never merged.
      ASSERT_TRUE(engine->checkpoint(directory_ / ("copy" + std::to_string(table))));
    }
  }
  const auto engine = open();
  int not_cached = 0;
  for (int table = 0; table < kTables; ++table) {
    const auto cached = engine->get(Family::data, key_of(table), ReadMode::cached_only);
    ASSERT_TRUE(cached) << message_of(cached);
    ASSERT_NE(cached->presence, Presence::absent);
    if (cached->presence == Presence::not_cached) {
      ++not_cached;
    } else {
      EXPECT_EQ(cached->value, "value of " + std::to_string(table));
    }
    EXPECT_EQ(engine->get(Family::data, key_of(table), ReadMode::may_block)->value, "value of " + std::to_string(table));
  }
  EXPECT_GT(not_cached, 0) << "the test must meet tables that are not open";
}

TEST_F(RocksEngineTest, ADirectoryInUseByAnotherProcessIsRefused) {
  open().reset();
  const std::string lock_path = directory_ / "db/LOCK";
  int locked[2];
  int finish[2];
  ASSERT_EQ(pipe(locked), 0);
  ASSERT_EQ(pipe(finish), 0);
  const pid_t child = fork();
  if (child == 0) {
    // Only system calls here: the parent has threads.
    const int fd = ::open(lock_path.c_str(), O_RDWR);
    struct flock lock = {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    char byte = fcntl(fd, F_SETLK, &lock) == 0 ? 'y' : 'n';
    if (write(locked[1], &byte, 1) != 1) _exit(1);
    close(finish[1]);
    _exit(read(finish[0], &byte, 1) == 0 ? 0 : 1);
  }
  char byte = 0;
  ASSERT_EQ(read(locked[0], &byte, 1), 1);
  ASSERT_EQ(byte, 'y');
  EXPECT_EQ(code_of(open_rocks_engine(options())), "data_dir_locked");
  for (const int fd : {locked[0], locked[1], finish[0], finish[1]}) close(fd);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_NE(open(), nullptr);
}

TEST_F(RocksEngineTest, AFailedOpenReleasesTheDirectory) {
  open().reset();
  auto files = std::make_shared<FaultFileSystem>();
  files->fail_nth(FileOperation::create, 1, FileFault::io_error, true);
  RocksOptions failing = options();
  failing.file_system = files;
  const auto engine = open_rocks_engine(failing);
  EXPECT_EQ(code_of(engine), "io_error");
  EXPECT_NE(message_of(engine).find(directory_ / "db"), std::string::npos) << message_of(engine);
  EXPECT_NE(message_of(engine).find("make it writable"), std::string::npos) << message_of(engine);
  EXPECT_NE(open(), nullptr);
}

TEST_F(RocksEngineTest, AFileOrAMissingParentIsRefused) {
  std::ofstream(directory_ / "db") << "a file";
  EXPECT_EQ(code_of(open_rocks_engine(options())), "invalid_argument");
  RocksOptions nowhere = options();
  nowhere.directory = directory_ / "no/such/parent";
  const auto engine = open_rocks_engine(nowhere);
  EXPECT_EQ(code_of(engine), "io_error");
  EXPECT_NE(message_of(engine).find("create its parent"), std::string::npos) << message_of(engine);
}

TEST_F(RocksEngineTest, OptionsOutOfBoundsAreRefused) {
  const auto refused = [this](auto change) {
    RocksOptions changed = options();
    change(changed);
    return code_of(open_rocks_engine(changed)) == "invalid_argument";
  };
  EXPECT_TRUE(refused([](RocksOptions& o) { o.directory.clear(); }));
  EXPECT_TRUE(refused([](RocksOptions& o) { o.completion_executor = nullptr; }));
  EXPECT_TRUE(refused([](RocksOptions& o) { o.block_cache_bytes = 1000; }));
  EXPECT_TRUE(refused([](RocksOptions& o) { o.write_buffer_bytes = 1000; }));
  EXPECT_TRUE(refused([](RocksOptions& o) { o.max_open_files = 10; }));
  EXPECT_TRUE(refused([](RocksOptions& o) { o.queue_batches = 0; }));
}

TEST_F(RocksEngineTest, FilesWithoutTheirListAreNotTakenForAnEmptyDirectory) {
  auto engine = open();
  ASSERT_EQ(outcome(engine->write(put_batch("a", "1"), Durability::sync)), "ok");
  engine.reset();
  std::filesystem::rename(directory_ / "db/CURRENT", directory_ / "CURRENT");
  EXPECT_EQ(code_of(open_rocks_engine(options())), "corruption");
  std::filesystem::rename(directory_ / "CURRENT", directory_ / "db/CURRENT");
  EXPECT_EQ(get_text(*open(), "a"), "1");
}

TEST_F(RocksEngineTest, AnUnknownKeySpaceIsOfANewerFormat) {
  rocksdb::Options raw_options;
  raw_options.create_if_missing = true;
  rocksdb::DB* raw = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(raw_options, directory_ / "db", &raw).ok());
  rocksdb::ColumnFamilyHandle* family = nullptr;
  ASSERT_TRUE(raw->CreateColumnFamily({}, "hologram", &family).ok());
  delete family;
  delete raw;
  const auto engine = open_rocks_engine(options());
  EXPECT_EQ(code_of(engine), "incompatible_format");
  EXPECT_NE(message_of(engine).find("hologram"), std::string::npos) << message_of(engine);
}

TEST_F(RocksEngineTest, CachedReadsMissUntilTheBlockWasRead) {
  auto engine = open();
  ASSERT_EQ(outcome(engine->write(put_batch("k", "v"), Durability::buffered)), "ok");
  EXPECT_EQ(read_text(engine->get(Family::data, "k", ReadMode::cached_only)), "v") << "from the write buffer";
  engine.reset();
  engine = open();
  EXPECT_EQ(read_text(engine->get(Family::data, "k", ReadMode::cached_only)), "(not cached)");
  EXPECT_EQ(engine->statistics().read_cache_misses, 1u);
  EXPECT_EQ(read_text(engine->get(Family::data, "k", ReadMode::may_block)), "v");
  EXPECT_EQ(read_text(engine->get(Family::data, "k", ReadMode::cached_only)), "v");
  EXPECT_EQ(engine->statistics().read_cache_misses, 1u);
}

TEST_F(RocksEngineTest, ReportsWhatItHolds) {
  auto engine = open();
  WriteBatch batch;
  for (int i = 0; i < 1000; ++i) batch.put(Family::data, std::to_string(i), Bytes(100, 'v'));
  ASSERT_EQ(outcome(engine->write(std::move(batch), Durability::buffered)), "ok");
  const EngineStatistics statistics = engine->statistics();
  EXPECT_GE(statistics.keys_estimate, 900u);
  EXPECT_LE(statistics.keys_estimate, 1100u);
  EXPECT_GE(statistics.disk_bytes, 100'000u);
  EXPECT_GT(statistics.memory_bytes, 0u);
  EXPECT_GT(statistics.block_cache_bytes, 0u);
}

TEST_F(RocksEngineTest, WhatIsOverGoesWithACompactionAndNothingOlderComesBack) {
  RocksOptions some_over = options();
  some_over.is_over = [](BytesView key, BytesView value) { return key == "k" && value == "over"; };
  auto engine = open(some_over);
  // A single read may come from memory for a while.
  const auto on_disk = [&] {
    const Entries found = scan_all(*engine, Family::data, KeyRange::prefix("k"));
    return found.empty() ? Bytes("(absent)") : found.front().second;
  };
  const auto fill = [&](int round) {
    WriteBatch batch;
    for (int i = 0; i < 1000; ++i)
      batch.put(Family::data, "a" + std::to_string(i), Bytes(100, static_cast<char>('a' + round % 26)));
    for (int i = 0; i < 10; ++i) batch.put(Family::data, "z" + std::to_string(i), "over");
    ASSERT_EQ(outcome(engine->write(std::move(batch), Durability::buffered)), "ok");
  };
  ASSERT_EQ(outcome(engine->write(put_batch("k", "older"), Durability::buffered)), "ok");
  for (int round = 0; round < 10; ++round) fill(round);
  EXPECT_EQ(on_disk(), "older");
  WriteBatch batch = put_batch("k", "over");
  batch.put(Family::registers, "k", "over");
  ASSERT_EQ(outcome(engine->write(std::move(batch), Durability::buffered)), "ok");
  std::string found = "over";
  for (int round = 0; round < 500 && found == "over"; ++round) {
    fill(round);
    found = on_disk();
  }
  EXPECT_EQ(found, "(absent)");
  for (int round = 0; round < 50; ++round) fill(round);
  EXPECT_EQ(on_disk(), "(absent)");
  EXPECT_EQ(read_text(engine->get(Family::data, "z3", ReadMode::may_block)), "over");
  EXPECT_EQ(read_text(engine->get(Family::registers, "k", ReadMode::may_block)), "over");
}

/// An executor that holds the commit thread inside its first call until it is released, so that the queue fills.
class HeldExecutor {
 public:
  CompletionExecutor executor(CompletionExecutor inner) {
    return [this, inner = std::move(inner)](std::move_only_function<void()> closure) {
      inner(std::move(closure));
      if (!first_.exchange(true)) {
        held_.count_down();
        released_.wait();
      }
    };
  }
  void wait_until_held() { held_.wait(); }
  void release() { released_.count_down(); }

 private:
  std::atomic<bool> first_{false};
  std::latch held_{1};
  std::latch released_{1};
};

TEST_F(RocksEngineTest, AFullQueueAnswersOverloadedAndAGroupIsAnsweredAtOnce) {
  HeldExecutor held;
  RocksOptions bounded = options();
  bounded.queue_batches = 10;
  bounded.completion_executor = held.executor(completions_.executor());
  const auto engine = open(bounded);
  std::vector<std::string> answers;
  const auto submit = [&](int i) {
    engine->submit(put_batch(std::to_string(i), "v"), Durability::buffered,
                   [&answers](Result<void> result) { answers.push_back(outcome(result)); });
  };
  submit(0);
  held.wait_until_held();
  for (int i = 1; i <= 10; ++i) submit(i);
  submit(11);
  completions_.run_until([&] { return answers.size() == 2; });
  EXPECT_EQ(answers, (std::vector<std::string>{"ok", "overloaded/not_applied"}));
  const std::size_t closures_before = completions_.closures_run();
  held.release();
  completions_.run_until([&] { return answers.size() == 12; });
  EXPECT_EQ(completions_.closures_run(), closures_before + 1) << "ten batches, one group, one closure";
  EXPECT_EQ(engine->statistics().commit_groups, 2u);
  EXPECT_EQ(engine->statistics().commit_batches, 11u);
  EXPECT_EQ(get_text(*engine, "10"), "v");
  EXPECT_EQ(get_text(*engine, "11"), "(absent)");
}

TEST_F(RocksEngineTest, TheQueueIsBoundedInBytesAndGroupsToo) {
  HeldExecutor held;
  RocksOptions bounded = options();
  bounded.queue_bytes = 10'000;
  bounded.group_bytes = 3000;
  bounded.completion_executor = held.executor(completions_.executor());
  const auto engine = open(bounded);
  std::vector<std::string> answers;
  const auto submit = [&](std::size_t bytes) {
    engine->submit(put_batch("k", Bytes(bytes, 'v')), Durability::buffered,
                   [&answers](Result<void> result) { answers.push_back(outcome(result)); });
  };
  submit(1);
  held.wait_until_held();
  submit(20'000);  // taken, because nothing else waits
  submit(1);
  completions_.run_until([&] { return answers.size() == 2; });
  EXPECT_EQ(answers.back(), "overloaded/not_applied");
  held.release();
  completions_.run_until([&] { return answers.size() == 3; });
  EXPECT_EQ(answers.back(), "ok");
  for (int i = 0; i < 8; ++i) submit(1000);
  completions_.run_until([&] { return answers.size() == 11; });
  EXPECT_GE(engine->statistics().commit_groups, 6u) << "no more than two batches of 1,000 bytes in a group of 3,000";
}

TEST_F(RocksEngineTest, CloseWaitsForReadsThatAreUnderWay) {
  const auto engine = open();
  ASSERT_EQ(outcome(engine->write(put_batch("k", "v"), Durability::buffered)), "ok");
  std::latch reading{3};
  std::vector<std::thread> readers;
  readers.reserve(3);
  for (int t = 0; t < 3; ++t) {
    readers.emplace_back([&] {
      EXPECT_EQ(get_text(*engine, "k"), "v");
      reading.count_down();
      for (;;) {
        const auto result = engine->get(Family::data, "k", ReadMode::may_block);
        if (!result) {
          EXPECT_EQ(code_of(result), "cancelled");
          return;
        }
        EXPECT_EQ(read_text(result), "v");
      }
    });
  }
  reading.wait();
  EXPECT_EQ(outcome(engine->close()), "ok");
  for (std::thread& reader : readers) reader.join();
}

TEST_F(RocksEngineTest, AFailedLogWriteIsOfUnknownOutcomeAndThenReadOnly) {
  auto files = std::make_shared<FaultFileSystem>();
  RecordedEvents events;
  RocksOptions failing = options();
  failing.file_system = files;
  failing.events = &events;
  auto engine = open(failing);
  ASSERT_EQ(outcome(engine->write(put_batch("a", "1"), Durability::sync)), "ok");
  files->fail_nth(FileOperation::sync, 1, FileFault::io_error, true);
  EXPECT_EQ(outcome(completions_.submit(*engine, put_batch("b", "2"), Durability::sync)), "io_error/unknown");
  EXPECT_EQ(outcome(completions_.submit(*engine, put_batch("c", "3"), Durability::sync)), "read_only/not_applied");
  EXPECT_EQ(outcome(engine->write(remove_batch("a"), Durability::sync)), "read_only/not_applied");
  EXPECT_EQ(engine->health().state, EngineHealth::State::read_only);
  EXPECT_NE(engine->health().reason.find("failed"), std::string::npos) << engine->health().reason;
  EXPECT_EQ(get_text(*engine, "a"), "1") << "reads go on";
  EXPECT_TRUE(events.seen("store_background_error"));
  EXPECT_NE(outcome(engine->close()), "ok") << "what was buffered could not be synced";
  engine.reset();
  files->heal();
  engine = open(failing);
  EXPECT_EQ(get_text(*engine, "a"), "1");
  EXPECT_EQ(get_text(*engine, "c"), "(absent)");
}

TEST_F(RocksEngineTest, AFailedReadIsAnErrorAndNotAnAbsence) {
  auto files = std::make_shared<FaultFileSystem>();
  RocksOptions failing = options();
  failing.file_system = files;
  auto engine = open(failing);
  ASSERT_EQ(outcome(engine->write(put_batch("k\x01", "v"), Durability::sync)), "ok");
  engine.reset();
  engine = open(failing);
  files->fail_nth(FileOperation::read, 1, FileFault::io_error, true);
  const auto result = engine->get(Family::data, "k\x01", ReadMode::may_block);
  EXPECT_EQ(code_of(result), "io_error");
  EXPECT_NE(message_of(result).find("k\\x01"), std::string::npos) << message_of(result);
  const auto cursor = engine->scan(Family::data, {});
  ASSERT_TRUE(cursor.has_value());
  EXPECT_FALSE((*cursor)->valid());
  EXPECT_EQ(outcome((*cursor)->status()), "io_error/not_applied");
  files->heal();
  EXPECT_EQ(get_text(*engine, "k\x01"), "v");
}

}  // namespace
}  // namespace latium::testing
