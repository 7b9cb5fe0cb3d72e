#include "node/row_store.h"

#include <algorithm>
#include <map>
#include <utility>

#include "proto/replica.pb.h"
#include "proto/wire.pb.h"
#include "replication/bucket_place.h"
#include "replication/envelope.h"
#include "replication/peer_watch.h"
#include "runtime/sync.h"
#include "runtime/task_group.h"

namespace latium {

namespace {

// A list is asked for from behind a key, and this is one right below `begin`: what lies between them is passed over.
Bytes below(BytesView begin) {
  Bytes out(begin);
  if (out.empty()) return out;
  const auto last = static_cast<unsigned char>(out.back());
  out.pop_back();
  if (last == 0) return out;
  out.push_back(static_cast<char>(last - 1));
  return out.append(8, '\xff');
}

Bytes common_prefix(BytesView a, BytesView b) {
  const auto [end, ignored] = std::ranges::mismatch(a, b);
  return Bytes(a.begin(), end);
}

// With the byte that says what the register is for.
TupleRange with_space(const TupleRange& range) {
  const Bytes space(1, static_cast<char>(RegisterSpace::table));
  return {space + range.begin, space + range.end};
}

}  // namespace

// Of one replica.
struct RegisterRows::Page {
  std::vector<Bytes> keys;
  bool more = false;
  CallStats stats;
  std::optional<Error> error = Error(ErrorCode::unavailable, Certainty::not_applied, "it has not answered");
};

Task<RowChange> RegisterRows::change(RegisterKey key, RowCommand command, MonotonicTime deadline) {
  Registers& registers = cluster_.registers();
  LATIUM_CO_TRY(const CommandOutcome outcome,
                co_await registers.execute(std::move(key), std::move(command), registers.new_request_id(), deadline));
  RowChange out{.applied = outcome.result.applied,
                .state = {},
                .refusal = outcome.result.refusal,
                .not_before = outcome.result.not_before,
                .stats = outcome.stats,
                .unsure = outcome.unsure};
  LATIUM_CO_TRY(out.state, row_of(outcome.result.state));
  co_return out;
}

Task<OneStepOutcome> RegisterRows::prewrite_in_one_step(RowsInOneStep rows, MonotonicTime deadline) {
  OneStep step;
  for (auto& [key, prewrite] : rows.prewrites) step.changes.push_back({std::move(key), std::move(prewrite)});
  for (const auto& look : rows.looks) step.looks.push_back(look.key);
  step.as_expected = [looks = std::move(rows.looks)](std::size_t look, const RegisterState& state) {
    const auto row = row_of(state);
    return row && !row->intent && row->committed.ts == looks[look].ts;
  };
  return cluster_.registers().change_in_one_step(std::move(step), deadline);
}

Task<RowRead> RegisterRows::read(RegisterKey key, Reading how, MonotonicTime deadline) {
  Registers& registers = cluster_.registers();
  LATIUM_CO_TRY(const ReadOutcome outcome, how == Reading::local    ? co_await registers.read_local(std::move(key), deadline)
                                           : how == Reading::oldest ? co_await registers.read_oldest(std::move(key), deadline)
                                                                    : co_await registers.read(std::move(key), deadline));
  RowRead out{.state = {}, .stats = outcome.stats};
  LATIUM_CO_TRY(out.state, row_of(outcome.state));
  co_return out;
}

// All that lies behind `after`, as the replica has it.
Task<void> RegisterRows::ask(NodeId node, TenantId tenant, PartitionId partition, Bytes prefix, Bytes after, std::size_t limit,
                             MonotonicTime deadline, Page& out) {
  out.keys.clear();
  if (node == cluster_.self()) {
    LATIUM_CO_TRY(RegisterPage page,
                  co_await cluster_.replica().list(tenant, partition, std::move(prefix), std::move(after), limit));
    for (RegisterPage::Entry& entry : page.entries) out.keys.push_back(std::move(entry.key));
    out.more = page.more;
    co_return Result<void>();
  }
  replica::ListRequest request;
  request.set_tenant(tenant.value);
  request.set_partition(partition.value);
  request.set_prefix(std::move(prefix));
  request.set_after(std::move(after));
  request.set_limit(static_cast<std::uint32_t>(limit));
  std::uint32_t refusals = 0;
  LATIUM_CO_TRY(auto response, co_await call_enveloped<replica::ListRequest, replica::ListResponse>(
                                   cluster_, cluster_.transport(), node, cluster_.epoch(), wire::METHOD_REGISTER_LIST,
                                   std::move(request), {.deadline = deadline}, &refusals));
  for (auto& entry : *response.mutable_registers()) out.keys.push_back(std::move(*entry.mutable_key()));
  out.more = response.more();
  const auto peer = cluster_.peer(node);
  const std::uint32_t trips = 1 + refusals;
  const bool wan = !peer || !peer->same_site;
  out.stats.add({.round_trips = trips, .wan_round_trips = wan ? trips : 0, .replicas_asked = 1});
  for (const Bytes& key : out.keys) {
    out.stats.bytes += key.size();
    if (wan) out.stats.wan_bytes += key.size();
  }
  co_return Result<void>();
}

Task<void> RegisterRows::list_at(NodeId node, TenantId tenant, PartitionId partition, TupleRange range, std::size_t limit,
                                 MonotonicTime deadline, Page& out) {
  const Bytes prefix = common_prefix(range.begin, range.end);
  Bytes after = below(range.begin);
  while (true) {
    if (auto asked = co_await ask(node, tenant, partition, prefix, after, limit + 1, deadline, out); !asked) {
      out.error = std::move(asked).error();
      co_return Result<void>();
    }
    if (!out.keys.empty()) after = out.keys.back();
    // Behind the end nothing is wanted any more.
    if (after >= range.end) out.more = false;
    std::erase_if(out.keys, [&](const Bytes& key) { return !range.contains(key); });
    // All that came lies before the range: on to what lies in it.
    if (out.keys.empty() && out.more) continue;
    out.error.reset();
    co_return Result<void>();
  }
}

Task<void> RegisterRows::list_nearest(TenantId tenant, PartitionId partition, TupleRange range, std::size_t limit,
                                      MonotonicTime deadline, Page& out) {
  auto set = cluster_.replicas(tenant, partition);
  if (!set) {
    out.error = std::move(set).error();
    co_return Result<void>();
  }
  std::vector<std::pair<int, NodeId>> nearest_first;
  for (const NodeId node : set->members) nearest_first.emplace_back(distance_of(cluster_, node), node);
  std::ranges::sort(nearest_first);
  for (const auto& [distance, node] : nearest_first) {
    Page page;
    const bool last = node == nearest_first.back().second;
    Runtime& runtime = cluster_.runtime();
    const MonotonicTime until =
        last ? deadline : std::min(deadline, saturating_add(runtime.clock.monotonic_now(), silence_allowed(runtime, deadline)));
    LATIUM_CO_CHECKED(co_await list_at(node, tenant, partition, range, limit, until, page));
    out = std::move(page);
    if (!out.error) break;
  }
  co_return Result<void>();
}

// Of all partitions together: enough when of each as many replicas have answered as are needed.
struct RegisterRows::Progress {
  std::vector<std::size_t> missing;  // answers, of each partition
  std::size_t partitions_missing;
  std::size_t at_work = 0;
  Event ended;
};

Task<void> RegisterRows::list_into(Task<void> listing, std::size_t partition, const Page& page, Progress& progress) {
  LATIUM_CO_CHECKED(co_await std::move(listing));
  --progress.at_work;
  if (!page.error && progress.missing[partition] > 0 && --progress.missing[partition] == 0) --progress.partitions_missing;
  if (progress.partitions_missing == 0 || progress.at_work == 0) progress.ended.set();
  co_return Result<void>();
}

// A change that was acknowledged is at a majority, so a majority is asked for the latest, and who does not answer is not waited
// for.
Task<RowKeys> RegisterRows::list(TenantId tenant, std::vector<PartitionId> partitions, TupleRange range, std::size_t limit,
                                 Reading how, MonotonicTime deadline) {
  const TupleRange wanted = with_space(range);
  std::vector<std::vector<Page>> pages(partitions.size());
  Progress progress{.missing = {}, .partitions_missing = partitions.size(), .ended = {}};
  TaskGroup group(cluster_.runtime().executor, partitions.size() * 64);
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    auto set = cluster_.replicas(tenant, partitions[i]);
    const std::size_t asked = how == Reading::latest && set ? set->size() : 1;
    pages[i].resize(asked);
    progress.missing.push_back(asked / 2 + 1);
    progress.at_work += asked;
    for (std::size_t member = 0; member < asked; ++member) {
      auto task = how == Reading::latest && set
                      ? list_at(set->members[member], tenant, partitions[i], wanted, limit, deadline, pages[i][member])
                      : list_nearest(tenant, partitions[i], wanted, limit, deadline, pages[i][member]);
      const auto spawned = group.spawn(list_into(std::move(task), i, pages[i][member], progress));
      LATIUM_CHECK(spawned.has_value(), "a group with room refuses nothing");
    }
  }
  const Result<void> waited = partitions.empty() ? Result<void>() : co_await progress.ended.wait();
  group.cancel();
  (void)co_await group.join();
  LATIUM_CO_CHECKED(waited);
  RowKeys out;
  std::map<Bytes, RegisterKey> merged;
  std::optional<Bytes> complete_to;  // what lies behind it may be missing
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    std::size_t answered = 0;
    for (Page& page : pages[i]) {
      if (page.error) continue;
      ++answered;
      add_parallel(out.stats, page.stats);
      if (page.more && !page.keys.empty())
        complete_to = complete_to ? std::min(*complete_to, page.keys.back()) : page.keys.back();
      for (Bytes& key : page.keys) merged.try_emplace(key, RegisterKey{tenant, partitions[i], key});
    }
    if (answered > pages[i].size() / 2) continue;
    const Page& failed = *std::ranges::find_if(pages[i], [](const Page& page) { return page.error.has_value(); });
    co_return fail(failed.error->code, Certainty::not_applied,
                   "partition " + std::to_string(partitions[i].value) + ": " + failed.error->message);
  }
  for (auto& [key, found] : merged) {
    const bool unsure = complete_to && key > *complete_to;
    out.more = unsure || out.keys.size() == limit;
    if (out.more) break;
    out.keys.push_back(std::move(found));
  }
  out.more = out.more || (complete_to && !out.keys.empty());
  co_return out;
}

}  // namespace latium
