#include "node/catalog_store.h"

#include <utility>

#include "node/cluster.h"
#include "node/register_copy.h"

namespace latium {

Task<CatalogStore::Entry> RegisterCatalogStore::read(CatalogPlace place, Bytes key, MonotonicTime deadline) {
  LATIUM_CO_TRY(ReadOutcome found,
                co_await cluster_.registers().read(catalog_register(place.tenant, place.partitions, key), deadline));
  Entry entry{std::nullopt, found.state.version};
  if (found.state.present) entry.value = std::move(found.state.value);
  co_return entry;
}

Task<bool> RegisterCatalogStore::cas(CatalogPlace place, Bytes key, std::uint64_t version, std::optional<Bytes> value,
                                     MonotonicTime deadline) {
  CasCommand command{CasCommand::Expect::version, {}, version, std::move(value)};
  Registers& registers = cluster_.registers();
  LATIUM_CO_TRY(const CommandOutcome outcome,
                co_await registers.execute(catalog_register(place.tenant, place.partitions, key), std::move(command),
                                           registers.new_request_id(), deadline));
  co_return outcome.result.applied;
}

Task<std::vector<Bytes>> RegisterCatalogStore::list(CatalogPlace place, Bytes prefix, MonotonicTime deadline) {
  const RegisterKey at = catalog_register(place.tenant, place.partitions, prefix);
  while (true) {
    const auto entries = co_await list_registers(cluster_, at.tenant, at.partition, at.key, deadline);
    if (entries) {
      std::vector<Bytes> keys;
      // Also those that look deleted: what a replica has accepted last may never come to be.
      for (const auto& [key, entry] : *entries) keys.push_back(key.substr(1));  // behind the space
      co_return keys;
    }
    const bool again = entries.error().code == ErrorCode::stale_topology;
    if (!again || cluster_.runtime().clock.monotonic_now() >= deadline) co_return fail(entries.error());
  }
}

}  // namespace latium
