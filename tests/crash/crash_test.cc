// Power cuts: what was acknowledged as synced is there afterwards; what was not is lost from the end only; no batch is torn.
//
// The engine runs in a process of its own, which ends where it stands, as a machine without power does. An engine that is closed
// while its files fail would test RocksDB's assertions about failing files instead.
#include <gtest/gtest.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <new>
#include <sstream>
#include <string>

#include "base/check.h"
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

/// What is known of the batches. In memory that every life of a machine shares.
struct Progress {
  std::atomic<int> next = 0;       // number of the next batch
  std::atomic<int> synced_to = 0;  // batches below it were acknowledged as synced, or before such a one
  std::atomic<int> acknowledged_to = 0;
  std::atomic<bool> lost_power = false;  // in the last life, before that was over
};

class Shared {
 public:
  Shared() {
    void* memory = mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    LATIUM_CHECK(memory != MAP_FAILED);
    progress_ = new (memory) Progress;
  }
  ~Shared() { munmap(progress_, sizeof(Progress)); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  Progress* operator->() const { return progress_; }

 private:
  Progress* progress_ = nullptr;
};

struct Machine {
  TempDirectory directory;
  FaultFileSystem files;
  Shared progress;

  /// Opens the engine in a process of its own and runs `life(engine, completions)` there. The process ends where it stands, with
  /// nothing closed: when the power goes off, else when that is over.
  template <class Body>
  void live(const RocksOptions& with, Body life) {
    fflush(nullptr);  // or both processes print what waits in the buffers
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) in_child(with, life);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status << "; what failed is above";
    std::ifstream in(saved());
    std::ostringstream text;
    text << in.rdbuf();
    files.load(text.str());
  }
  template <class Body>
  void live(Body life) {
    live(small_rocks_options(directory / "db", {}), life);
  }

 private:
  std::string saved() const { return directory / "files"; }

  template <class Body>
  [[noreturn]] void in_child(RocksOptions options, Body life) {
    progress->lost_power = true;
    files.end_process_at_crash([this] {
      std::ofstream(saved()) << files.save();
      fflush(nullptr);
      _exit(::testing::Test::HasFailure() ? 1 : 0);
    });
    Completions completions;
    options.completion_executor = completions.executor();
    options.file_system = std::shared_ptr<FaultFileSystem>(std::shared_ptr<void>(), &files);
    const auto engine = open_rocks_engine(options);
    EXPECT_TRUE(engine.has_value()) << message_of(engine);
    if (engine) life(**engine, completions);
    progress->lost_power = false;
    files.crash();
    std::abort();
  }
};

void write_one(Machine& machine, Engine& engine, Completions& completions, Random& random) {
  const bool sync = random.chance(0.4);
  const Durability durability = sync ? Durability::sync : Durability::buffered;
  const int number = machine.progress->next++;
  // Large enough, now and then, that the buffers of 64 KiB are written out in the middle.
  WriteBatch batch = numbered_batch(number, random.chance(0.1) ? 20'000 : random.below(500));
  const Result<void> result =
      random.chance(0.5) ? engine.write(std::move(batch), durability) : completions.submit(engine, std::move(batch), durability);
  ASSERT_TRUE(result.has_value()) << message_of(result);
  machine.progress->acknowledged_to = number + 1;
  if (sync) machine.progress->synced_to = number + 1;
}

/// How many of the batches below `next` are there. Fails the test when they are not a prefix, or torn.
int survivors(Engine& engine, int next) {
  int present = 0;
  while (get_text(engine, part_key(present, 0), Family::system) != "(absent)") ++present;
  for (int number = 0; number < next; ++number) {
    for (int part = 0; part < kParts; ++part) {
      const std::string value = get_text(engine, part_key(number, part), part == 0 ? Family::system : Family::data);
      if (number >= present) {
        EXPECT_EQ(value, "(absent)") << "batch " << number << " of " << present << " that survived, part " << part;
      } else {
        EXPECT_TRUE(value.starts_with(std::to_string(number) + ":")) << number << " part " << part << ": " << value.substr(0, 99);
      }
    }
  }
  EXPECT_EQ(get_text(engine, "last"), present == 0 ? "(absent)" : std::to_string(present - 1));
  return present;
}

void expect_survival(Machine& machine, Engine& engine) {
  const int present = survivors(engine, machine.progress->next);
  EXPECT_GE(present, machine.progress->synced_to) << "acknowledged and synced, but lost";
  // It goes on where it stands.
  machine.progress->next = machine.progress->synced_to = machine.progress->acknowledged_to = present;
}

/// Runs up to 40 batches, with the power going off at the n-th operation of a kind; false when it did not.
bool run_with_crash(FileOperation operation, std::uint64_t nth) {
  SCOPED_TRACE("crash at operation " + std::to_string(nth) + " of kind " + std::to_string(static_cast<int>(operation)));
  Machine machine;
  machine.files.fail_nth(operation, nth, FileFault::crash);
  machine.live([&](Engine& engine, Completions& completions) {
    Random random(nth);
    for (int i = 0; i < 40; ++i) write_one(machine, engine, completions, random);
  });
  const bool crashed = machine.progress->lost_power;
  Random random = Random(nth).fork("restart");
  machine.files.restart(random);
  machine.live([&](Engine& engine, Completions&) { expect_survival(machine, engine); });
  EXPECT_FALSE(machine.progress->lost_power);
  return crashed;
}

TEST(Crash, AtEverySync) {
  std::uint64_t nth = 1;
  while (run_with_crash(FileOperation::sync, nth) && !::testing::Test::HasFailure()) ++nth;
  EXPECT_GT(nth, 20u) << "the workload syncs at least for its synced batches";
}

TEST(Crash, AtEveryFourthAppend) {
  std::uint64_t nth = 1;
  while (run_with_crash(FileOperation::append, nth) && !::testing::Test::HasFailure()) nth += 4;
  EXPECT_GT(nth, 40u);
}

TEST(Crash, AtEveryCreationAndRename) {
  for (const FileOperation operation : {FileOperation::create, FileOperation::rename, FileOperation::remove}) {
    std::uint64_t nth = 1;
    while (run_with_crash(operation, nth) && !::testing::Test::HasFailure()) ++nth;
    EXPECT_GT(nth, 1u) << static_cast<int>(operation);
  }
}

TEST(Crash, OverAndOverOnOneDisk) {
  for (std::uint64_t seed = 1; seed <= 5 && !::testing::Test::HasFailure(); ++seed) {
    Machine machine;
    for (std::uint64_t life = 0; life < 15 && !::testing::Test::HasFailure(); ++life) {
      SCOPED_TRACE("seed " + std::to_string(seed) + " life " + std::to_string(life));
      Random random = Random(seed).fork(std::to_string(life));
      machine.live([&](Engine& engine, Completions& completions) {
        expect_survival(machine, engine);
        const std::uint64_t writes = random.below(30);
        for (std::uint64_t i = 0; i < writes; ++i) write_one(machine, engine, completions, random);
      });
      EXPECT_FALSE(machine.progress->lost_power);
      random = random.fork("restart");
      machine.files.restart(random);
    }
  }
}

TEST(Crash, AKilledProcessKeepsWhatIsBuffered) {
  // The process dies, the machine does not: nothing that was handed to the operating system is lost.
  Machine machine;
  machine.live([&](Engine& engine, Completions& completions) {
    Random random(3);
    for (int i = 0; i < 50; ++i) write_one(machine, engine, completions, random);
  });
  machine.files.start();
  machine.live([&](Engine& engine, Completions&) {
    EXPECT_EQ(survivors(engine, machine.progress->next), machine.progress->acknowledged_to);
  });
}

TEST(Crash, OnAFullDisk) {
  Machine machine;
  RocksOptions options = small_rocks_options(machine.directory / "db", {});
  options.reserve_bytes = 1 << 20;
  options.write_buffer_bytes = 1 << 18;
  machine.files.set_capacity(6 << 20);
  machine.live(options, [&](Engine& engine, Completions&) {
    const auto write = [&] { return engine.write(numbered_batch(machine.progress->next++, 300), Durability::sync); };
    Result<void> written = write();
    for (; written; written = write()) machine.progress->synced_to = machine.progress->next.load();
    EXPECT_TRUE(outcome(written) == "io_error/unknown" || outcome(written) == "read_only/not_applied") << message_of(written);
  });
  EXPECT_GT(machine.progress->synced_to, 1000);
  Random random(7);
  machine.files.restart(random);
  machine.files.set_capacity(64 << 20);
  machine.live(options, [&](Engine& engine, Completions&) { expect_survival(machine, engine); });
}

}  // namespace
}  // namespace latium::testing
