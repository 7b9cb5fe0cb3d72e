// CatalogStore: where the catalog keeps its records; an interface, so that the rules of the catalog are tried without a cluster.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "runtime/clock.h"
#include "runtime/task.h"

namespace latium {

/// Whose tables, and how many partitions that tenant has.
struct CatalogPlace {
  TenantId tenant;
  std::uint16_t partitions = 1;
};

/// Keys that are each changed by compare-and-set, in a space of each tenant's own. Loop thread only. Errors of all calls are
/// those of registers: `unavailable`, `unknown_outcome` (of cas), `unknown_tenant`, `overloaded`.
class CatalogStore {
 public:
  struct Entry {
    std::optional<Bytes> value;  ///< nothing: absent
    /// Another after every change; 0: never written.
    std::uint64_t version = 0;
  };

  virtual ~CatalogStore() = default;

  /// Linearizable. There is no reading of a nearby copy: how old that is, nobody can say, and a lease has to be counted from a
  /// moment at which the value was the latest.
  virtual Task<Entry> read(CatalogPlace place, Bytes key, MonotonicTime deadline) = 0;
  /// Writes `value` (nothing: deletes) if the key is in `version`. False: it is not, or not any more.
  virtual Task<bool> cas(CatalogPlace place, Bytes key, std::uint64_t version, std::optional<Bytes> value,
                         MonotonicTime deadline) = 0;
  /// The keys that begin with `prefix`, in order: every one that was present when the call began and still is, and perhaps some
  /// that were deleted or whose writes are under way. Read them.
  virtual Task<std::vector<Bytes>> list(CatalogPlace place, Bytes prefix, MonotonicTime deadline) = 0;
};

}  // namespace latium
