#include "replication/bucket_messages.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "proto/replica.pb.h"
#include "ring/partition.h"
#include "ring/tenant.h"

namespace latium {

Conflicts conflicts_of(BytesView bucket) {
  return keeps_siblings(bucket) ? Conflicts::siblings : Conflicts::last_write_wins;
}

std::uint64_t token_key(const DataKey& key) {
  return std::max<std::uint64_t>(xxh3_64(data_key(key.tenant, key.partition, key.bucket, key.user_key)), 1);
}

std::string describe(const DataKey& key) {
  return "key " + printable(key.user_key, 64) + " of bucket '" + key.bucket + "'";
}

std::size_t BucketItem::size_bytes() const {
  std::size_t bytes = 48 + key.bucket.size() + key.user_key.size();
  for (const VersionedValue& version : offered.versions) bytes += 32 + version.value.size();
  return bytes;
}

void to_message(const DataKey& key, replica::BucketKey& out) {
  out.set_tenant(key.tenant.value);
  out.set_partition(key.partition.value);
  out.set_bucket(key.bucket);
  out.set_key(key.user_key);
}

void to_message(const BucketItem& item, replica::BucketItem& out) {
  to_message(item.key, *out.mutable_key());
  out.set_hint_for(item.hint_for.value);
  if (!item.offered.empty()) out.set_versions(encode_versions(item.offered));
  out.set_drop(item.drop);
  out.set_buffered(item.durability == Durability::buffered);
  out.set_digest_only(item.digest_only);
}

void to_message(const Result<BucketAnswer>& answer, replica::BucketAnswer& out) {
  if (!answer) {
    out.set_error(static_cast<std::uint32_t>(answer.error().code));
    out.set_message(answer.error().message);
    return;
  }
  if (!answer->held.empty()) out.set_versions(encode_versions(answer->held));
  out.set_digest(answer->digest);
  out.set_newest_stamp(answer->newest_stamp.value);
  out.set_bucket_known(answer->bucket_known);
  out.set_obsolete(answer->obsolete);
}

Result<DataKey> from_message(const replica::BucketKey& message) {
  if (message.partition() >= kMaxPartitions) return fail(ErrorCode::invalid_argument, "a key lies in an impossible partition");
  if (message.tenant() == 0) return fail(ErrorCode::invalid_argument, "the cluster itself has no buckets");
  LATIUM_CHECKED(check_bucket_name(message.bucket()));
  if (message.key().empty()) return fail(ErrorCode::invalid_argument, "a key of a bucket is empty");
  return DataKey{TenantId{message.tenant()}, PartitionId{static_cast<std::uint16_t>(message.partition())}, message.bucket(),
                 message.key()};
}

Result<BucketItem> from_message(const replica::BucketItem& message) {
  BucketItem item{.key = {}, .hint_for = NodeId{message.hint_for()}, .offered = {}, .digest_only = message.digest_only()};
  LATIUM_TRY(item.key, from_message(message.key()));
  item.durability = message.buffered() ? Durability::buffered : Durability::sync;
  item.drop = message.drop();
  if (message.versions().empty()) return item;
  if (item.drop != 0) return fail(ErrorCode::invalid_argument, "versions of a key are offered and dropped at once");
  LATIUM_TRY(item.offered, decode_versions(message.versions()));
  if (item.offered.conflicts == conflicts_of(item.key.bucket)) return item;
  return fail(ErrorCode::invalid_argument, "versions of another kind of bucket are offered for " + describe(item.key));
}

Result<BucketAnswer> from_message(const replica::BucketAnswer& message) {
  if (message.error() != 0) return fail(static_cast<ErrorCode>(message.error()), message.message());
  BucketAnswer answer{.held = {},
                      .digest = message.digest(),
                      .newest_stamp = Hlc{message.newest_stamp()},
                      .bucket_known = message.bucket_known(),
                      .obsolete = message.obsolete()};
  if (!message.versions().empty()) {
    LATIUM_TRY(answer.held, decode_versions(message.versions()));
  }
  return answer;
}

}  // namespace latium
