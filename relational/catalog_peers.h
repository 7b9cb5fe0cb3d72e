// CatalogPeers: the other nodes that use schemas; an interface, so that the rules of the catalog are tried without a cluster.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "relational/catalog_store.h"
#include "runtime/clock.h"
#include "runtime/task.h"

namespace latium {

/// Loop thread only.
class CatalogPeers {
 public:
  virtual ~CatalogPeers() = default;

  /// Success: each node that may have read the record `key` before it was in `version`, other than this one, has ended
  /// Catalog::give_up() of that version. Asks again who does not answer, until the deadline. An error: not all have, and nothing
  /// can be said of those.
  virtual Task<void> others_gave_up(CatalogPlace place, Bytes key, std::uint64_t version, MonotonicTime deadline) = 0;
};

}  // namespace latium
