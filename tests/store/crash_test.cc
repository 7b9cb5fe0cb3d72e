// Power cuts: what was acknowledged as synced is there afterwards; what was not is lost from the end only; no batch is torn.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/random.h"
#include "tests/store/engine_kit.h"
#include "tests/support/fault_file_system.h"

namespace latium::testing {
namespace {

// Batch n writes one key of its own in each family, both with its number, and the common key "last".
constexpr int kParts = 3;

Bytes part_key(int batch, int part) {
  return "batch/" + std::to_string(batch) + "/" + std::to_string(part);
}

WriteBatch numbered_batch(int number, std::size_t filler_bytes) {
  WriteBatch batch;
  const Bytes value = std::to_string(number) + ":" + Bytes(filler_bytes, 'f');
  for (int part = 0; part < kParts; ++part) {
    batch.put(part == 0 ? Family::system : Family::data, part_key(number, part), value);
  }
  batch.put(Family::data, "last", std::to_string(number));
  return batch;
}

struct Machine {
  TempDirectory directory;
  std::shared_ptr<FaultFileSystem> files = std::make_shared<FaultFileSystem>();
  Completions completions;
  std::unique_ptr<Engine> engine;
  int next = 0;       // number of the next batch
  int synced_to = 0;  // batches below it were acknowledged as synced, or before such a one
  int acknowledged_to = 0;

  Result<void> start() {
    RocksOptions options = small_rocks_options(directory / "db", completions.executor());
    options.file_system = files;
    LATIUM_TRY(engine, open_rocks_engine(options));
    return {};
  }

  /// False when the power went off.
  bool write_one(Random& random) {
    const bool sync = random.chance(0.4);
    const Durability durability = sync ? Durability::sync : Durability::buffered;
    // Large enough, now and then, that the buffers of 64 KiB are written out in the middle.
    WriteBatch batch = numbered_batch(next, random.chance(0.1) ? 20'000 : random.below(500));
    ++next;
    const Result<void> result = random.chance(0.5) ? engine->write(std::move(batch), durability)
                                                   : completions.submit(*engine, std::move(batch), durability);
    if (!result) return false;
    acknowledged_to = next;
    if (sync) synced_to = next;
    return true;
  }

  void lose_power_and_restart(Random& random) {
    files->crash();
    engine.reset();
    files->restart(random);
  }

  /// After the restart: how many batches are there. Fails the test when they are not a prefix, or torn.
  int survivors() {
    int present = 0;
    while (get_text(*engine, part_key(present, 0), Family::system) != "(absent)") ++present;
    for (int number = 0; number < next; ++number) {
      for (int part = 0; part < kParts; ++part) {
        const std::string value = get_text(*engine, part_key(number, part), part == 0 ? Family::system : Family::data);
        if (number >= present) {
          EXPECT_EQ(value, "(absent)") << "batch " << number << " of " << present << " that survived, part " << part;
        } else {
          EXPECT_TRUE(value.starts_with(std::to_string(number) + ":"))
              << number << " part " << part << ": " << value.substr(0, 99);
        }
      }
    }
    EXPECT_EQ(get_text(*engine, "last"), present == 0 ? "(absent)" : std::to_string(present - 1));
    return present;
  }
};

void expect_survival(Machine& machine, const std::string& what) {
  SCOPED_TRACE(what);
  const Result<void> started = machine.start();
  ASSERT_TRUE(started.has_value()) << message_of(started);
  const int present = machine.survivors();
  EXPECT_GE(present, machine.synced_to) << "acknowledged and synced, but lost";
  // It goes on where it stands.
  machine.next = machine.synced_to = machine.acknowledged_to = present;
}

/// Runs up to `batches` batches, with the power going off at the n-th operation of a kind; false when it did not.
bool run_with_crash(FileOperation operation, std::uint64_t nth, std::uint64_t seed) {
  Machine machine;
  Random random(seed);
  machine.files->fail_nth(operation, nth, FileFault::crash);
  if (machine.start().has_value()) {
    for (int i = 0; i < 40 && machine.write_one(random); ++i) {
    }
  }
  const bool crashed = machine.files->crashed();
  machine.lose_power_and_restart(random);
  expect_survival(machine, "crash at operation " + std::to_string(nth) + " of kind " +
                               std::to_string(static_cast<int>(operation)) + ", seed " + std::to_string(seed));
  return crashed;
}

TEST(Crash, AtEverySync) {
  std::uint64_t nth = 1;
  while (run_with_crash(FileOperation::sync, nth, nth) && !::testing::Test::HasFailure()) ++nth;
  EXPECT_GT(nth, 20u) << "the workload syncs at least for its synced batches";
}

TEST(Crash, AtEveryFourthAppend) {
  std::uint64_t nth = 1;
  while (run_with_crash(FileOperation::append, nth, nth) && !::testing::Test::HasFailure()) nth += 4;
  EXPECT_GT(nth, 40u);
}

TEST(Crash, AtEveryCreationAndRename) {
  for (const FileOperation operation : {FileOperation::create, FileOperation::rename, FileOperation::remove}) {
    std::uint64_t nth = 1;
    while (run_with_crash(operation, nth, nth) && !::testing::Test::HasFailure()) ++nth;
    EXPECT_GT(nth, 1u) << static_cast<int>(operation);
  }
}

TEST(Crash, OverAndOverOnOneDisk) {
  for (std::uint64_t seed = 1; seed <= 5 && !::testing::Test::HasFailure(); ++seed) {
    Machine machine;
    Random random(seed);
    ASSERT_TRUE(machine.start().has_value());
    for (int life = 0; life < 15 && !::testing::Test::HasFailure(); ++life) {
      const std::uint64_t writes = random.below(30);
      for (std::uint64_t i = 0; i < writes; ++i) ASSERT_TRUE(machine.write_one(random));
      machine.lose_power_and_restart(random);
      expect_survival(machine, "seed " + std::to_string(seed) + " life " + std::to_string(life));
    }
  }
}

TEST(Crash, AKilledProcessKeepsWhatIsBuffered) {
  // The process dies, the machine does not: nothing that was handed to the operating system is lost.
  Machine machine;
  Random random(3);
  ASSERT_TRUE(machine.start().has_value());
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(machine.write_one(random));
  machine.files->crash();  // no clean shutdown reaches the files
  machine.engine.reset();
  RocksOptions options = small_rocks_options(machine.directory / "db", machine.completions.executor());
  auto engine = open_rocks_engine(options);
  ASSERT_TRUE(engine.has_value()) << message_of(engine);
  machine.engine = std::move(*engine);
  EXPECT_EQ(machine.survivors(), machine.acknowledged_to);
}

}  // namespace
}  // namespace latium::testing
