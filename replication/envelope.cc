#include "replication/envelope.h"

#include "replication/register_key.h"

namespace latium {

namespace internal {

void fill_envelope(const ClusterView& cluster, NodeId node, Epoch epoch, replica::Envelope& out) {
  out.set_epoch(epoch.value);
  out.set_sender(cluster.self().value);
  out.set_target(node.value);
}

Task<void> settle_refusal(ClusterView& cluster, const replica::Refusal& refusal, NodeId node, replica::Envelope& envelope) {
  switch (refusal.reason()) {
    case replica::Refusal::REASON_OLD_EPOCH:
      LATIUM_CO_CHECKED(co_await cluster.adopt_topology(refusal.topology()));
      co_return fail(ErrorCode::stale_topology, "the map of the cluster has changed meanwhile: retry");
    case replica::Refusal::REASON_NEEDS_TOPOLOGY:
      if (Epoch{envelope.epoch()} != cluster.epoch()) {
        co_return fail(ErrorCode::stale_topology, "the map of the cluster has changed meanwhile: retry");
      }
      envelope.set_topology(cluster.encoded_topology());
      co_return Result<void>();
    case replica::Refusal::REASON_NEEDS_TENANTS:
      envelope.clear_tenants();
      for (const std::uint32_t id : refusal.tenants()) {
        LATIUM_CO_TRY(Bytes record, cluster.tenant_record(TenantId{id}));
        envelope.add_tenants(std::move(record));
      }
      co_return Result<void>();
    default:
      break;
  }
  co_return fail(ErrorCode::unavailable, "another node than " + to_hex(node.value) + " listens at its address now");
}

}  // namespace internal

Task<std::optional<replica::Refusal>> check_envelope(ClusterView& cluster, replica::Envelope envelope,
                                                     std::set<std::uint32_t> tenants) {
  replica::Refusal refusal;
  if (NodeId{envelope.target()} != cluster.self()) {
    refusal.set_reason(replica::Refusal::REASON_WRONG_NODE);
    co_return refusal;
  }
  if (!envelope.topology().empty()) LATIUM_CO_CHECKED(co_await cluster.adopt_topology(std::move(*envelope.mutable_topology())));
  for (std::string& record : *envelope.mutable_tenants()) LATIUM_CO_CHECKED(co_await cluster.adopt_tenant(std::move(record)));
  if (Epoch{envelope.epoch()} < cluster.epoch()) {
    refusal.set_reason(replica::Refusal::REASON_OLD_EPOCH);
    refusal.set_topology(cluster.encoded_topology());
    co_return refusal;
  }
  if (Epoch{envelope.epoch()} > cluster.epoch()) {
    refusal.set_reason(replica::Refusal::REASON_NEEDS_TOPOLOGY);
    co_return refusal;
  }
  for (const std::uint32_t id : tenants) {
    if (TenantId{id} == kSystemTenant || cluster.knows_tenant(TenantId{id})) continue;
    refusal.set_reason(replica::Refusal::REASON_NEEDS_TENANTS);
    refusal.add_tenants(id);
  }
  if (refusal.reason() != replica::Refusal::REASON_NONE) co_return refusal;
  co_return std::nullopt;
}

}  // namespace latium
