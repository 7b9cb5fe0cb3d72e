#include "ring/tenant.h"

#include "proto/storage.pb.h"
#include "ring/partition.h"

namespace latium {

Result<void> check_bucket_name(std::string_view name) {
  return check_name("bucket name", keeps_siblings(name) ? name.substr(1) : name);
}

Bytes encode_tenant(const Tenant& tenant) {
  storage::TenantRecord record;
  record.set_id(tenant.id.value);
  record.set_name(tenant.name);
  record.set_version(tenant.version);
  record.set_placement(tenant.placement.to_string());
  record.set_partitions(tenant.partitions);
  for (const std::string& bucket : tenant.buckets) record.add_buckets(bucket);
  return record.SerializeAsString();
}

Result<Tenant> decode_tenant(BytesView stored) {
  storage::TenantRecord record;
  if (!record.ParseFromArray(stored.data(), static_cast<int>(stored.size()))) {
    return fail(ErrorCode::corruption, "a tenant record does not parse");
  }
  auto placement = Placement::parse(record.placement());
  if (!placement || !valid_partitions(record.partitions()) || record.id() == 0 || !check_name("tenant name", record.name())) {
    return fail(ErrorCode::corruption, "the record of tenant '" + printable(record.name()) + "' holds impossible values");
  }
  return Tenant{TenantId{record.id()},
                record.name(),
                record.version(),
                *std::move(placement),
                static_cast<std::uint16_t>(record.partitions()),
                {record.buckets().begin(), record.buckets().end()}};
}

}  // namespace latium
