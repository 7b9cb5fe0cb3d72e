// What a transaction reads on this node: no message, and on its caller's thread no loop either.
#include <algorithm>
#include <set>
#include <utility>

#include "relational/transaction.h"
#include "runtime/suspension.h"

namespace latium {

std::optional<CommittedRow> Transaction::local_row(const RegisterKey& key, const KnownHere& known, RowState& state) {
  if (known && known->doubt != 0) return std::nullopt;
  // Its owner is dead, or was never told. What was committed before is read all the same: somebody else's outcome may be old
  // here.
  if (state.intent && state.intent->expires_ms <= shared_.runtime.clock.wall_ms()) {
    if (here_) return std::nullopt;
    shared_.clear_later(key, *state.intent);
  }
  if (known && known->row.ts > state.committed.ts) return known->only_stamp ? std::nullopt : std::optional(known->row);
  if (shared_.committed.has_forgotten() && shared_.committed.is_forgotten(key.stored(), state.committed.ts)) return std::nullopt;
  return std::move(state.committed);
}

Result<bool> Transaction::read_if_here(const RegisterKey& key, const Bytes& stored, KnownHere& known) {
  if (auto row = in_image(key)) {
    remember(key, *std::move(row));
    return true;
  }
  if (options_.reading != Reading::local) return false;
  // Before the replica: what is not here any more is there.
  known = shared_.committed.find(stored);
  LATIUM_TRY(auto state, shared_.store.read_here(key, here_));
  add_parallel(stats_, {.replicas_asked = 1});
  auto row = state ? local_row(key, known, *state) : std::nullopt;
  if (!row) return false;
  remember(key, *std::move(row));
  ++counts_.read;
  return true;
}

Result<std::optional<BytesView>> Transaction::peek_here(const RegisterKey& key) {
  const Bytes stored = key.stored();
  auto at = entries_.find(stored);
  if (at == entries_.end()) {
    KnownHere known;
    LATIUM_TRY(const bool was_here, read_if_here(key, stored, known));
    if (!was_here) return miss();
    at = entries_.find(stored);
  }
  const Entry& entry = at->second;
  const bool present = entry.write ? entry.write->present : entry.seen.present;
  if (!present) return std::nullopt;
  return std::optional<BytesView>(entry.write ? entry.write->row : entry.seen.row);
}

Task<std::vector<Transaction::Unread>> Transaction::read_what_is_here(const std::vector<RegisterKey>& keys) {
  constexpr std::size_t kReadsAtOnce = 128;  // of the loop's time
  std::vector<Unread> missing;
  std::set<Bytes> asked;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    Bytes stored = keys[i].stored();
    if (entries_.contains(stored) || asked.contains(stored)) continue;
    if (!here_ && i % kReadsAtOnce == kReadsAtOnce - 1) co_await yield_now();
    KnownHere known;
    LATIUM_CO_TRY(const bool was_here, read_if_here(keys[i], stored, known));
    if (was_here) continue;
    asked.insert(std::move(stored));
    missing.push_back({keys[i], std::move(known)});
  }
  co_return missing;
}

std::map<Bytes, CommittedHere::Known> Transaction::committed_here(TenantId tenant, const std::vector<PartitionId>& partitions,
                                                                  const TupleRange& range) const {
  std::map<Bytes, CommittedHere::Known> out;
  if (shared_.committed.empty()) return out;
  for (const PartitionId partition : partitions) {
    out.merge(shared_.committed.between(stored_table_key(tenant, partition, range.begin),
                                        stored_table_key(tenant, partition, range.end)));
  }
  return out;
}

// The replica that was asked may not have heard yet of a row that this node has added: its key is listed all the same.
void Transaction::add_committed_here(const std::map<Bytes, CommittedHere::Known>& committed, const TupleRange& range,
                                     RowKeys& listed) {
  const TupleRange page{range.begin, listed.more ? listed.keys.back().key.substr(1) : range.end};
  const auto by_name = [](const RegisterKey& a, const RegisterKey& b) { return a.key < b.key; };
  const std::size_t known = listed.keys.size();
  for (const auto& [name, row] : committed) {
    auto key = parse_register_key(name);
    LATIUM_CHECK(key.has_value(), "what was committed has a register's name");
    if (!page.contains(BytesView(key->key).substr(1))) continue;
    const auto last = listed.keys.begin() + static_cast<std::ptrdiff_t>(known);
    if (!std::binary_search(listed.keys.begin(), last, *key, by_name)) listed.keys.push_back(*std::move(key));
  }
  std::ranges::sort(listed.keys, by_name);
}

// Here, the rows are read along with their keys.
Task<RowKeys> Transaction::list(TenantId tenant, std::vector<PartitionId> partitions, TupleRange range, std::size_t limit,
                                MonotonicTime deadline) {
  if (options_.reading == Reading::latest) {
    co_return co_await shared_.store.list(tenant, std::move(partitions), std::move(range), limit, Reading::latest, deadline);
  }
  // Before the replica: what is not here any more is there.
  const auto committed = committed_here(tenant, partitions, range);
  const bool may_lack = shared_.committed.has_forgotten();
  RowKeys out;
  if (!here_) {
    const Reading how = may_lack ? Reading::latest : Reading::local;
    LATIUM_CO_TRY(out, co_await shared_.store.list(tenant, std::move(partitions), range, limit, how, deadline));
  } else {
    LATIUM_CO_TRY(auto found, shared_.store.scan_here(tenant, partitions, range, limit, kAllBytes));
    if (!found || may_lack) co_return miss();
    out = {.keys = {}, .more = found->more, .stats = {.replicas_asked = 1}};
    for (RowsHere::Found& each : found->rows) {
      const Bytes stored = each.key.stored();
      if (auto row = in_image(each.key); row && !entries_.contains(stored)) {
        remember(each.key, *std::move(row));
      } else if (!entries_.contains(stored)) {
        const auto known = committed.find(stored);
        auto now = local_row(each.key, known == committed.end() ? std::nullopt : KnownHere(known->second), each.state);
        if (!now) co_return miss();
        remember(each.key, *std::move(now));
      }
      out.keys.push_back(std::move(each.key));
    }
  }
  add_committed_here(committed, range, out);
  co_return out;
}

}  // namespace latium
