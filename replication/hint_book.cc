#include "replication/hint_book.h"

#include <utility>

namespace latium {

Bytes hint_key(NodeId owner, const DataKey& key) {
  Bytes out;
  put_u64_be(out, owner.value);
  out += data_key(key.tenant, key.partition, key.bucket, key.user_key);
  return out;
}

Result<std::pair<NodeId, DataKey>> parse_hint_key(BytesView stored) {
  if (stored.size() < 8) return fail(ErrorCode::corruption, "the key of a hint is cut short");
  LATIUM_TRY(DataKey key, parse_data_key(stored.substr(8)));
  return std::pair(NodeId{get_u64_be(stored.data())}, std::move(key));
}

Result<void> HintBook::open(Engine& engine, std::uint64_t now_ms) {
  LATIUM_TRY(const auto cursor, engine.scan(Family::hints, {}));
  for (; cursor->valid(); cursor->next()) {
    LATIUM_TRY(const auto key, parse_hint_key(cursor->key()));
    rebook(key.first, 0, cursor->key().size() + cursor->value().size(), now_ms);
  }
  return cursor->status();
}

bool HintBook::admit(NodeId owner, std::uint64_t more_bytes) {
  Account& account = accounts_[owner];
  if (account.bytes + more_bytes <= limits_.bytes_a_node && bytes_ + more_bytes <= limits_.bytes) return true;
  ++account.dropped;
  return false;
}

void HintBook::rebook(NodeId owner, std::uint64_t before, std::uint64_t after, std::uint64_t now_ms) {
  Account& account = accounts_[owner];
  if (before == 0 && after != 0 && account.count++ == 0) account.since_ms = now_ms;
  if (before != 0 && after == 0) --account.count;
  account.bytes += after - before;
  bytes_ += after - before;
}

std::uint64_t HintBook::count() const {
  std::uint64_t out = 0;
  for (const auto& [owner, account] : accounts_) out += account.count;
  return out;
}

std::uint64_t HintBook::dropped() const {
  std::uint64_t out = 0;
  for (const auto& [owner, account] : accounts_) out += account.dropped;
  return out;
}

}  // namespace latium
