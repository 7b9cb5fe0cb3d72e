#include "tests/sim/placement_watch.h"

#include "replication/register_key.h"
#include "ring/tenant.h"
#include "store/key_layout.h"

namespace latium::sim {

PlacementWatch::PlacementWatch(Simulation& simulation, const std::vector<RunTenant>& tenants) : simulation_(simulation) {
  for (const RunTenant& tenant : tenants) {
    const auto placement = Placement::parse(tenant.placement);
    LATIUM_CHECK(placement.has_value(), "a run asks for placements that there are");
    placements_.emplace(tenant.name, *placement);
  }
}

std::optional<TenantId> PlacementWatch::owner_of(const WriteBatch::Operation& operation) {
  const bool adds = operation.kind == WriteBatch::Kind::put || operation.kind == WriteBatch::Kind::merge_xor;
  if (!adds || operation.family == Family::system) return std::nullopt;
  // A hint's key is that of the data, behind whom it is for.
  BytesView key = operation.key;
  if (operation.family == Family::hints) key.remove_prefix(8);
  return TenantId{get_u32_be(key.data())};
}

void PlacementWatch::look(const std::string& site, const WriteBatch& batch) {
  for (const WriteBatch::Operation& operation : batch.operations()) {
    if (operation.family == Family::system && operation.key.starts_with("tenant/") && operation.kind == WriteBatch::Kind::put) {
      if (const auto tenant = decode_tenant(operation.value)) names_[tenant->id] = tenant->name;
    }
    const auto owner = owner_of(operation);
    if (!owner || *owner == kSystemTenant) continue;
    ++looked_at_;
    const auto name = names_.find(*owner);
    const auto placement = name == names_.end() ? placements_.end() : placements_.find(name->second);
    if (placement == placements_.end()) {
      simulation_.fail_run("site " + site + " writes something of tenant " + std::to_string(owner->value) +
                           ", which nobody has made");
    } else if (!placement->second.names(site)) {
      simulation_.fail_run("site " + site + " writes a key of family " + std::string(to_string(operation.family)) +
                           " of tenant '" + name->second + "', whose placement is " + placement->second.to_string());
    }
  }
}

}  // namespace latium::sim
