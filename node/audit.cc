#include "node/audit.h"

#include <algorithm>
#include <map>
#include <utility>

#include "replication/hint_book.h"
#include "runtime/offload.h"

namespace latium {

namespace {

// What lies in the engine, judged under one map. Blocks.
class Audit {
 public:
  Audit(Engine& engine, std::shared_ptr<const Ring> map, std::shared_ptr<const TenantHandle> tenant, NodeId self)
      : engine_(engine), map_(std::move(map)), tenant_(std::move(tenant)), self_(self), ring_(tenant_->replicas(*map_)) {
    const TopologyNode* const node = map_->node(self_);
    may_stand_in_ = node != nullptr && node->storage && tenant_->placement.names(node->site);
  }

  Result<AuditReport> run() {
    for (const Family family : {Family::data, Family::registers, Family::trees, Family::expiring}) {
      LATIUM_CHECKED(look_at_own(family));
    }
    LATIUM_CHECKED(look_at_hints());
    for (auto& [where, finding] : findings_) report_.found.push_back(std::move(finding));
    return std::move(report_);
  }

 private:
  // What a node has as a replica lies under tenant and partition. A stand-in keeps the floor of a partition too.
  Result<void> look_at_own(Family family) {
    LATIUM_TRY(const auto cursor, engine_.scan(family, KeyRange::prefix(tenant_prefix(tenant_->id))));
    for (; cursor->valid(); cursor->next()) {
      ++report_.looked_at;
      const BytesView key = cursor->key();
      if (key.size() < kPartitionPrefixBytes) return fail(ErrorCode::corruption, "a key is too short: " + to_hex(key));
      const PartitionId partition{get_u16_be(key.data() + 4)};
      if (is_replica(self_, partition) || (family == Family::trees && may_stand_in_)) continue;
      add(family, partition, key, "this node is no replica of the partition");
    }
    return cursor->status();
  }

  Result<void> look_at_hints() {
    LATIUM_TRY(const auto cursor, engine_.scan(Family::hints, {}));
    for (; cursor->valid(); cursor->next()) {
      LATIUM_TRY(const auto hint, parse_hint_key(cursor->key()));
      if (hint.second.tenant != tenant_->id) continue;
      ++report_.looked_at;
      if (!may_stand_in_) {
        add(Family::hints, hint.second.partition, cursor->key(), "the placement does not name this node's site");
      } else if (!is_replica(hint.first, hint.second.partition)) {
        add(Family::hints, hint.second.partition, cursor->key(), "it is kept for a node that is no replica of the partition");
      }
    }
    return cursor->status();
  }

  bool is_replica(NodeId node, PartitionId partition) const {
    if (partition.value >= ring_->partitions()) return false;
    const auto replicas = ring_->replicas(partition);
    return std::ranges::find(replicas, node) != replicas.end();
  }

  void add(Family family, PartitionId partition, BytesView key, const char* reason) {
    AuditFinding& finding = findings_[{family, partition, reason}];
    if (finding.count++ == 0) finding = {family, partition, reason, 1, Bytes(key)};
  }

  Engine& engine_;
  std::shared_ptr<const Ring> map_;
  std::shared_ptr<const TenantHandle> tenant_;
  NodeId self_;
  std::shared_ptr<const TenantRing> ring_;
  bool may_stand_in_ = false;
  AuditReport report_;
  std::map<std::tuple<Family, PartitionId, std::string>, AuditFinding> findings_;
};

}  // namespace

Task<AuditReport> audit_placement(Cluster& cluster, Engine& engine, std::shared_ptr<const TenantHandle> tenant) {
  co_return co_await offload<AuditReport>(cluster.runtime(),
                                          [&engine, map = cluster.ring(), tenant = std::move(tenant), self = cluster.self()] {
                                            return Audit(engine, map, tenant, self).run();
                                          });
}

}  // namespace latium
