#include "store/key_layout.h"

#include "base/ordered_codec.h"

namespace latium {

Bytes tenant_prefix(TenantId tenant) {
  Bytes out;
  put_u32_be(out, tenant.value);
  return out;
}

Bytes bucket_prefix(TenantId tenant, PartitionId partition, BytesView bucket) {
  return data_key(tenant, partition, bucket, {});
}

Bytes data_key(TenantId tenant, PartitionId partition, BytesView bucket, BytesView user_key) {
  Bytes out;
  out.reserve(kPartitionPrefixBytes + bucket.size() + 2 + user_key.size());
  put_u32_be(out, tenant.value);
  put_u16_be(out, partition.value);
  ordered::put_escaped(out, bucket);
  out.append(user_key);
  return out;
}

Result<DataKey> parse_data_key(BytesView key) {
  if (key.size() < kPartitionPrefixBytes) {
    return fail(ErrorCode::corruption, "data key " + printable(key) + " is shorter than its prefix");
  }
  DataKey out{TenantId{get_u32_be(key.data())}, PartitionId{get_u16_be(key.data() + 4)}, {}, {}};
  key.remove_prefix(kPartitionPrefixBytes);
  LATIUM_TRY(out.bucket, ordered::take_escaped(key));
  out.user_key = key;
  return out;
}

}  // namespace latium
