// The engine beside raw RocksDB: same options, same data, in turn in one process. Ratios are what counts; the medians of the
// repetitions are compared at the end. Use: latium_store_bench [--benchmark_filter=...]; data goes to a directory under $PWD.
#include <benchmark/benchmark.h>
#include <rocksdb/db.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <semaphore>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "store/rocks_internal.h"

namespace latium {
namespace {

constexpr int kKeys = 100'000;
constexpr std::size_t kValueBytes = 100;
constexpr int kClients = 64;
constexpr int kRepetitions = 5;

Bytes key_of(std::uint64_t i) {
  Bytes key("\0\0\0\1\0\1bucket\0\1", 14);
  put_u64_be(key, i);
  return key;
}

RocksOptions options_for(const std::string& directory) {
  RocksOptions options;
  options.directory = directory;
  // The clients of these benchmarks wait on semaphores: their answers need no loop.
  options.completion_executor = [](std::move_only_function<void()> closure) { closure(); };
  return options;
}

/// Both sides, each with its own directory and its own data: the same.
class Pair {
 public:
  Pair() {
    std::string pattern = std::filesystem::current_path() / "store_bench_XXXXXX";
    LATIUM_CHECK(mkdtemp(pattern.data()) != nullptr);
    directory_ = pattern;
    const RocksOptions raw_options = options_for(directory_ + "/raw");
    cache_ = internal::make_block_cache(raw_options);
    rocksdb::DB* raw = nullptr;
    LATIUM_CHECK(rocksdb::DB::Open(internal::database_options(raw_options), raw_options.directory,
                                   internal::family_descriptors(raw_options, cache_), &handles_, &raw)
                     .ok());
    raw_.reset(raw);
    auto opened = open_rocks_engine(options_for(directory_ + "/engine"));
    LATIUM_CHECK(opened.has_value());
    engine_ = std::move(*opened);
    load();
  }

  ~Pair() {
    LATIUM_CHECK(engine_->close().has_value());
    for (rocksdb::ColumnFamilyHandle* handle : handles_) LATIUM_CHECK(raw_->DestroyColumnFamilyHandle(handle).ok());
    raw_.reset();
    std::filesystem::remove_all(directory_);
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  rocksdb::DB& raw() { return *raw_; }
  rocksdb::ColumnFamilyHandle* raw_data() { return handles_.back(); }
  Engine& engine() { return *engine_; }

 private:
  void load() {
    const Bytes value(kValueBytes, 'v');
    for (std::uint64_t i = 0; i < kKeys; ++i) {
      WriteBatch batch;
      batch.put(Family::data, key_of(i), value);
      LATIUM_CHECK(engine_->write(std::move(batch), Durability::buffered).has_value());
      LATIUM_CHECK(raw_->Put({}, raw_data(), key_of(i), value).ok());
    }
    // Both from tables, not from the write buffer; a checkpoint writes the engine's out.
    LATIUM_CHECK(raw_->Flush({}, handles_).ok());
    LATIUM_CHECK(engine_->checkpoint(directory_ + "/copy").has_value());
  }

  std::string directory_;
  std::shared_ptr<rocksdb::Cache> cache_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  std::unique_ptr<rocksdb::DB> raw_;
  std::unique_ptr<Engine> engine_;
};

void raw_get(benchmark::State& state, Pair* pair) {
  Random random(1);
  const rocksdb::ReadOptions options;
  for (auto _ : state) {
    std::string value;
    LATIUM_CHECK(pair->raw().Get(options, pair->raw_data(), key_of(random.below(kKeys)), &value).ok());
    benchmark::DoNotOptimize(value);
  }
}

void engine_get(benchmark::State& state, Pair* pair, ReadMode mode) {
  Random random(1);
  for (auto _ : state) {
    const auto result = pair->engine().get(Family::data, key_of(random.below(kKeys)), mode);
    LATIUM_CHECK(result.has_value());
    benchmark::DoNotOptimize(result->value);
  }
}

void raw_put(benchmark::State& state, Pair* pair, bool sync) {
  Random random(static_cast<std::uint64_t>(state.thread_index()) + 1);
  const Bytes value(kValueBytes, 'w');
  rocksdb::WriteOptions options;
  options.sync = sync;
  for (auto _ : state) LATIUM_CHECK(pair->raw().Put(options, pair->raw_data(), key_of(random.below(kKeys)), value).ok());
}

void engine_write(benchmark::State& state, Pair* pair, Durability durability) {
  Random random(static_cast<std::uint64_t>(state.thread_index()) + 1);
  const Bytes value(kValueBytes, 'w');
  for (auto _ : state) {
    WriteBatch batch;
    batch.put(Family::data, key_of(random.below(kKeys)), value);
    LATIUM_CHECK(pair->engine().write(std::move(batch), durability).has_value());
  }
}

void engine_submit(benchmark::State& state, Pair* pair) {
  Random random(static_cast<std::uint64_t>(state.thread_index()) + 1);
  const Bytes value(kValueBytes, 'w');
  std::binary_semaphore answered(0);
  for (auto _ : state) {
    WriteBatch batch;
    batch.put(Family::data, key_of(random.below(kKeys)), value);
    pair->engine().submit(std::move(batch), Durability::sync, [&answered](Result<void> result) {
      LATIUM_CHECK(result.has_value());
      answered.release();
    });
    answered.acquire();
  }
}

/// 64 clients on one thread, as a loop has them: each submits again when it is answered.
void engine_submit_loop(benchmark::State& state, Pair* pair) {
  Random random(1);
  const Bytes value(kValueBytes, 'w');
  std::counting_semaphore<kClients> answered(kClients);
  for (auto _ : state) {
    answered.acquire();
    WriteBatch batch;
    batch.put(Family::data, key_of(random.below(kKeys)), value);
    pair->engine().submit(std::move(batch), Durability::sync, [&answered](Result<void> result) {
      LATIUM_CHECK(result.has_value());
      answered.release();
    });
  }
  for (int i = 0; i < kClients; ++i) answered.acquire();
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

void register_all(Pair* pair) {
  const auto add = [](const char* name, auto function, int threads = 1) {
    benchmark::RegisterBenchmark(name, function)
        ->Threads(threads)
        ->UseRealTime()
        ->Repetitions(kRepetitions)
        ->ReportAggregatesOnly(false)
        ->MinTime(0.3);
  };
  add("raw_get", [pair](benchmark::State& state) { raw_get(state, pair); });
  add("get", [pair](benchmark::State& state) { engine_get(state, pair, ReadMode::may_block); });
  add("get_cached", [pair](benchmark::State& state) { engine_get(state, pair, ReadMode::cached_only); });
  add("raw_put", [pair](benchmark::State& state) { raw_put(state, pair, false); });
  add("write_buffered", [pair](benchmark::State& state) { engine_write(state, pair, Durability::buffered); });
  add("raw_sync_64", [pair](benchmark::State& state) { raw_put(state, pair, true); }, kClients);
  add("write_sync_64", [pair](benchmark::State& state) { engine_write(state, pair, Durability::sync); }, kClients);
  add("submit_sync_64", [pair](benchmark::State& state) { engine_submit(state, pair); }, kClients);
  add("submit_sync_loop_64", [pair](benchmark::State& state) { engine_submit_loop(state, pair); });
}

}  // namespace
}  // namespace latium

int main(int argc, char** argv) {
  // Repetitions of the sides alternate, so that what the machine does meanwhile hits both.
  std::vector<char*> arguments(argv, argv + argc);
  std::string interleave = "--benchmark_enable_random_interleaving=true";
  arguments.insert(arguments.begin() + 1, interleave.data());
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  latium::Pair pair;
  latium::register_all(&pair);
  latium::Medians medians;
  benchmark::RunSpecifiedBenchmarks(&medians);
  std::printf("\nMedians of %d repetitions, time an operation (64 clients: of all together)\n", latium::kRepetitions);
  medians.print_ratio("get", "raw_get");
  medians.print_ratio("get_cached", "raw_get");
  medians.print_ratio("write_buffered", "raw_put");
  medians.print_ratio("write_sync_64", "raw_sync_64");
  medians.print_ratio("submit_sync_64", "raw_sync_64");
  medians.print_ratio("submit_sync_loop_64", "raw_sync_64");
  return 0;
}
