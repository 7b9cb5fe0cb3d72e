// Which register, and where it lies on a replica.
#pragma once

#include <compare>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

namespace latium {

/// What a register is for; the first byte of its key, on disk: never reuse one.
enum class RegisterSpace : char {
  user = 'r',     ///< what users compare and set
  lock = 'l',     ///< locks by name
  system = 's',   ///< of the tenant kSystemTenant: topology, tenants
  catalog = 'c',  ///< tables of the tenant: their schemas, and the counter of their ids
  table = 't',    ///< rows, index entries and counters of tables
};

/// The tenant that the cluster's own registers belong to; its replicas are the topology's voters, in one partition.
inline constexpr TenantId kSystemTenant{0};

/// Where the name begins in a stored key: behind tenant, partition and space.
inline constexpr std::size_t kStoredNameAt = 7;

struct RegisterKey {
  TenantId tenant;
  PartitionId partition;
  Bytes key;  ///< space, then the user's key

  friend auto operator<=>(const RegisterKey&, const RegisterKey&) = default;

  /// In Family::registers: tenant u32 BE | partition u16 BE | key. docs/formats.md.
  Bytes stored() const {
    Bytes out;
    out.reserve(6 + key.size());
    put_u32_be(out, tenant.value);
    put_u16_be(out, partition.value);
    out.append(key);
    return out;
  }
  /// "register 'name'", "lock 'name'", "the catalog's register 'name'", for messages.
  std::string describe() const;
};

RegisterKey user_register(TenantId tenant, std::uint16_t partitions, BytesView key);
RegisterKey lock_register(TenantId tenant, std::uint16_t partitions, BytesView name);
/// `route`: what decides the partition.
RegisterKey table_register(TenantId tenant, std::uint16_t partitions, BytesView key, BytesView route);
RegisterKey system_register(BytesView key);
/// What stored() makes of such a key in this partition: for ranges of them.
Bytes stored_table_key(TenantId tenant, PartitionId partition, BytesView key);
/// All of a tenant lie in one partition, so that one listing finds them.
RegisterKey catalog_register(TenantId tenant, std::uint16_t partitions, BytesView key);

/// What stored() made. `corruption`.
Result<RegisterKey> parse_register_key(BytesView stored);

}  // namespace latium
