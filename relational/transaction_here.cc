// What a transaction reads on this node: no message, and on its caller's thread no loop either.
#include <algorithm>
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

// The replica that was asked may not have heard yet of a row that this node has added: its key is listed all the same, and get()
// asks a quorum for the row.
void Transaction::add_committed_here(TenantId tenant, const std::vector<PartitionId>& partitions, const TupleRange& range,
                                     RowKeys& listed) const {
  const Bytes end = listed.more ? listed.keys.back().key.substr(1) : range.end;
  const auto by_name = [](const RegisterKey& a, const RegisterKey& b) { return a.key < b.key; };
  const std::size_t known = listed.keys.size();
  for (const PartitionId partition : partitions) {
    const auto stored = [&](const Bytes& tuple) {
      return RegisterKey{tenant, partition, static_cast<char>(RegisterSpace::table) + tuple}.stored();
    };
    for (const auto& [name, ts] : shared_.committed.between(stored(range.begin), stored(end))) {
      auto key = parse_register_key(name);
      LATIUM_CHECK(key.has_value(), "what was committed has a register's name");
      const auto last = listed.keys.begin() + static_cast<std::ptrdiff_t>(known);
      if (!std::binary_search(listed.keys.begin(), last, *key, by_name)) listed.keys.push_back(*std::move(key));
    }
  }
  if (listed.keys.size() == known) return;
  std::ranges::sort(listed.keys, by_name);
  const auto twice = std::ranges::unique(listed.keys, {}, &RegisterKey::key);
  listed.keys.erase(twice.begin(), twice.end());
}

// Here, the rows are read along with their keys.
Task<RowKeys> Transaction::list(TenantId tenant, std::vector<PartitionId> partitions, TupleRange range, std::size_t limit,
                                MonotonicTime deadline) {
  if (!here_) {
    LATIUM_CO_TRY(RowKeys listed, co_await shared_.store.list(tenant, partitions, range, limit, options_.reading, deadline));
    if (options_.reading == Reading::local) add_committed_here(tenant, partitions, range, listed);
    co_return listed;
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
