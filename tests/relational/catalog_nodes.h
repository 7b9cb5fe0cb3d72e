// Nodes with a catalog each, over one store in memory, in virtual time.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
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
  std::map<std::string, Catalog*> nodes;  // that run, by name
  std::set<std::string> deaf;             // those of them that hear nothing
};

/// Asks the other nodes that run. Of the questions and answers, `lost_percent` are lost.
class MemoryCatalogPeers final : public CatalogPeers {
 public:
  MemoryCatalogPeers(Runtime& runtime, SharedRecords& shared, std::string self, Duration delay_max)
      : runtime_(runtime), shared_(shared), self_(std::move(self)), delay_max_(delay_max) {}

  Task<void> others_gave_up(CatalogPlace place, Bytes key, std::uint64_t version, MonotonicTime deadline) override {
    std::vector<std::string> names;
    for (const auto& [name, catalog] : shared_.nodes) names.push_back(name);
    for (const std::string& name : names) {
      while (name != self_ && !(co_await ask(name, place, key, version))) {
        if (runtime_.clock.monotonic_now() >= deadline) co_return fail(ErrorCode::unavailable, name + " does not answer");
        LATIUM_CO_CHECKED(co_await sleep_for(runtime_, std::chrono::milliseconds(100)));
      }
    }
    if (dead) co_return fail(ErrorCode::unavailable, "the process is gone");
    co_return Result<void>();
  }

  std::uint64_t lost_percent = 0;
  bool dead = false;  ///< the process was started again

 private:
  Task<void> ask(std::string name, CatalogPlace place, Bytes key, std::uint64_t version) {
    LATIUM_CO_CHECKED(co_await carry());
    if (shared_.deaf.contains(name)) co_return fail(ErrorCode::unavailable, name + " is deaf");
    // Which may be another than the one that was meant, if it was started again.
    const auto found = shared_.nodes.find(name);
    if (found == shared_.nodes.end()) co_return fail(ErrorCode::unavailable, name + " does not run");
    // A short patience by any clock: who uses the table for long is asked again.
    const MonotonicTime until = saturating_add(runtime_.clock.monotonic_now(), std::chrono::milliseconds(500));
    Catalog* const asked = found->second;
    LATIUM_CO_CHECKED(co_await with_deadline(runtime_, until, asked->give_up(place, key, version, kNever)));
    // A process that is gone answers nothing.
    const auto now = shared_.nodes.find(name);
    if (now == shared_.nodes.end() || now->second != asked) co_return fail(ErrorCode::unavailable, name + " was started again");
    co_return co_await carry();
  }
  Task<void> carry() {
    if (delay_max_.count() > 0) {
      const auto delay = Duration(runtime_.random.below(static_cast<std::uint64_t>(delay_max_.count())));
      LATIUM_CO_CHECKED(co_await sleep_for(runtime_, delay));
    }
    if (runtime_.random.below(100) < lost_percent) co_return fail(ErrorCode::unavailable, "lost");
    co_return Result<void>();
  }

  Runtime& runtime_;
  SharedRecords& shared_;
  const std::string self_;
  Duration delay_max_;
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
    if (writes_left == 0) co_return fail(ErrorCode::unavailable, "dead");
    --writes_left;
    Entry& entry = shared_.entries[key];
    const bool applied = entry.version == version;
    if (applied) entry = {std::move(value), ++shared_.writes};
    LATIUM_CO_CHECKED(co_await pause());
    if (lose_answers > 0 && --lose_answers == 0) co_return fail(ErrorCode::unknown_outcome, Certainty::unknown, "lost");
    co_return applied;
  }
  Task<std::vector<Bytes>> list(CatalogPlace, Bytes prefix, MonotonicTime) override {
    if (before_list) LATIUM_CO_CHECKED(co_await before_list());
    std::vector<Bytes> keys;
    for (const auto& [key, entry] : shared_.entries) {
      if (key.starts_with(prefix)) keys.push_back(key);
    }
    co_return keys;
  }

  std::size_t reads = 0;
  std::function<void()> before_next_cas;  ///< runs once
  std::function<Task<void>()> before_list;
  std::size_t lose_answers = 0;        ///< the n-th answer of cas() from now on gets lost
  std::size_t writes_left = SIZE_MAX;  ///< cas() that still take effect

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
        peers(process.runtime(), shared, name, delay_max),
        catalog(process.runtime(), store, peers, false),
        simulation_(simulation),
        shared_(shared),
        name_(name) {
    shared_.nodes[name_] = &catalog;
  }
  ~CatalogNode() {
    shared_.nodes.erase(name_);
    (void)simulation_.run(catalog.stop());
    for (auto& life : later_) (void)simulation_.run(life->catalog.stop());
  }

  /// What the process of before has begun goes on, as what it has sent would; but nobody answers it any more.
  void restart() {
    (later_.empty() ? peers : later_.back()->peers).dead = true;
    later_.push_back(std::make_unique<Life>(process.runtime(), store, peers));
    shared_.nodes[name_] = &later_.back()->catalog;
  }
  /// Of the process that runs now.
  Catalog& latest() { return later_.empty() ? catalog : later_.back()->catalog; }
  std::size_t restarts() const { return later_.size(); }

  MonotonicTime in(Duration time) { return process.runtime().clock.monotonic_now() + time; }

  sim::SimClock clock;
  sim::SimRuntime process;
  MemoryCatalogStore store;
  MemoryCatalogPeers peers;
  Catalog catalog;

 private:
  sim::Simulation& simulation_;
  SharedRecords& shared_;
  std::string name_;
  struct Life {
    Life(Runtime& runtime, CatalogStore& store, const MemoryCatalogPeers& first)
        : peers(first), catalog(runtime, store, peers, true) {
      peers.dead = false;
    }
    MemoryCatalogPeers peers;
    Catalog catalog;
  };
  std::vector<std::unique_ptr<Life>> later_;
};

/// Until `end`.
inline Task<void> restart_now_and_then(CatalogNode& node, sim::Simulation& simulation, Duration end) {
  Random& random = node.process.runtime().random;
  while (simulation.now() < end) {
    LATIUM_CO_CHECKED(co_await sleep_for(node.process.runtime(), std::chrono::seconds(5 + random.below(60))));
    node.restart();
  }
  co_return Result<void>();
}

}  // namespace latium
