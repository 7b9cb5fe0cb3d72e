#include "replication/collection.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "proto/repair.pb.h"
#include "proto/wire.pb.h"
#include "replication/answers.h"
#include "replication/envelope.h"
#include "replication/expiring_key.h"
#include "runtime/deadline.h"
#include "runtime/offload.h"

namespace latium {

namespace {

constexpr Duration kAnswerTimeout = std::chrono::seconds(10);
// After a look that found as much as it may: there is more.
constexpr Duration kNextAfter = std::chrono::milliseconds(500);

Result<std::vector<std::uint32_t>> with_hints(Engine& engine, TenantId tenant, const std::vector<std::uint32_t>& partitions,
                                              const std::vector<NodeId>& owners) {
  std::vector<std::uint32_t> out;
  for (const std::uint32_t partition : partitions) {
    for (const NodeId owner : owners) {
      Bytes prefix;
      put_u64_be(prefix, owner.value);
      put_u32_be(prefix, tenant.value);
      put_u16_be(prefix, static_cast<std::uint16_t>(partition));
      LATIUM_TRY(const auto cursor, engine.scan(Family::hints, KeyRange::prefix(prefix)));
      LATIUM_CHECKED(cursor->status());
      if (!cursor->valid()) continue;
      out.push_back(partition);
      break;
    }
  }
  return out;
}

}  // namespace

Task<void> Collection::run() {
  bool full = false;
  while (true) {
    LATIUM_CO_CHECKED(co_await sleep_for(runtime_, full ? kNextAfter : every_));
    full = false;
    auto found = co_await look();
    if (!found && found.error().code == ErrorCode::cancelled) co_return fail(found.error());
    if (!found) {
      ++statistics_.failures;
      continue;
    }
    const std::uint64_t before = statistics_.collected;
    for (auto& [tenant, led] : *found) {
      full = full || std::ranges::any_of(led, [](const Led& each) { return each.candidates.size() == kKeysAPartition; });
      const auto done = co_await round(tenant, std::move(led));
      if (!done && done.error().code == ErrorCode::cancelled) co_return fail(done.error());
      ++(done ? statistics_.rounds : statistics_.failures);
    }
    full = full && statistics_.collected > before;
  }
}

// What is due in the partitions that this node leads.
Task<std::map<TenantId, std::vector<Collection::Led>>> Collection::look() {
  std::vector<BucketDirectory::Copied> led = directory_.copied_partitions();
  std::erase_if(led, [this](const auto& each) { return each.replicas.front() != cluster_.self(); });
  using Found = std::map<TenantId, std::vector<Led>>;
  LATIUM_CO_TRY(
      Found found,
      co_await offload<Found>(
          runtime_, [engine = &engine_, now_ms = runtime_.clock.wall_ms(), led = std::move(led)]() -> Result<Found> {
            Found out;
            for (const BucketDirectory::Copied& each : led) {
              Led here{.partition = each.partition, .replicas = each.replicas, .candidates = {}};
              LATIUM_TRY(const auto cursor, engine->scan(Family::expiring, expiring_range(each.tenant, each.partition, now_ms)));
              for (; cursor->valid() && here.candidates.size() < kKeysAPartition; cursor->next()) {
                LATIUM_TRY(const Expiring expiring, parse_expiring_key(cursor->key()));
                LATIUM_TRY(const ReadResult held, engine->get(Family::data, expiring.data_key, ReadMode::may_block));
                if (held.presence != Presence::found) continue;  // removed since the cursor's moment
                LATIUM_TRY(const VersionSet versions, decode_versions(held.value));
                LATIUM_TRY(DataKey key, parse_data_key(expiring.data_key));
                if (expiry_of(versions) != expiring.due_ms) continue;  // written since
                here.candidates.push_back({std::move(key), expiring.due_ms, digest_of(held.value), versions.newest_stamp()});
              }
              LATIUM_CHECKED(cursor->status());
              if (!here.candidates.empty()) out[each.tenant].push_back(std::move(here));
            }
            return out;
          }));
  statistics_.waiting = 0;
  for (const auto& [tenant, partitions] : found) {
    for (const Led& each : partitions) statistics_.waiting += each.candidates.size();
  }
  co_return found;
}

Task<std::uint64_t> Collection::count_due() {
  co_return co_await offload<std::uint64_t>(
      runtime_,
      [engine = &engine_, now_ms = runtime_.clock.wall_ms(), copied = directory_.copied_partitions()]() -> Result<std::uint64_t> {
        std::uint64_t count = 0;
        for (const BucketDirectory::Copied& each : copied) {
          LATIUM_TRY(const auto cursor, engine->scan(Family::expiring, expiring_range(each.tenant, each.partition, now_ms)));
          for (; cursor->valid(); cursor->next()) ++count;
          LATIUM_CHECKED(cursor->status());
        }
        return count;
      });
}

Task<void> Collection::round(TenantId tenant, std::vector<Led> led) {
  const Epoch epoch = cluster_.epoch();
  LATIUM_CO_TRY(const Marks first, co_await turn(tenant, led, false));
  std::erase_if(led, [&](const Led& each) { return first.waiting.contains(each.partition); });
  LATIUM_CO_TRY(const Marks second, co_await turn(tenant, led, true));
  std::erase_if(led, [&](const Led& each) { return second.waiting.contains(each.partition); });
  for (const Led& each : led) {
    // Another map may have other replicas, which know nothing of this.
    if (cluster_.epoch() != epoch) co_return fail(ErrorCode::stale_topology, "the map of the cluster has changed meanwhile");
    LATIUM_CO_TRY(const std::size_t count, co_await drop(each, first.least_wall_ms));
    statistics_.collected += count;
  }
  co_return Result<void>();
}

Task<Collection::Marks> Collection::turn(TenantId tenant, const std::vector<Led>& led, bool with_floor) {
  LATIUM_CO_TRY(Marks marks, co_await mark(tenant, led, with_floor));
  // Twice: what one replica gives to this one in the first pass, the others get in the second.
  LATIUM_CO_CHECKED(co_await exchange_all(tenant, led, marks));
  LATIUM_CO_CHECKED(co_await exchange_all(tenant, led, marks));
  for (const Led& each : led) {
    if (!marks.waiting.contains(each.partition)) LATIUM_CO_CHECKED(co_await tell(tenant, each.partition, marks));
  }
  co_return marks;
}

// Everybody has to answer: one that is away may have a write that nobody else knows of.
Task<Collection::Marks> Collection::mark(TenantId tenant, const std::vector<Led>& led, bool with_floor) {
  repair::CollectionMarkRequest request;
  request.set_tenant(tenant.value);
  for (const Led& each : led) {
    auto& out = *request.add_partitions();
    out.set_partition(each.partition.value);
    if (!with_floor) continue;
    Hlc floor;
    for (const Candidate& candidate : each.candidates) floor = std::max(floor, candidate.stamp);
    out.set_floor(floor.value);
  }
  Marks marks{.known = {}, .least_wall_ms = runtime_.clock.wall_ms(), .waiting = {}};
  for (const NodeId node : directory_.may_coordinate(tenant)) {
    repair::CollectionMarkResponse answer;
    if (node == cluster_.self()) {
      LATIUM_CO_TRY(answer, co_await answer_mark(request));
    } else {
      const MonotonicTime deadline = saturating_add(runtime_.clock.monotonic_now(), kAnswerTimeout);
      LATIUM_CO_TRY(answer, co_await call_enveloped<repair::CollectionMarkRequest, repair::CollectionMarkResponse>(
                                cluster_, transport_, node, cluster_.epoch(), wire::METHOD_COLLECTION_MARK, request,
                                {.deadline = deadline}));
    }
    marks.known.known[node] = answer.counter();
    marks.least_wall_ms = std::min(marks.least_wall_ms, answer.wall_ms());
    for (const std::uint32_t partition : answer.waiting()) {
      marks.waiting.insert(PartitionId{static_cast<std::uint16_t>(partition)});
    }
  }
  co_return marks;
}

Task<void> Collection::exchange_all(TenantId tenant, const std::vector<Led>& led, const Marks& marks) {
  std::map<NodeId, std::vector<Exchange::Partition>> by_replica;
  for (const Led& each : led) {
    if (marks.waiting.contains(each.partition)) continue;
    for (const NodeId replica : each.replicas) {
      if (replica != cluster_.self()) by_replica[replica].push_back({tenant, each.partition});
    }
  }
  for (auto& [replica, partitions] : by_replica) LATIUM_CO_CHECKED(co_await exchange_.run(replica, std::move(partitions)));
  co_return Result<void>();
}

// All who were asked: a stand-in that knows it takes no hints of what every replica has had.
Task<void> Collection::tell(TenantId tenant, PartitionId partition, const Marks& marks) {
  repair::CollectionKnowRequest request;
  request.set_tenant(tenant.value);
  request.add_partitions(partition.value);
  for (const auto& [writer, counter] : marks.known.known) {
    auto& out = *request.add_known();
    out.set_node(writer.value);
    out.set_counter(counter);
  }
  for (const auto& [node, counter] : marks.known.known) {
    if (node == cluster_.self()) {
      LATIUM_CO_CHECKED(co_await answer_know(request));
      continue;
    }
    const MonotonicTime deadline = saturating_add(runtime_.clock.monotonic_now(), kAnswerTimeout);
    LATIUM_CO_CHECKED(co_await call_enveloped<repair::CollectionKnowRequest, repair::CollectionKnowResponse>(
        cluster_, transport_, node, cluster_.epoch(), wire::METHOD_COLLECTION_KNOW, request, {.deadline = deadline}));
  }
  co_return Result<void>();
}

// Removed where it is what was seen before the first turn. Whoever keeps it longer is told so by the next exchange.
Task<std::size_t> Collection::drop(const Led& led, std::uint64_t least_wall_ms) {
  const auto drops = std::make_shared<Answers>();
  std::size_t count = 0;
  std::size_t bytes = 0;
  for (const Candidate& candidate : led.candidates) {
    // Expired by every clock, not only by this node's.
    if (candidate.due_ms > least_wall_ms) continue;
    ++count;
    for (const NodeId replica : led.replicas) {
      drops->expect();
      bytes += candidate.key.user_key.size() + candidate.key.bucket.size();
      links_.send(replica, cluster_.epoch(), {.key = candidate.key, .offered = {}, .drop = candidate.digest},
                  [drops](const Result<BucketAnswer>& answer) { drops->came(answer); });
    }
  }
  LATIUM_CO_CHECKED(co_await drops->wait());
  LATIUM_CO_CHECKED(co_await pace_.take(bytes));
  co_return count;
}

Task<repair::CollectionMarkResponse> Collection::answer_mark(const repair::CollectionMarkRequest& request) {
  const TenantId tenant{request.tenant()};
  LATIUM_CO_CHECKED(check_may_write(tenant));
  std::vector<std::pair<PartitionId, Knowledge>> floors;
  std::vector<std::uint32_t> partitions;
  for (const auto& each : request.partitions()) {
    partitions.push_back(each.partition());
    if (each.floor() == 0) continue;
    floors.emplace_back(PartitionId{static_cast<std::uint16_t>(each.partition())},
                        Knowledge{.known = {}, .floor = Hlc{each.floor()}});
  }
  // The floor is in force before the counter is told: what is written after it has a higher dot, and is no older than the floor.
  LATIUM_CO_CHECKED(co_await partitions_.learn(tenant, std::move(floors)));
  repair::CollectionMarkResponse response;
  response.set_counter(dots_.last());
  response.set_wall_ms(runtime_.clock.wall_ms());
  LATIUM_CO_CHECKED(co_await partitions_.settle());
  LATIUM_CO_TRY(const std::vector<std::uint32_t> waiting, co_await partitions_with_hints(tenant, std::move(partitions)));
  for (const std::uint32_t partition : waiting) response.add_waiting(partition);
  co_return response;
}

Result<void> Collection::check_may_write(TenantId tenant) const {
  const std::vector<NodeId> writers = directory_.may_coordinate(tenant);
  if (std::ranges::find(writers, cluster_.self()) != writers.end()) return {};
  return fail(ErrorCode::invalid_argument,
              "node " + to_hex(cluster_.self().value) + " has nothing to do with tenant " + std::to_string(tenant.value));
}

Task<std::vector<std::uint32_t>> Collection::partitions_with_hints(TenantId tenant, std::vector<std::uint32_t> partitions) {
  std::vector<NodeId> owners;
  for (const auto& [owner, account] : hints_.accounts()) {
    if (account.count > 0) owners.push_back(owner);
  }
  if (owners.empty()) co_return std::vector<std::uint32_t>();
  co_return co_await offload<std::vector<std::uint32_t>>(
      runtime_, [engine = &engine_, tenant, partitions = std::move(partitions), owners = std::move(owners)] {
        return with_hints(*engine, tenant, partitions, owners);
      });
}

Task<repair::CollectionKnowResponse> Collection::answer_know(const repair::CollectionKnowRequest& request) {
  LATIUM_CO_CHECKED(check_may_write(TenantId{request.tenant()}));
  Knowledge knowledge;
  for (const auto& each : request.known()) knowledge.known[NodeId{each.node()}] = each.counter();
  // What this node had at its mark it may have lost in a power cut since, if it was buffered.
  const auto mine = knowledge.known.find(cluster_.self());
  if (mine == knowledge.known.end() || mine->second >> 40 != dots_.last() >> 40) {
    co_return fail(ErrorCode::unavailable, "node " + to_hex(cluster_.self().value) + " was started since it gave its mark");
  }
  std::vector<std::pair<PartitionId, Knowledge>> more;
  for (const std::uint32_t partition : request.partitions()) {
    more.emplace_back(PartitionId{static_cast<std::uint16_t>(partition)}, knowledge);
  }
  LATIUM_CO_CHECKED(co_await partitions_.learn(TenantId{request.tenant()}, std::move(more)));
  co_return repair::CollectionKnowResponse();
}

}  // namespace latium
