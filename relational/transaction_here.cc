// What a transaction reads on this node: no message, and on its caller's thread no loop either.
#include <set>
#include <utility>

#include "relational/transaction.h"
#include "runtime/suspension.h"

namespace latium {

// False: this node has committed it itself since, so it does not do.
bool Transaction::take_here(const RegisterKey& key, const Bytes& stored, CommittedRow row) {
  if (shared_.committed.knows_later(stored, row.ts)) return false;
  remember(key, std::move(row));
  return true;
}

Task<std::vector<RegisterKey>> Transaction::read_what_is_here(const std::vector<RegisterKey>& keys) {
  constexpr std::size_t kReadsAtOnce = 128;  // of the loop's time
  std::vector<RegisterKey> missing;
  std::set<Bytes> asked;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    Bytes stored = keys[i].stored();
    if (entries_.contains(stored) || asked.contains(stored)) continue;
    if (options_.reading == Reading::local) {
      if (!here_ && i % kReadsAtOnce == kReadsAtOnce - 1) co_await yield_now();
      LATIUM_CO_TRY(auto row, shared_.store.read_here(keys[i], here_));
      add_parallel(stats_, {.replicas_asked = 1});
      if (row && take_here(keys[i], stored, *std::move(row))) {
        ++counts_.read;
        continue;
      }
    }
    asked.insert(std::move(stored));
    missing.push_back(keys[i]);
  }
  co_return missing;
}

// Whether all is read, as this node has committed it, that it has committed itself between `begin` and `end`.
bool Transaction::has_what_was_committed_here(TenantId tenant, const std::vector<PartitionId>& partitions, const Bytes& begin,
                                              const Bytes& end) const {
  const auto stored = [&](PartitionId partition, const Bytes& name) {
    return RegisterKey{tenant, partition, static_cast<char>(RegisterSpace::table) + name}.stored();
  };
  for (const PartitionId partition : partitions) {
    for (const auto& [key, ts] : shared_.committed.between(stored(partition, begin), stored(partition, end))) {
      if (!entries_.contains(key)) return false;
    }
  }
  return true;
}

// Here, the rows are read along with their keys.
Task<RowKeys> Transaction::list(TenantId tenant, std::vector<PartitionId> partitions, TupleRange range, std::size_t limit,
                                MonotonicTime deadline) {
  if (!here_) {
    co_return co_await shared_.store.list(tenant, std::move(partitions), std::move(range), limit, options_.reading, deadline);
  }
  LATIUM_CO_TRY(auto found, shared_.store.scan_here(tenant, partitions, range, limit));
  if (!found) co_return miss();
  RowKeys out{.keys = {}, .more = found->more, .stats = {.replicas_asked = 1}};
  for (RowsHere::Found& each : found->rows) {
    const Bytes stored = each.key.stored();
    if (!entries_.contains(stored) && !take_here(each.key, stored, std::move(each.row))) co_return miss();
    out.keys.push_back(std::move(each.key));
  }
  // A row that is new here may not be on the disk yet.
  const Bytes end = out.more ? out.keys.back().key.substr(1) : range.end;
  if (!has_what_was_committed_here(tenant, partitions, range.begin, end)) co_return miss();
  co_return out;
}

}  // namespace latium
