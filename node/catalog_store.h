// The catalog's records as registers of the tenant.
#pragma once

#include "relational/catalog_store.h"

namespace latium {

class Cluster;

/// `cluster` outlives it.
class RegisterCatalogStore final : public CatalogStore {
 public:
  explicit RegisterCatalogStore(Cluster& cluster) : cluster_(cluster) {}

  Task<Entry> read(CatalogPlace place, Bytes key, MonotonicTime deadline) override;
  Task<bool> cas(CatalogPlace place, Bytes key, std::uint64_t version, std::optional<Bytes> value,
                 MonotonicTime deadline) override;
  /// One round trip to a majority, more for above 1,000 records.
  Task<std::vector<Bytes>> list(CatalogPlace place, Bytes prefix, MonotonicTime deadline) override;

 private:
  Cluster& cluster_;
};

}  // namespace latium
