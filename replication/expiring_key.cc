#include "replication/expiring_key.h"

namespace latium {

namespace {

Bytes partition_prefix(TenantId tenant, PartitionId partition) {
  Bytes out = tenant_prefix(tenant);
  put_u16_be(out, partition.value);
  return out;
}

}  // namespace

Bytes expiring_key(const DataKey& key, std::uint64_t due_ms) {
  const Bytes stored = data_key(key.tenant, key.partition, key.bucket, key.user_key);
  Bytes out = stored.substr(0, kPartitionPrefixBytes);
  put_u64_be(out, due_ms);
  out.append(stored, kPartitionPrefixBytes);
  return out;
}

KeyRange expiring_range(TenantId tenant, PartitionId partition, std::uint64_t now_ms) {
  const Bytes prefix = partition_prefix(tenant, partition);
  Bytes end = prefix;
  put_u64_be(end, now_ms);
  return {prefix, prefix_end(end)};
}

Result<Expiring> parse_expiring_key(BytesView stored) {
  if (stored.size() <= kPartitionPrefixBytes + 8) return fail(ErrorCode::corruption, "the name of a key to expire is cut short");
  Expiring out{.due_ms = get_u64_be(stored.data() + kPartitionPrefixBytes),
               .data_key = Bytes(stored.substr(0, kPartitionPrefixBytes))};
  out.data_key += stored.substr(kPartitionPrefixBytes + 8);
  return out;
}

}  // namespace latium
