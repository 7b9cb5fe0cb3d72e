#include "bench/ring_sim.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "base/random.h"
#include "ring/ring.h"
#include "ring/token_choice.h"

namespace latium {

namespace {

constexpr std::uint64_t kMaxNodes = 100'000;
constexpr std::uint64_t kMaxCounted = 2'000'000'000;

std::unexpected<Error> refuse(std::string why) {
  return fail(ErrorCode::invalid_argument, std::move(why));
}

std::uint32_t weight_milli(const RingSimSettings& settings, std::uint32_t number) {
  if (settings.weights.empty()) return 1000;
  return static_cast<std::uint32_t>(std::lround(settings.weights[number % settings.weights.size()] * 1000));
}

TopologyNode make_node(Random& random, const RingSimSettings& settings, const std::string& site, std::uint32_t number) {
  return {.id = NodeId{random.next()},
          .site = site,
          .rack = settings.racks == 0 ? "" : "r" + std::to_string(number % settings.racks + 1),
          .weight_milli = weight_milli(settings, number),
          .storage = true,
          .state = NodeState::up,
          .address = ""};
}

std::string site_name(std::uint32_t site) {
  return "s" + std::to_string(site + 1);
}

Result<void> check(const RingSimSettings& settings) {
  if (settings.sites == 0 || settings.nodes == 0 || std::uint64_t{settings.sites} * settings.nodes > kMaxNodes) {
    return refuse("--sites times --nodes is " + std::to_string(std::uint64_t{settings.sites} * settings.nodes) + ", not 1 to " +
                  std::to_string(kMaxNodes));
  }
  if (!valid_partitions(settings.partitions)) {
    return refuse("--partitions " + std::to_string(settings.partitions) + " is no power of two from 1 to " +
                  std::to_string(kMaxPartitions));
  }
  for (const double weight : settings.weights) {
    // Also refuses what is no number.
    if (!(weight * 1000 >= kMinWeightMilli && weight * 1000 <= kMaxWeightMilli)) {
      return refuse("--weights " + std::to_string(weight) + " is not 0.1 to 100");
    }
  }
  if (settings.tenants == 0) return refuse("--tenants must be at least 1");
  if (settings.trials == 0) return refuse("--trials must be at least 1");
  return {};
}

class Costs {
 public:
  void add(const Movement& movement) {
    ++trials_;
    sum_.moved += static_cast<double>(movement.moved);
    sum_.least += movement.least;
    sum_.worst_ratio = std::max(sum_.worst_ratio, movement.ratio());
  }
  ChangeCosts mean() const { return {sum_.moved / trials_, sum_.least / trials_, sum_.worst_ratio}; }

 private:
  ChangeCosts sum_;
  double trials_ = 0;
};

// With the token that it would get.
Topology with_one(const Ring& ring, TopologyNode newcomer, const std::vector<Tenant>& tenants) {
  Topology more = ring.topology();
  more.nodes.push_back(newcomer);
  more.nodes.back().token = choose_token(ring, more, newcomer.id, tenants);
  return more;
}

Topology without_one(Topology topology, const std::string& site, std::uint64_t which) {
  std::erase_if(topology.nodes, [&](const TopologyNode& node) { return node.site == site && which-- == 0; });
  return topology;
}

void measure_changes(const RingSimSettings& settings, const TenantPlan& plan, const Ring& ring, Random& random,
                     RingSimReport& report) {
  Costs joins;
  Costs leaves;
  bool can_leave = true;
  const std::vector<Tenant> tenants = tenants_of(plan);
  for (std::uint32_t trial = 0; trial < settings.trials; ++trial) {
    // A site of the placement: elsewhere nothing moves.
    const std::string& site = report.sites[trial % report.sites.size()].site;
    TopologyNode newcomer = make_node(random, settings, site, settings.nodes);
    joins.add(measure_movement(ring, *Ring::build(with_one(ring, std::move(newcomer), tenants), &ring), plan));
    const auto fewer = Ring::build(without_one(ring.topology(), site, random.below(settings.nodes)), &ring);
    can_leave = can_leave && fewer->check(plan.placement).has_value();
    if (can_leave) leaves.add(measure_movement(ring, *fewer, plan));
  }
  report.join = joins.mean();
  if (can_leave) report.leave = leaves.mean();
}

std::string line_of(std::string_view name, const ChangeCosts& costs) {
  char line[160];
  std::snprintf(line, sizeof line, "%-6.*s moves %.1f partitions, least possible %.1f: %.3f times (worst %.3f)\n",
                static_cast<int>(name.size()), name.data(), costs.moved, costs.least, costs.ratio(), costs.worst_ratio);
  return line;
}

nlohmann::json json_of(const ChangeCosts& costs) {
  return {{"moved", costs.moved}, {"least", costs.least}, {"ratio", costs.ratio()}, {"worst_ratio", costs.worst_ratio}};
}

}  // namespace

double RingSimReport::max_over_mean() const {
  double worst = 0;
  for (const SiteLoad& site : sites) worst = std::max(worst, site.max_over_mean());
  return worst;
}

Result<RingSimReport> simulate_ring(const RingSimSettings& settings) {
  LATIUM_CHECKED(check(settings));
  LATIUM_TRY(Placement placement, Placement::parse(settings.placement));
  Random random(settings.seed);
  Topology topology;
  for (std::uint32_t site = 0; site < settings.sites; ++site) {
    for (std::uint32_t n = 0; n < settings.nodes; ++n) {
      topology.nodes.push_back(make_node(random, settings, site_name(site), n));
    }
  }
  const auto ring = Ring::build(std::move(topology));
  LATIUM_CHECKED(ring->check(placement));
  const std::size_t replicas = TenantRing::build(*ring, TenantId{1}, placement, 1)->replicas(PartitionId{0}).size();
  if (std::uint64_t{replicas} * settings.partitions > kMaxCounted / settings.tenants) {
    return refuse("there are more than " + std::to_string(kMaxCounted) + " replicas to count; take fewer --tenants");
  }
  const TenantPlan plan =
      plan_tenants(*ring, settings.tenants, std::move(placement), static_cast<std::uint16_t>(settings.partitions));
  RingSimReport report{.sites = measure_load(*ring, plan), .join = {}, .leave = {}};
  measure_changes(settings, plan, *ring, random, report);
  return report;
}

std::string to_text(const RingSimReport& report) {
  std::string out = "site       nodes   partitions a node (of weight 1): min       mean        max  max/mean\n";
  for (const SiteLoad& site : report.sites) {
    char line[160];
    std::snprintf(line, sizeof line, "%-10s %5zu %38.1f %10.1f %10.1f %9.3f\n", site.site.c_str(), site.nodes, site.min,
                  site.mean, site.max, site.max_over_mean());
    out += line;
  }
  char worst[80];
  std::snprintf(worst, sizeof worst, "worst max/mean: %.3f\n", report.max_over_mean());
  out += worst + line_of("join", report.join);
  out +=
      report.leave ? line_of("leave", *report.leave) : "leave  is not possible: with one node less the placement cannot be met\n";
  return out;
}

std::string to_json(const RingSimSettings& settings, const RingSimReport& report) {
  nlohmann::json out{{"nodes", settings.nodes},
                     {"racks", settings.racks},
                     {"weights", settings.weights},
                     {"tenants", settings.tenants},
                     {"partitions", settings.partitions},
                     {"placement", settings.placement},
                     {"trials", settings.trials},
                     {"seed", settings.seed},
                     {"max_over_mean", report.max_over_mean()},
                     {"join", json_of(report.join)},
                     {"leave", report.leave ? json_of(*report.leave) : nlohmann::json()},
                     {"sites", nlohmann::json::array()}};
  for (const SiteLoad& site : report.sites) {
    out["sites"].push_back({{"site", site.site},
                            {"nodes", site.nodes},
                            {"min", site.min},
                            {"mean", site.mean},
                            {"max", site.max},
                            {"max_over_mean", site.max_over_mean()}});
  }
  return out.dump(2) + "\n";
}

}  // namespace latium
