// Nodes with a catalog each, over one store in memory, in virtual time.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "relational/catalog.h"
#include "runtime/deadline.h"
#include "tests/sim/sim_runtime.h"
#include "tests/sim/simulation.h"

namespace latium {

/// What all nodes share. Each call takes effect at one moment, a drawn delay after its beginning and before its end.
struct SharedRecords {
  std::map<Bytes, CatalogStore::Entry> entries;
  std::uint64_t writes = 0;
};

class MemoryCatalogStore final : public CatalogStore {
 public:
  MemoryCatalogStore(Runtime& runtime, SharedRecords& shared, Duration delay_max)
      : runtime_(runtime), shared_(shared), delay_max_(delay_max) {}

  Task<Entry> read(CatalogPlace, Bytes key, MonotonicTime) override {
    ++reads;
    LATIUM_CO_CHECKED(co_await pause());
    const auto found = shared_.entries.find(key);
    const Entry entry = found == shared_.entries.end() ? Entry() : found->second;
    LATIUM_CO_CHECKED(co_await pause());
    co_return entry;
  }
  Task<bool> cas(CatalogPlace, Bytes key, std::uint64_t version, std::optional<Bytes> value, MonotonicTime) override {
    LATIUM_CO_CHECKED(co_await pause());
    if (auto first = std::exchange(before_next_cas, nullptr)) first();
    Entry& entry = shared_.entries[key];
    const bool applied = entry.version == version;
    if (applied) entry = {std::move(value), ++shared_.writes};
    LATIUM_CO_CHECKED(co_await pause());
    if (lose_answers > 0 && --lose_answers == 0) co_return fail(ErrorCode::unknown_outcome, Certainty::unknown, "lost");
    co_return applied;
  }
  Task<std::vector<Bytes>> list(CatalogPlace, Bytes prefix, MonotonicTime) override {
    std::vector<Bytes> keys;
    for (const auto& [key, entry] : shared_.entries) {
      if (key.starts_with(prefix)) keys.push_back(key);
    }
    co_return keys;
  }

  std::size_t reads = 0;
  std::function<void()> before_next_cas;  ///< runs once
  std::size_t lose_answers = 0;           ///< the n-th answer of cas() from now on gets lost

 private:
  Task<void> pause() {
    if (delay_max_.count() == 0) co_return Result<void>();
    const auto delay = Duration(runtime_.random.below(static_cast<std::uint64_t>(delay_max_.count())));
    co_return co_await sleep_for(runtime_, delay);
  }

  Runtime& runtime_;
  SharedRecords& shared_;
  Duration delay_max_;
};

struct CatalogNode {
  CatalogNode(sim::Simulation& simulation, SharedRecords& shared, const std::string& name, Duration delay_max)
      : clock(simulation, Random(std::hash<std::string>()(name))),
        process(simulation, clock, name),
        store(process.runtime(), shared, delay_max),
        catalog(process.runtime(), store),
        simulation_(simulation) {}
  ~CatalogNode() { (void)simulation_.run(catalog.stop()); }

  MonotonicTime in(Duration time) { return process.runtime().clock.monotonic_now() + time; }

  sim::SimClock clock;
  sim::SimRuntime process;
  MemoryCatalogStore store;
  Catalog catalog;

 private:
  sim::Simulation& simulation_;
};

}  // namespace latium
