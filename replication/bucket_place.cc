#include "replication/bucket_place.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace latium {

std::size_t Buckets::Place::index_of(NodeId node) const {
  return static_cast<std::size_t>(std::ranges::find(replicas, node) - replicas.begin());
}

int distance_of(const ClusterView& cluster, NodeId node) {
  if (node == cluster.self()) return 0;
  const auto peer = cluster.peer(node);
  if (!peer) return 7;
  const int doubt = peer->liveness == Liveness::up ? 0 : peer->liveness == Liveness::suspect ? 2 : 4;
  return doubt + (peer->same_site ? 1 : 2);
}

NodeId choose_stand_in(const ClusterView& cluster, const std::vector<NodeId>& stand_ins, const std::vector<NodeId>& taken) {
  for (const NodeId node : stand_ins) {
    if (std::ranges::find(taken, node) != taken.end()) continue;
    if (node == cluster.self()) return node;
    const auto peer = cluster.peer(node);
    if (peer && peer->up()) return node;
  }
  return {};
}

std::string list_errors(const std::vector<std::pair<NodeId, Error>>& errors) {
  std::string out;
  for (const auto& [node, error] : errors) {
    out += out.empty() ? "; no answer of " : ", ";
    out += to_hex(node.value) + " (" + error.message + ")";
  }
  return out;
}

Result<Buckets::Place> Buckets::place_of(const DataKey& key, WriteLevel level, const std::string& site) const {
  LATIUM_TRY(const ReplicaSet set, cluster_.replicas(key.tenant, key.partition));
  // Of two as near as each other, the one that comes first in the preference list.
  std::vector<std::tuple<int, std::size_t, NodeId>> near;
  near.reserve(set.members.size());
  for (const NodeId node : set.members) near.emplace_back(distance_of(cluster_, node), near.size(), node);
  std::ranges::sort(near);
  Place place{.epoch = cluster_.epoch(), .replicas = {}, .counts = {}};
  place.replicas.reserve(near.size());
  for (const auto& [distance, index, node] : near) place.replicas.push_back(node);
  std::size_t counted = 0;
  for (const NodeId node : place.replicas) {
    place.counts.push_back(level != WriteLevel::local_quorum || directory_.site_of(node) == site);
    counted += place.counts.back() ? 1 : 0;
  }
  if (counted == 0) {
    return fail(ErrorCode::invalid_argument, "site '" + site + "' has no replica of " + describe(key) + ": ask for quorum");
  }
  place.needed = level == WriteLevel::one ? 1 : level == WriteLevel::all ? counted : counted / 2 + 1;
  place.strict = level == WriteLevel::all;
  return place;
}

}  // namespace latium
