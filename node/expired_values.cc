#include "node/expired_values.h"

#include "replication/version.h"
#include "store/key_layout.h"

namespace latium {

namespace {

// So that a clock which is set right by a little takes nothing away.
constexpr std::uint64_t kKeptForMs = 60'000;

}  // namespace

bool ExpiredValues::contain(BytesView key, BytesView value) const {
  const std::uint64_t expires_ms = expiry_of_last_write(value);
  const std::uint64_t now_ms = clock_.wall_ms();
  if (expires_ms == 0 || expires_ms >= now_ms || now_ms - expires_ms < kKeptForMs) return false;
  const TenantCatalog* const catalog = catalog_.load(std::memory_order_acquire);
  const auto parsed = parse_data_key(key);
  if (catalog == nullptr || !parsed) return false;
  const auto tenant = catalog->find(parsed->tenant);
  return tenant != nullptr && tenant->only_here();
}

}  // namespace latium
