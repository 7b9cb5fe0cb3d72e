#include "node/node_core.h"

#include <utility>

namespace latium {

Result<std::unique_ptr<NodeCore>> NodeCore::open(Runtime& runtime, Engine& engine, HlcClock& hlc, NodeIdentity identity,
                                                 CoreOptions options) {
  LATIUM_TRY(auto catalog, TenantCatalog::open(engine));
  return std::unique_ptr<NodeCore>(
      new NodeCore(runtime, engine, hlc, std::move(identity), std::move(options), std::move(catalog)));
}

std::vector<SiteCapacity> NodeCore::sites() const {
  return {{identity_.site, options_.holds_replicas ? 1u : 0u}};
}

Result<Tenant> NodeCore::create_tenant(std::string_view name, std::string_view placement, std::uint16_t partitions) {
  LATIUM_CHECKED(check_name("tenant name", name));
  LATIUM_TRY(const Placement rule, Placement::parse(placement.empty() ? identity_.site + ":1" : std::string(placement)));
  LATIUM_CHECKED(rule.check_satisfiable(sites()));
  return catalog_->create(name, rule, partitions);
}

}  // namespace latium
