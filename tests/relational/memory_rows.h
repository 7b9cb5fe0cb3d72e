// Rows in memory, as registers would hold them: each command atomic, answers late, lost or unsure as a seed has it.
#pragma once

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "base/random.h"
#include "relational/row_store.h"
#include "replication/row_recovery.h"
#include "runtime/deadline.h"
#include "runtime/runtime.h"
#include "runtime/task_group.h"

namespace latium::testing {

class MemoryRows final : public RowStore {
 public:
  struct Faults {
    double lost = 0;    ///< commands that are not run; the caller does not know
    double late = 0;    ///< commands that are run up to two seconds later; the caller does not know
    double unsure = 0;  ///< commands that are run; the caller does not know
    double twice = 0;   ///< commands that are run once more, up to two seconds later
    double again = 0;   ///< commands whose answer was lost, and that are run again within two seconds: the caller is told of that
    double unlisted = 0;  ///< keys that local lists leave out: the replica has not heard of them
    double stale = 0;     ///< local reads that see what was there before the last change
    double absent = 0;    ///< reads that cannot be answered here
    std::uint64_t delay_us = 2'000;
  };

  MemoryRows(Runtime& runtime, std::uint64_t seed) : runtime_(runtime), random_(seed), copies_(runtime.executor, 100'000) {}

  Faults faults;
  std::size_t reads = 0;
  bool alone = false;     ///< is_alone()
  bool one_step = false;  ///< prewrite_in_one_step() is tried

  Task<RowChange> change(RegisterKey key, RowCommand command, MonotonicTime) override {
    LATIUM_CO_CHECKED(co_await delay());
    if (random_.chance(faults.lost)) co_return unknown();
    if (random_.chance(faults.late)) {
      (void)copies_.spawn(again(key, command));
      co_return unknown();
    }
    RowChange out = run(key, command);
    if (is_repeatable(RegisterCommand(command)) && random_.chance(faults.again)) {
      LATIUM_CO_CHECKED(co_await sleep_for(runtime_, std::chrono::milliseconds(random_.below(2'000))));
      out = run(key, command);
      out.unsure = !out.applied;
    }
    if (random_.chance(faults.twice)) (void)copies_.spawn(again(key, command));
    LATIUM_CO_CHECKED(co_await delay());
    if (random_.chance(faults.unsure)) co_return unknown();
    co_return out;
  }

  Task<TogetherEnd> change_together(const RowsTogether& together, MonotonicTime) override {
    if (!alone) co_return TogetherEnd{.alone = false};
    LATIUM_CO_CHECKED(co_await delay());
    if (random_.chance(faults.lost)) co_return unknown();
    TogetherEnd end = run(together);
    LATIUM_CO_CHECKED(co_await delay());
    if (random_.chance(faults.unsure)) co_return unknown();
    co_return end;
  }

  /// All of it at one moment.
  Task<OneStepOutcome> prewrite_in_one_step(RowsInOneStep rows, MonotonicTime) override {
    if (!one_step) co_return OneStepOutcome();
    for (const auto& [key, prewrite] : rows.prewrites) {
      if (!apply_row(rows_[key.stored()].now, prewrite, clock_ms_).applied()) co_return OneStepOutcome();
    }
    LATIUM_CO_CHECKED(co_await delay());
    OneStepEnd end = OneStepEnd::clean;
    for (const auto& [key, prewrite] : rows.prewrites) {
      if (random_.chance(faults.lost) || !run(key, prewrite).applied) end = OneStepEnd::unsure;
    }
    for (const auto& [key, ts] : rows.looks) {
      const RowState& now = rows_[key.stored()].now;
      if (end == OneStepEnd::clean && (now.intent || now.committed.ts != ts)) end = OneStepEnd::changed;
    }
    if (random_.chance(faults.unsure)) end = OneStepEnd::unsure;
    LATIUM_CO_CHECKED(co_await delay());
    co_return OneStepOutcome{.end = end, .stats = {.round_trips = 1}};
  }

  Task<RowRead> read(RegisterKey key, Reading how, MonotonicTime) override {
    ++reads;
    if (how == Reading::latest) LATIUM_CO_CHECKED(co_await delay());
    const Held& held = rows_[key.stored()];
    co_return RowRead{how == Reading::local && random_.chance(faults.stale) ? held.before : held.now, {}};
  }

  Task<RowKeys> list(TenantId tenant, std::vector<PartitionId> partitions, TupleRange range, std::size_t limit, Reading how,
                     MonotonicTime) override {
    LATIUM_CO_CHECKED(co_await delay());
    RowKeys out;
    for (auto& [name, key] : in_range(tenant, partitions, range)) {
      if (how == Reading::local && is_unlisted()) continue;
      out.more = out.keys.size() == limit;
      if (out.more) break;
      out.keys.push_back(key);
    }
    co_return out;
  }

  Task<RowsLeft> left_over(Bytes after, std::size_t count) override {
    LATIUM_CO_CHECKED(co_await delay());
    RowsLeft out;
    for (auto at = rows_.upper_bound(after); at != rows_.end(); ++at) {
      out.more = count-- == 0;
      if (out.more) break;
      out.last = at->first;
      if (!leftovers_of(at->second.now, runtime_.clock.wall_ms()).empty()) out.keys.push_back(*parse_register_key(at->first));
    }
    co_return out;
  }

  Result<std::optional<RowState>> read_here(const RegisterKey& key, bool) override {
    if (random_.chance(faults.absent)) return std::nullopt;
    const Held& held = rows_[key.stored()];
    return std::optional(random_.chance(faults.stale) ? held.before : held.now);
  }

  Result<std::optional<RowsHere>> scan_here(TenantId tenant, const std::vector<PartitionId>& partitions, const TupleRange& range,
                                            std::size_t limit, std::size_t bytes) override {
    if (random_.chance(faults.absent)) return std::nullopt;
    RowsHere out;
    std::size_t taken = 0;
    for (auto& [name, key] : in_range(tenant, partitions, range)) {
      if (is_unlisted()) continue;
      out.more = out.rows.size() == limit;
      if (out.more) break;
      const Held& held = rows_[key.stored()];
      const RowState& now = random_.chance(faults.stale) ? held.before : held.now;
      out.more = taken > bytes;
      if (out.more) break;
      taken += now.committed.row.size();
      out.newest = out.newest && !now.intent;
      out.rows.push_back({key, now});
    }
    return std::optional(std::move(out));
  }
  std::optional<std::uint64_t> at_rest(TenantId, TableId) override {
    return random_.chance(faults.absent) ? std::nullopt : std::optional(changes_);
  }
  bool is_unchanged(TenantId, TableId, std::uint64_t since) override { return changes_ == since; }
  bool is_alone(TenantId, const std::vector<PartitionId>&) override { return alone; }
  bool is_here(TenantId, const std::vector<PartitionId>&) override { return !random_.chance(faults.absent); }

  const RowState& state(const RegisterKey& key) { return rows_[key.stored()].now; }
  std::size_t intents() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(rows_, [](const auto& each) { return each.second.now.intent.has_value(); }));
  }
  std::vector<RegisterKey> keys() const {
    std::vector<RegisterKey> out;
    for (const auto& [stored, held] : rows_) out.push_back(*parse_register_key(stored));
    return out;
  }
  Task<void> stop() {
    copies_.cancel();
    co_return co_await copies_.join();
  }

 private:
  struct Held {
    RowState now;
    RowState before;
  };

  std::map<Bytes, RegisterKey> in_range(TenantId tenant, const std::vector<PartitionId>& partitions, const TupleRange& range) {
    std::map<Bytes, RegisterKey> found;
    for (const auto& [stored, held] : rows_) {
      const auto key = parse_register_key(stored);
      const bool there = key->tenant == tenant && std::ranges::find(partitions, key->partition) != partitions.end();
      if (there && range.contains(BytesView(key->key).substr(1))) found.emplace(key->key, *key);
    }
    return found;
  }

  bool is_unlisted() { return !alone && random_.chance(faults.unlisted); }
  Task<void> delay() { return sleep_for(runtime_, std::chrono::microseconds(1 + random_.below(faults.delay_us))); }
  static std::unexpected<Error> unknown() { return fail(ErrorCode::unknown_outcome, Certainty::unknown, "the answer was lost"); }
  RowChange run(const RegisterKey& key, const RowCommand& command) {
    Held& held = rows_[key.stored()];
    clock_ms_ = std::max(clock_ms_, runtime_.clock.wall_ms());
    ++changes_;
    RowStep step = apply_row(held.now, command, clock_ms_);
    if (step.applied() && step.state != held.now) held.before = std::exchange(held.now, step.state);
    return {step.applied(), std::move(step.state), step.refusal, step.not_before, {.round_trips = 1}};
  }
  TogetherEnd run(const RowsTogether& together) {
    clock_ms_ = std::max(clock_ms_, runtime_.clock.wall_ms());
    for (const auto& each : together.writes) {
      RowStep step = apply_row(rows_[each.key.stored()].now, each.write, clock_ms_);
      if (!step.applied()) return {.at = each.key, .refused = {false, std::move(step.state), step.refusal, step.not_before, {}}};
    }
    std::optional<TogetherEnd> refused;
    const auto look = [&](const RegisterKey& key, auto same) {
      const RowState& row = rows_[key.stored()].now;
      if (refused || (!row.intent && same(row.committed))) return;
      refused = {.at = key, .refused = {false, row, row.intent ? RowRefusal::foreign_intent : RowRefusal::ts_differs, {}, {}}};
    };
    const auto is_gone = [](const CommittedRow& row) { return !row.present; };
    for (const auto& each : together.looks) look(each.key, [&](const CommittedRow& row) { return row.ts == each.ts; });
    for (const RegisterKey& key : together.absent) look(key, is_gone);
    for (const auto& gap : together.gaps) {
      for (const auto& [name, key] : in_range(gap.tenant, gap.partitions, gap.range)) {
        if (!together.is_known(key.stored())) look(key, is_gone);
      }
    }
    if (refused) return *std::move(refused);
    for (const auto& each : together.writes) (void)run(each.key, each.write);
    return {};
  }
  Task<void> again(RegisterKey key, RowCommand command) {
    LATIUM_CO_CHECKED(co_await sleep_for(runtime_, std::chrono::milliseconds(random_.below(2'000))));
    (void)run(key, command);
    co_return Result<void>();
  }

  Runtime& runtime_;
  Random random_;
  std::map<Bytes, Held> rows_;
  std::uint64_t clock_ms_ = 0;
  std::uint64_t changes_ = 0;
  TaskGroup copies_;
};

}  // namespace latium::testing
