#include "replication/anti_entropy.h"

#include <algorithm>
#include <utility>

#include "proto/repair.pb.h"
#include "proto/wire.pb.h"
#include "replication/envelope.h"
#include "runtime/deadline.h"
#include "runtime/task_group.h"

namespace latium {

namespace {

constexpr Duration kAnswerTimeout = std::chrono::seconds(5);
constexpr std::size_t kPeersAtOnce = 16384;

}  // namespace

Task<void> AntiEntropy::run() {
  while (true) {
    LATIUM_CO_CHECKED(co_await sleep_for(runtime_, every_));
    for (auto& [peer, partitions] : shared(false)) {
      const auto view = cluster_.peer(peer);
      if (!view || view->liveness == Liveness::down) continue;
      const auto done = co_await round_with(peer, std::move(partitions));
      if (!done && done.error().code == ErrorCode::cancelled) co_return fail(done.error());
      if (!done) ++statistics_.failures;
    }
    ++statistics_.rounds;
  }
}

std::map<NodeId, std::vector<AntiEntropy::Shared>> AntiEntropy::shared(bool all) const {
  const NodeId self = cluster_.self();
  std::map<NodeId, std::vector<Shared>> out;
  for (const BucketDirectory::Copied& each : directory_.copied_partitions()) {
    for (const NodeId replica : each.replicas) {
      if (replica != self && (all || self < replica)) out[replica].push_back({each.tenant, each.partition});
    }
  }
  return out;
}

Task<std::vector<AntiEntropy::Shared>> AntiEntropy::compare(NodeId peer, std::vector<Shared> partitions, MonotonicTime deadline) {
  repair::TreeRootsRequest request;
  for (const Shared& each : partitions) {
    auto& named = *request.add_partitions();
    named.set_tenant(each.tenant.value);
    named.set_partition(each.number.value);
    LATIUM_CO_TRY(const std::uint64_t root, co_await partitions_.root(each.tenant, each.number));
    request.add_roots(root);
  }
  deadline = std::min(deadline, saturating_add(runtime_.clock.monotonic_now(), kAnswerTimeout));
  LATIUM_CO_TRY(const auto response, co_await call_enveloped<repair::TreeRootsRequest, repair::TreeRootsResponse>(
                                         cluster_, transport_, peer, cluster_.epoch(), wire::METHOD_TREE_ROOTS,
                                         std::move(request), {.deadline = deadline}));
  statistics_.compared += partitions.size();
  std::vector<Shared> differing;
  for (const std::uint32_t place : response.differing()) {
    if (place < partitions.size()) differing.push_back(partitions[place]);
  }
  statistics_.differing += differing.size();
  co_return differing;
}

Task<void> AntiEntropy::round_with(NodeId peer, std::vector<Shared> partitions) {
  for (std::size_t begin = 0; begin < partitions.size(); begin += kPartitionsAMessage) {
    const std::size_t end = std::min(begin + kPartitionsAMessage, partitions.size());
    LATIUM_CO_TRY(std::vector<Shared> differing, co_await compare(peer,
                                                                  {partitions.begin() + static_cast<std::ptrdiff_t>(begin),
                                                                   partitions.begin() + static_cast<std::ptrdiff_t>(end)},
                                                                  kNever));
    // In any order: two replicas that bring a third one up to date at the same time hardly ever meet in one partition.
    for (std::size_t i = differing.size(); i > 1; --i) std::swap(differing[i - 1], differing[runtime_.random.below(i)]);
    LATIUM_CO_CHECKED(co_await exchange_.run(peer, std::move(differing)));
  }
  co_return Result<void>();
}

Task<Comparison> AntiEntropy::compare_all(MonotonicTime deadline) {
  struct Peer {
    std::size_t count = 0;
    Result<std::vector<Shared>> differing;
  };
  std::map<NodeId, Peer> peers;
  Comparison out;
  TaskGroup group(runtime_.executor, kPeersAtOnce);
  const auto ask = [](AntiEntropy& self, NodeId peer, std::vector<Shared> partitions, MonotonicTime until,
                      Peer& answer) -> Task<void> {
    answer.differing = co_await self.compare(peer, std::move(partitions), until);
    co_return Result<void>();
  };
  for (auto& [peer, partitions] : shared(true)) {
    const auto view = cluster_.peer(peer);
    if (!view || view->liveness == Liveness::down) {
      out.unreachable.push_back(peer);
      continue;
    }
    Peer& asked = peers[peer];
    asked.count = partitions.size();
    LATIUM_CO_CHECKED(group.spawn(ask(*this, peer, std::move(partitions), deadline, asked)));
  }
  LATIUM_CO_CHECKED(co_await group.join());
  for (const auto& [peer, asked] : peers) {
    if (!asked.differing) {
      out.unreachable.push_back(peer);
      continue;
    }
    out.compared += asked.count;
    out.differing += asked.differing->size();
  }
  co_return out;
}

Task<repair::TreeRootsResponse> AntiEntropy::answer_roots(const repair::TreeRootsRequest& request) {
  if (request.partitions_size() != request.roots_size()) {
    co_return fail(ErrorCode::invalid_argument, "partitions and their roots are not as many");
  }
  repair::TreeRootsResponse response;
  for (int i = 0; i < request.partitions_size(); ++i) {
    const auto& named = request.partitions(i);
    LATIUM_CO_CHECKED(check_copied(cluster_, named));
    const PartitionId partition{static_cast<std::uint16_t>(named.partition())};
    LATIUM_CO_TRY(const std::uint64_t root, co_await partitions_.root(TenantId{named.tenant()}, partition));
    if (root != request.roots(i)) response.add_differing(static_cast<std::uint32_t>(i));
  }
  co_return response;
}

}  // namespace latium
