// The ring of a large cluster: 100 sites of 100 nodes, 1,000 tenants of 64 partitions. What a key costs, and what a change of one
// node costs, on one core: the new ring, then the lists of all tenants.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "ring/partition.h"
#include "ring/ring.h"

namespace latium {
namespace {

constexpr std::uint32_t kSites = 100;
constexpr std::uint32_t kNodesPerSite = 100;
constexpr std::uint32_t kTenants = 1000;

TopologyNode make_node(Random& random, std::uint32_t site, std::uint32_t number) {
  return {.id = NodeId{random.next()},
          .site = "site-" + std::to_string(site),
          .rack = "rack-" + std::to_string(number % 5),
          .weight_milli = 1000,
          .storage = true,
          .state = NodeState::up,
          .address = "10.0.0.1:7400"};
}

Topology make_topology() {
  Random random(1);
  Topology out{.epoch = Epoch{1}, .cluster = ClusterId{1}, .nodes = {}, .voters = {}, .transition = {}};
  for (std::uint32_t site = 0; site < kSites; ++site) {
    for (std::uint32_t n = 0; n < kNodesPerSite; ++n) out.nodes.push_back(make_node(random, site, n));
  }
  return out;
}

/// The cluster, and the same with a node more in one site.
struct Cluster {
  Topology before = make_topology();
  Topology after = before;
  std::shared_ptr<const Ring> ring = Ring::build(before);

  Cluster() {
    Random random(2);
    after.epoch = Epoch{2};
    after.nodes.push_back(make_node(random, 7, kNodesPerSite));
  }
};

const Cluster& cluster() {
  static const Cluster kCluster;
  return kCluster;
}

/// Three replicas in three sites (two, for one in three tenants); tenants are spread over all sites.
Placement three_replicas(std::uint32_t tenant) {
  const auto site = [tenant](std::uint32_t i) { return "site-" + std::to_string((tenant * 7 + i * 13) % kSites); };
  const bool two_sites = tenant % 3 == 0;
  return Placement::parse(site(0) + (two_sites ? ":2," : ":1,") + site(1) + ":1" + (two_sites ? "" : "," + site(2) + ":1"))
      .value();
}

std::vector<Placement> placements(const std::string& all) {
  std::vector<Placement> out;
  for (std::uint32_t t = 1; t <= kTenants; ++t) out.push_back(all.empty() ? three_replicas(t) : Placement::parse(all).value());
  return out;
}

std::size_t build_all(const Ring& ring, const std::vector<Placement>& of_tenants,
                      std::vector<std::shared_ptr<const TenantRing>>& out) {
  out.clear();
  for (std::uint32_t t = 0; t < of_tenants.size(); ++t) {
    out.push_back(TenantRing::build(ring, TenantId{t + 1}, of_tenants[t], kDefaultPartitions));
  }
  return out.size();
}

void list_of_a_key(benchmark::State& state) {
  std::vector<std::shared_ptr<const TenantRing>> tenants;
  build_all(*cluster().ring, placements(""), tenants);
  Random random(3);
  std::vector<std::string> keys;
  keys.reserve(4096);
  for (int i = 0; i < 4096; ++i) keys.push_back("customer/" + std::to_string(random.next()));
  std::uint32_t i = 0;
  for (auto _ : state) {
    const std::uint32_t tenant = (i * 257) % kTenants;
    const TenantRing& ring = *tenants[tenant];
    const PartitionId partition = partition_of(TenantId{tenant + 1}, keys[i++ % keys.size()], ring.partitions());
    benchmark::DoNotOptimize(ring.replicas(partition).front());
  }
}

void preference_list(benchmark::State& state) {
  const Ring& ring = *cluster().ring;
  const std::vector<Placement> of_tenants = placements("");
  std::uint32_t i = 0;
  for (auto _ : state) {
    const std::uint32_t tenant = ++i % kTenants;
    const PartitionId partition{static_cast<std::uint16_t>(i % kDefaultPartitions)};
    benchmark::DoNotOptimize(ring.preference_list(TenantId{tenant + 1}, of_tenants[tenant], partition));
  }
}

void build_ring_anew(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(Ring::build(cluster().before));
}

void build_ring_after_a_join(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(Ring::build(cluster().after, cluster().ring.get()));
}

void everything_after_a_join(benchmark::State& state, const std::string& all) {
  const std::vector<Placement> of_tenants = placements(all);
  std::vector<std::shared_ptr<const TenantRing>> tenants;
  for (auto _ : state) {
    const auto ring = Ring::build(cluster().after, cluster().ring.get());
    benchmark::DoNotOptimize(build_all(*ring, of_tenants, tenants));
  }
}

void build_small_ring(benchmark::State& state) {
  Random random(1);
  Topology topology{.epoch = Epoch{1}, .cluster = ClusterId{1}, .nodes = {}, .voters = {}, .transition = {}};
  for (std::uint32_t n = 0; n < 5; ++n) topology.nodes.push_back(make_node(random, n % 3, n));
  for (auto _ : state) benchmark::DoNotOptimize(Ring::build(topology));
}

BENCHMARK(list_of_a_key);
BENCHMARK(preference_list)->Unit(benchmark::kMicrosecond);
BENCHMARK(build_small_ring)->Unit(benchmark::kMicrosecond);
BENCHMARK(build_ring_after_a_join)->Unit(benchmark::kMillisecond);
BENCHMARK(build_ring_anew)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(everything_after_a_join, three_replicas, "")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(everything_after_a_join, any_3_of_5_sites, "any 3 of [site-1, site-3, site-5, site-7, site-9]")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(everything_after_a_join, one_in_each_site, "everywhere: 1")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace latium
