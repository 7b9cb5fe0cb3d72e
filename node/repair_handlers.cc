// What operators ask a node about the copies that it holds.
#include <utility>

#include "node/audit.h"
#include "node/handlers.h"
#include "node/message.h"
#include "node/tenants.h"
#include "proto/repair.pb.h"

namespace latium {

Task<Bytes> handle_convergence(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_CHECKED(parse_request<repair::ConvergenceRequest>(bytes));
  LATIUM_CO_TRY(const Comparison comparison, co_await core.buckets().anti_entropy().compare_all(deadline));
  repair::ConvergenceResponse response;
  response.set_hints(core.buckets().hints().count());
  response.set_compared(comparison.compared);
  response.set_differing(comparison.differing);
  LATIUM_CO_TRY(const std::uint64_t remembered, co_await core.buckets().collection().count_due());
  response.set_remembered(remembered);
  const auto map = core.cluster().ring();
  for (const NodeId node : comparison.unreachable) {
    const TopologyNode* const known = map->node(node);
    response.add_unreachable(known == nullptr ? to_hex(node.value) : known->address);
  }
  co_return response.SerializeAsString();
}

Task<Bytes> handle_verify(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_TRY(const auto request, parse_request<repair::VerifyRequest>(bytes));
  LATIUM_CO_TRY(const auto tenant, co_await find_tenant(core.cluster(), request.tenant(), deadline));
  repair::VerifyResponse response;
  for (const BucketDirectory::Copied& each : core.buckets().copied_partitions()) {
    // Of a partition with one copy nobody compares a tree.
    if (each.tenant != tenant->id || each.replicas.size() < 2) continue;
    LATIUM_CO_TRY(const TreeCheck check, co_await core.buckets().partitions().check(each.tenant, each.partition));
    response.set_partitions(response.partitions() + 1);
    response.set_keys(response.keys() + check.keys);
    if (check.wrong.empty()) continue;
    auto& wrong = *response.add_wrong();
    wrong.set_partition(each.partition.value);
    wrong.set_leaves(static_cast<std::uint32_t>(check.wrong.size()));
  }
  co_return response.SerializeAsString();
}

Task<Bytes> handle_audit(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_TRY(const auto request, parse_request<repair::AuditRequest>(bytes));
  LATIUM_CO_TRY(const auto tenant, co_await find_tenant(core.cluster(), request.tenant(), deadline));
  LATIUM_CO_TRY(const AuditReport report, co_await audit_placement(core.cluster(), core.engine(), tenant));
  repair::AuditResponse response;
  response.set_looked_at(report.looked_at);
  for (const AuditFinding& finding : report.found) {
    auto& out = *response.add_found();
    out.set_family(std::string(to_string(finding.family)));
    out.set_partition(finding.partition.value);
    out.set_count(finding.count);
    out.set_example(finding.example);
    out.set_reason(finding.reason);
  }
  co_return response.SerializeAsString();
}

}  // namespace latium
