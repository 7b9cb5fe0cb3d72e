// The embedded node and its engine beside raw RocksDB: same options, same data, in turn in one process. Ratios are what counts;
// the medians of the repetitions are compared at the end. Use: embedded_bench [--benchmark_filter=...]; data goes to a directory
// under $PWD.
#include <benchmark/benchmark.h>
#include <rocksdb/db.h>
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <string>
#include <tuple>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "bench/embedded_sessions.h"
#include "bench/embedded_sql.h"
#include "latium/node.h"
#include "store/key_layout.h"
#include "store/rocks_internal.h"

namespace latium {
namespace {

constexpr int kKeys = 100'000;
constexpr std::size_t kValueBytes = 100;
constexpr int kClients = 64;
constexpr int kRepetitions = 5;
constexpr std::uint64_t kIndexedRows = 10'000;

constexpr std::string_view kBucket = "bucket";
// Keeps siblings, so that its calls take the coordinator's way, although there is one copy and it is here.
constexpr std::string_view kSiblingBucket = "~bucket";

Bytes key_of(std::uint64_t i) {
  Bytes key;
  put_u64_be(key, i);
  return key;
}

// Where a node would keep it; the cost of finding that is the node's.
Bytes stored_key(BytesView key) {
  return data_key(TenantId{1}, PartitionId{1}, kBucket, key);
}

RocksOptions options_for(const std::string& directory) {
  RocksOptions options;
  options.directory = directory;
  // The clients of these benchmarks wait on semaphores: their answers need no loop.
  options.completion_executor = [](std::move_only_function<void()> closure) { closure(); };
  return options;
}

/// Raw RocksDB, the engine and a node, each in its own directory with the same keys and values. One instance a kind of work,
/// so that the writes of one do not change what another reads.
class Subjects {
 public:
  enum class For { reads, buffered, synced };

  explicit Subjects(For what) {
    std::string pattern = std::filesystem::current_path() / "embedded_bench_XXXXXX";
    LATIUM_CHECK(mkdtemp(pattern.data()) != nullptr);
    directory_ = pattern;
    open_raw();
    auto opened = open_rocks_engine(options_for(directory_ + "/engine"));
    LATIUM_CHECK(opened.has_value());
    engine_ = std::move(*opened);
    auto node = Node::open({.data_dir = directory_ + "/node", .site = "bench", .bootstrap = true});
    LATIUM_CHECK(node.has_value() && node->create_tenant("t").has_value());
    node_.emplace(*std::move(node));
    bucket_.emplace(*node_->bucket("t", kBucket));
    siblings_.emplace(*node_->bucket("t", kSiblingBucket));
    if (what == For::reads) {
      load_registers();
      load_siblings();
    }
    if (what != For::buffered) {
      database_.emplace(*node_->database("t"));
      bench::fill_tables(*database_, kKeys, kIndexedRows);
    }
    load();
  }

  ~Subjects() {
    LATIUM_CHECK(engine_->close().has_value());
    LATIUM_CHECK(node_->stop().has_value());
    for (rocksdb::ColumnFamilyHandle* handle : handles_) LATIUM_CHECK(raw_->DestroyColumnFamilyHandle(handle).ok());
    raw_.reset();
    std::filesystem::remove_all(directory_);
  }
  Subjects(const Subjects&) = delete;
  Subjects& operator=(const Subjects&) = delete;

  rocksdb::DB& raw() { return *raw_; }
  rocksdb::ColumnFamilyHandle* raw_data() { return handles_.back(); }
  Engine& engine() { return *engine_; }
  Bucket& bucket() { return *bucket_; }
  Bucket& siblings() { return *siblings_; }
  TenantRegisters& registers() { return *registers_; }
  Database& database() { return *database_; }

 private:
  void open_raw() {
    const RocksOptions options = options_for(directory_ + "/raw");
    cache_ = internal::make_block_cache(options);
    rocksdb::DB* raw = nullptr;
    LATIUM_CHECK(rocksdb::DB::Open(internal::database_options(options), options.directory,
                                   internal::family_descriptors(options, cache_), &handles_, &raw)
                     .ok());
    raw_.reset(raw);
  }

  void load() {
    const Bytes value(kValueBytes, 'v');
    for (std::uint64_t i = 0; i < kKeys; ++i) {
      const Bytes key = key_of(i);
      WriteBatch batch;
      batch.put(Family::data, stored_key(key), value);
      LATIUM_CHECK(engine_->write(std::move(batch), Durability::buffered).has_value());
      LATIUM_CHECK(raw_->Put({}, raw_data(), stored_key(key), value).ok());
      LATIUM_CHECK(bucket_->put(key, value, {.durability = WriteDurability::buffered}).has_value());
    }
    // All from tables, not from the write buffer: a checkpoint writes the engine's out, a restart the node's.
    LATIUM_CHECK(raw_->Flush({}, handles_).ok());
    LATIUM_CHECK(engine_->checkpoint(directory_ + "/copy").has_value());
    LATIUM_CHECK(node_->stop().has_value());
    auto node = Node::open({.data_dir = directory_ + "/node", .site = "bench"});
    LATIUM_CHECK(node.has_value());
    *node_ = *std::move(node);
    *bucket_ = *node_->bucket("t", kBucket);
    *siblings_ = *node_->bucket("t", kSiblingBucket);
    registers_.emplace(*node_->registers("t"));
    if (database_) *database_ = *node_->database("t");
  }

  // As many as there are keys; known to be chosen when this returns.
  void load_registers() {
    constexpr std::ptrdiff_t kInFlight = 4096;
    TenantRegisters registers = *node_->registers("t");
    std::counting_semaphore<kInFlight> answered(kInFlight);
    for (std::uint64_t i = 0; i < kKeys; ++i) {
      answered.acquire();
      registers.cas_async(key_of(i), Expected::absent(), Bytes(kValueBytes, 'v'), {}, [&answered](Result<RegisterChange> made) {
        LATIUM_CHECK(made.has_value() && made->applied);
        answered.release();
      });
    }
    for (std::ptrdiff_t i = 0; i < kInFlight; ++i) answered.acquire();
    for (std::uint64_t i = 0; i < kKeys; ++i) {
      while (!registers.get(key_of(i), {.consistency = Consistency::local})->value) {
      }
    }
  }

  void load_siblings() {
    constexpr std::ptrdiff_t kInFlight = 1024;
    Bucket siblings = *node_->bucket("t", kSiblingBucket);
    std::counting_semaphore<kInFlight> answered(kInFlight);
    for (std::uint64_t i = 0; i < kKeys; ++i) {
      answered.acquire();
      siblings.put_async(key_of(i), Bytes(kValueBytes, 'v'), {.durability = WriteDurability::buffered},
                         [&answered](const Result<Written>& made) {
                           LATIUM_CHECK(made.has_value());
                           answered.release();
                         });
    }
    for (std::ptrdiff_t i = 0; i < kInFlight; ++i) answered.acquire();
  }

  std::string directory_;
  std::shared_ptr<rocksdb::Cache> cache_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  std::unique_ptr<rocksdb::DB> raw_;
  std::unique_ptr<Engine> engine_;
  std::optional<Node> node_;
  std::optional<Bucket> bucket_;
  std::optional<Bucket> siblings_;
  std::optional<TenantRegisters> registers_;
  std::optional<Database> database_;
};

void raw_get(benchmark::State& state, Subjects& subjects) {
  Random random(1);
  const rocksdb::ReadOptions options;
  for (auto _ : state) {
    std::string value;
    const Bytes key = stored_key(key_of(random.below(kKeys)));
    LATIUM_CHECK(subjects.raw().Get(options, subjects.raw_data(), key, &value).ok());
    benchmark::DoNotOptimize(value);
  }
}

void engine_get(benchmark::State& state, Subjects& subjects, ReadMode mode) {
  Random random(1);
  for (auto _ : state) {
    const auto result = subjects.engine().get(Family::data, stored_key(key_of(random.below(kKeys))), mode);
    LATIUM_CHECK(result.has_value());
    benchmark::DoNotOptimize(result->value);
  }
}

void bucket_get(benchmark::State& state, Subjects& subjects) {
  Random random(1);
  for (auto _ : state) {
    const auto found = subjects.bucket().get(key_of(random.below(kKeys)));
    LATIUM_CHECK(found.has_value() && found->has_value());
    benchmark::DoNotOptimize(**found);
  }
}

void siblings_get(benchmark::State& state, Subjects& subjects, Level level) {
  Random random(1);
  for (auto _ : state) {
    const auto found = subjects.siblings().get(key_of(random.below(kKeys)), {.level = level});
    LATIUM_CHECK(found.has_value() && found->has_value());
    benchmark::DoNotOptimize(**found);
  }
}

void register_get(benchmark::State& state, Subjects& subjects) {
  Random random(1);
  for (auto _ : state) {
    const auto found = subjects.registers().get(key_of(random.below(kKeys)), {.consistency = Consistency::local});
    LATIUM_CHECK(found.has_value() && found->value.has_value());
    benchmark::DoNotOptimize(*found);
  }
}

Random random_of(const benchmark::State& state) {
  return Random(static_cast<std::uint64_t>(state.thread_index()) + 1);
}

void raw_put(benchmark::State& state, Subjects& subjects, bool sync) {
  Random random = random_of(state);
  const Bytes value(kValueBytes, 'w');
  rocksdb::WriteOptions options;
  options.sync = sync;
  for (auto _ : state) {
    const Bytes key = stored_key(key_of(random.below(kKeys)));
    LATIUM_CHECK(subjects.raw().Put(options, subjects.raw_data(), key, value).ok());
  }
}

void engine_write(benchmark::State& state, Subjects& subjects, Durability durability) {
  Random random = random_of(state);
  const Bytes value(kValueBytes, 'w');
  for (auto _ : state) {
    WriteBatch batch;
    batch.put(Family::data, stored_key(key_of(random.below(kKeys))), value);
    LATIUM_CHECK(subjects.engine().write(std::move(batch), durability).has_value());
  }
}

void bucket_put(benchmark::State& state, Subjects& subjects, WriteDurability durability) {
  Random random = random_of(state);
  const Bytes value(kValueBytes, 'w');
  for (auto _ : state) {
    LATIUM_CHECK(subjects.bucket().put(key_of(random.below(kKeys)), value, {.durability = durability}).has_value());
  }
}

/// Of keys that were never written: without a context each further write of a key would be a sibling.
void siblings_put(benchmark::State& state, Subjects& subjects) {
  static std::atomic<std::uint64_t> next{kKeys};
  const Bytes value(kValueBytes, 'w');
  for (auto _ : state) {
    LATIUM_CHECK(subjects.siblings().put(key_of(next.fetch_add(1)), value, {.level = Level::one}).has_value());
  }
}

/// A client that waits for the commit thread's answer; `in_flight` at once from one thread, as a loop has them.
void engine_submit(benchmark::State& state, Subjects& subjects, std::ptrdiff_t in_flight) {
  Random random = random_of(state);
  const Bytes value(kValueBytes, 'w');
  std::counting_semaphore<kClients> answered(in_flight);
  for (auto _ : state) {
    answered.acquire();
    WriteBatch batch;
    batch.put(Family::data, stored_key(key_of(random.below(kKeys))), value);
    subjects.engine().submit(std::move(batch), Durability::sync, [&answered](Result<void> result) {
      LATIUM_CHECK(result.has_value());
      answered.release();
    });
  }
  for (std::ptrdiff_t i = 0; i < in_flight; ++i) answered.acquire();
}

/// Keeps real times by benchmark, beside the usual output.
class Medians final : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.iterations == 0) continue;
      // Per operation of all threads together: `threads` of them run at once.
      times_[run.run_name.function_name].push_back(run.real_accumulated_time / static_cast<double>(run.iterations) * 1e9);
    }
  }

  double median(const std::string& name) const {
    const auto found = times_.find(name);
    if (found == times_.end()) return 0;
    std::vector<double> sorted = found->second;
    std::ranges::sort(sorted);
    return sorted[sorted.size() / 2];
  }

  void print_ratio(const std::string& ours, const std::string& raw) const {
    if (median(ours) == 0 || median(raw) == 0) return;
    std::printf("%-24s / %-16s = %9.0f ns / %9.0f ns = %.2f\n", ours.c_str(), raw.c_str(), median(ours), median(raw),
                median(ours) / median(raw));
  }

 private:
  std::map<std::string, std::vector<double>> times_;
};

/// What is made when a benchmark first asks for it, so that a filter does not wait for the others.
template <class T, class... From>
class OnDemand {
 public:
  explicit OnDemand(From... from) : from_(from...) {}

  T& get() {
    std::call_once(made_, [this] { std::apply([this](From... from) { made_of_.emplace(from...); }, from_); });
    return *made_of_;
  }

 private:
  std::tuple<From...> from_;
  std::once_flag made_;
  std::optional<T> made_of_;
};

/// Everything that is measured: reads, buffered writes and synced writes each on subjects of their own.
struct Bench {
  OnDemand<Subjects, Subjects::For> reads{Subjects::For::reads};
  OnDemand<Subjects, Subjects::For> buffered{Subjects::For::buffered};
  OnDemand<Subjects, Subjects::For> synced{Subjects::For::synced};
  OnDemand<bench::JoinTables> joins;

  void add_all() {
    const auto add = [](const char* name, auto function, int threads = 1) {
      benchmark::RegisterBenchmark(name, function)
          ->Threads(threads)
          ->UseRealTime()
          ->Repetitions(kRepetitions)
          ->ReportAggregatesOnly(false)
          ->MinTime(0.5);
    };
    add("raw_get", [this](benchmark::State& state) { raw_get(state, reads.get()); });
    add("engine_get", [this](benchmark::State& state) { engine_get(state, reads.get(), ReadMode::may_block); });
    add("engine_get_cached", [this](benchmark::State& state) { engine_get(state, reads.get(), ReadMode::cached_only); });
    add("bucket_get", [this](benchmark::State& state) { bucket_get(state, reads.get()); });
    add("siblings_get_one", [this](benchmark::State& state) { siblings_get(state, reads.get(), Level::one); });
    add("siblings_get_quorum", [this](benchmark::State& state) { siblings_get(state, reads.get(), Level::quorum); });
    add("register_local_get", [this](benchmark::State& state) { register_get(state, reads.get()); });
    add("session_get", [this](benchmark::State& state) { bench::session_get(state, reads.get().database(), kKeys, true); });
    add("session_get_of_64",
        [this](benchmark::State& state) { bench::session_get(state, reads.get().database(), kKeys, false); });
    add("session_find", [this](benchmark::State& state) { bench::session_find(state, reads.get().database(), kIndexedRows); });
    add("sql_get", [this](benchmark::State& state) { bench::sql_get(state, reads.get().database(), kKeys, true, false); });
    add("sql_get_checked", [this](benchmark::State& state) { bench::sql_get(state, reads.get().database(), kKeys, true, true); });
    add("sql_get_of_64", [this](benchmark::State& state) { bench::sql_get(state, reads.get().database(), kKeys, false, false); });
    add("sql_joins", [this](benchmark::State& state) { bench::sql_joins(state, joins.get().database(), false); });
    add("sql_joins_checked", [this](benchmark::State& state) { bench::sql_joins(state, joins.get().database(), true); });
    add("sqlite_joins", [](benchmark::State& state) { bench::sqlite_joins(state); });
    add("raw_put", [this](benchmark::State& state) { raw_put(state, buffered.get(), false); });
    add("engine_write", [this](benchmark::State& state) { engine_write(state, buffered.get(), Durability::buffered); });
    add("bucket_put", [this](benchmark::State& state) { bucket_put(state, buffered.get(), WriteDurability::buffered); });
    add("raw_sync_64", [this](benchmark::State& state) { raw_put(state, synced.get(), true); }, kClients);
    add("raw_sync_1", [this](benchmark::State& state) { raw_put(state, synced.get(), true); });
    add("bucket_sync_1", [this](benchmark::State& state) { bucket_put(state, synced.get(), WriteDurability::sync); });
    add("engine_sync_64", [this](benchmark::State& state) { engine_write(state, synced.get(), Durability::sync); }, kClients);
    add("bucket_sync_64", [this](benchmark::State& state) { bucket_put(state, synced.get(), WriteDurability::sync); }, kClients);
    add(
        "session_update_64", [this](benchmark::State& state) { bench::session_update(state, synced.get().database(), kKeys); },
        kClients);
    add("session_update_1", [this](benchmark::State& state) { bench::session_update(state, synced.get().database(), kKeys); });
    add(
        "session_3r2w_64",
        [this](benchmark::State& state) { bench::session_transaction(state, synced.get().database(), kKeys, true); }, kClients);
    add(
        "session_3r2w_rc_64",
        [this](benchmark::State& state) { bench::session_transaction(state, synced.get().database(), kKeys, false); }, kClients);
    add("siblings_sync_1", [this](benchmark::State& state) { siblings_put(state, synced.get()); });
    add("siblings_sync_64", [this](benchmark::State& state) { siblings_put(state, synced.get()); }, kClients);
    add("submit_sync_64", [this](benchmark::State& state) { engine_submit(state, synced.get(), 1); }, kClients);
    add("submit_loop_64", [this](benchmark::State& state) { engine_submit(state, synced.get(), kClients); });
  }
};

}  // namespace
}  // namespace latium

int main(int argc, char** argv) {
  // Repetitions of the sides alternate, so that what the machine does meanwhile hits both.
  std::vector<char*> arguments(argv, argv + argc);
  std::string interleave = "--benchmark_enable_random_interleaving=true";
  arguments.insert(arguments.begin() + 1, interleave.data());
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  latium::Bench bench;
  bench.add_all();
  latium::Medians medians;
  benchmark::RunSpecifiedBenchmarks(&medians);
  std::printf("\nMedians of %d repetitions, time an operation (64 clients: of all together)\n", latium::kRepetitions);
  for (const char* ours :
       {"engine_get", "engine_get_cached", "bucket_get", "siblings_get_one", "siblings_get_quorum", "register_local_get",
        "session_get", "session_get_of_64", "session_find", "sql_get", "sql_get_checked", "sql_get_of_64"})
    medians.print_ratio(ours, "raw_get");
  for (const char* ours : {"sql_joins", "sql_joins_checked"}) medians.print_ratio(ours, "sqlite_joins");
  for (const char* ours : {"engine_write", "bucket_put"}) medians.print_ratio(ours, "raw_put");
  for (const char* ours : {"bucket_sync_1", "siblings_sync_1", "session_update_1"}) medians.print_ratio(ours, "raw_sync_1");
  for (const char* ours : {"engine_sync_64", "bucket_sync_64", "siblings_sync_64", "submit_sync_64", "submit_loop_64",
                           "session_update_64", "session_3r2w_64", "session_3r2w_rc_64"}) {
    medians.print_ratio(ours, "raw_sync_64");
  }
  return 0;
}
