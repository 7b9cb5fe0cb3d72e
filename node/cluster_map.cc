#include "node/cluster_map.h"

#include <mutex>
#include <utility>

#include "store/async_engine.h"

namespace latium {

namespace {

constexpr std::string_view kTopologyKey = "topology";

}  // namespace

Result<std::unique_ptr<ClusterMap>> ClusterMap::open(Runtime& runtime, Engine& engine) {
  std::unique_ptr<ClusterMap> map(new ClusterMap(runtime, engine));
  LATIUM_TRY(const ReadResult found, engine.get(Family::system, kTopologyKey, ReadMode::may_block));
  if (found.presence == Presence::found) {
    LATIUM_TRY(Topology topology, decode_topology(found.value));
    map->install(std::move(topology));
  }
  return map;
}

std::shared_ptr<const Ring> ClusterMap::ring() const {
  const std::shared_lock lock(lock_);
  return ring_;
}

Task<bool> ClusterMap::adopt(Topology topology) {
  LATIUM_CO_TRY(const Permit permit, co_await one_.acquire());
  const std::shared_ptr<const Ring> current = ring();
  if (topology.epoch <= current->epoch()) co_return false;
  if (current->epoch() && topology.cluster != current->topology().cluster) {
    co_return fail(ErrorCode::wrong_cluster, "a map of cluster " + to_hex(topology.cluster.value) +
                                                 " came to a node of cluster " + to_hex(current->topology().cluster.value));
  }
  WriteBatch batch;
  batch.put(Family::system, kTopologyKey, encode_topology(topology));
  LATIUM_CO_CHECKED(co_await write(runtime_, engine_, std::move(batch), Durability::sync));
  install(std::move(topology));
  co_return true;
}

void ClusterMap::begin(Topology topology, WriteBatch& batch) {
  batch.put(Family::system, kTopologyKey, encode_topology(topology));
  install(std::move(topology));
}

void ClusterMap::install(Topology topology) {
  auto next = Ring::build(std::move(topology), ring().get());
  const std::unique_lock lock(lock_);
  ring_ = std::move(next);
  epoch_.store(ring_->epoch().value, std::memory_order_release);
}

}  // namespace latium
