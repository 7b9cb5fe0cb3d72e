// The messages about buckets between nodes, as values and as latium.replica messages.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "replication/version.h"
#include "store/key_layout.h"
#include "store/write_batch.h"

namespace latium::replica {
class BucketAnswer;
class BucketItem;
class BucketKey;
}  // namespace latium::replica

namespace latium {

/// Whether what is named so keeps siblings: ring/tenant.h.
Conflicts conflicts_of(BytesView bucket);

/// What a context token says of which key it was read of. Not 0.
std::uint64_t token_key(const DataKey& key);

/// "key 'k' of bucket 'b'", for messages.
std::string describe(const DataKey& key);

/// One step on one key of one replica, or of a node that stands in for it.
struct BucketItem {
  DataKey key;
  NodeId hint_for{};   ///< the replica in whose place this node stands; none: this node itself
  VersionSet offered;  ///< to be taken in; empty: only say what is held
  Durability durability = Durability::sync;
  bool digest_only = false;  ///< of a question; of an offer: say the digest of what is held then
  /// Nothing is offered: remove what is held if this is its digest, for nothing older can come back. 0: no.
  std::uint64_t drop = 0;

  bool writes() const { return !offered.empty() || drop != 0; }
  /// About what it weighs in a message.
  std::size_t size_bytes() const;
};

struct BucketAnswer {
  VersionSet held;            ///< asked for, and not only its digest
  std::uint64_t digest = 0;   ///< where it was asked for; VersionSet::digest()
  Hlc newest_stamp{};         ///< of what is held, after a write
  bool bucket_known = false;  ///< something was put into the bucket once
  bool obsolete = false;      ///< nothing is held, and what was offered is known to be gone: Knowledge
  /// Said by the link, not by the replica: round trips before this one that ended in a refusal of the whole message.
  std::uint32_t refusals = 0;
};

void to_message(const DataKey& key, replica::BucketKey& out);
void to_message(const BucketItem& item, replica::BucketItem& out);
void to_message(const Result<BucketAnswer>& answer, replica::BucketAnswer& out);

/// `invalid_argument` or `corruption` on what to_message cannot have made.
Result<DataKey> from_message(const replica::BucketKey& message);
Result<BucketItem> from_message(const replica::BucketItem& message);
Result<BucketAnswer> from_message(const replica::BucketAnswer& message);

}  // namespace latium
