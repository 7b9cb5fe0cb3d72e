#include "replication/register_key.h"

#include "ring/partition.h"

namespace latium {

namespace {

RegisterKey make(RegisterSpace space, TenantId tenant, PartitionId partition, BytesView key) {
  Bytes full(1, static_cast<char>(space));
  full.append(key);
  return {tenant, partition, std::move(full)};
}

}  // namespace

std::string RegisterKey::describe() const {
  const BytesView name = BytesView(key).substr(key.empty() ? 0 : 1);
  if (tenant == kSystemTenant) return "the cluster's register '" + printable(name) + "'";
  const auto is_of = [this](RegisterSpace space) { return !key.empty() && key.front() == static_cast<char>(space); };
  if (is_of(RegisterSpace::catalog)) return "the catalog's register '" + printable(name) + "'";
  return (is_of(RegisterSpace::lock) ? "lock '" : "register '") + printable(name) + "'";
}

RegisterKey user_register(TenantId tenant, std::uint16_t partitions, BytesView key) {
  return make(RegisterSpace::user, tenant, partition_of(tenant, key, partitions), key);
}

RegisterKey lock_register(TenantId tenant, std::uint16_t partitions, BytesView name) {
  return make(RegisterSpace::lock, tenant, partition_of(tenant, name, partitions), name);
}

RegisterKey table_register(TenantId tenant, std::uint16_t partitions, BytesView key, BytesView route) {
  return make(RegisterSpace::table, tenant, partition_of(tenant, route, partitions), key);
}

Bytes stored_table_key(TenantId tenant, PartitionId partition, BytesView key) {
  return RegisterKey{tenant, partition, Bytes(1, static_cast<char>(RegisterSpace::table)).append(key)}.stored();
}

Result<RegisterKey> parse_register_key(BytesView stored) {
  if (stored.size() < kStoredNameAt) return fail(ErrorCode::corruption, "the name of a register is cut short");
  return RegisterKey{TenantId{get_u32_be(stored.data())}, PartitionId{get_u16_be(stored.data() + 4)}, Bytes(stored.substr(6))};
}

RegisterKey catalog_register(TenantId tenant, std::uint16_t partitions, BytesView key) {
  return make(RegisterSpace::catalog, tenant, partition_of(tenant, "tables", partitions), key);
}

RegisterKey system_register(BytesView key) {
  return make(RegisterSpace::system, kSystemTenant, PartitionId{0}, key);
}

}  // namespace latium
