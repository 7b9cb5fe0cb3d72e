// ExpiredValues: which values of a node's disk are over, where no other node has to agree. docs/protocols.md, "Forgetting
// deletions", says how they go everywhere else.
#pragma once

#include <atomic>

#include "base/bytes.h"
#include "ring/tenant_catalog.h"
#include "runtime/clock.h"

namespace latium {

/// Any thread.
class ExpiredValues {
 public:
  explicit ExpiredValues(const Clock& clock) : clock_(clock) {}

  /// Nothing is over before. It outlives the calls of contain().
  void set_catalog(const TenantCatalog& catalog) { catalog_.store(&catalog, std::memory_order_release); }

  /// Whether the entry of Family::data has expired by this node's clock, a while ago, and is of a tenant that is nowhere else.
  /// What does not decode is kept: reads say what is wrong with it.
  bool contain(BytesView key, BytesView value) const;

 private:
  const Clock& clock_;
  std::atomic<const TenantCatalog*> catalog_{nullptr};
};

}  // namespace latium
