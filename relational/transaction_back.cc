// Ranges from their end: rows of the highest keys first.
#include <algorithm>
#include <ranges>
#include <utility>

#include "relational/transaction.h"

namespace latium {

namespace {

constexpr std::size_t kKeysAtOnce = 1000;

}  // namespace

void Transaction::add_known(TenantId tenant, const TupleRange& range, std::map<Bytes, RegisterKey>& keys) const {
  for (const auto& [stored, entry] : entries_) {
    if (entry.key.tenant != tenant || !(entry.write || entry.seen.present)) continue;
    const BytesView key = BytesView(entry.key.key).substr(1);
    if (range.contains(key)) keys.emplace(Bytes(key), entry.key);
  }
}

Task<Transaction::Page> Transaction::range_back(TenantId tenant, std::vector<PartitionId> partitions, TupleRange range,
                                                std::size_t limit, MonotonicTime deadline) {
  std::map<Bytes, RegisterKey> keys;
  const auto rests = at_rest(tenant, range);
  for (TupleRange rest = range;;) {
    LATIUM_CO_TRY(RowKeys listed, co_await list(tenant, partitions, rest, kKeysAtOnce, deadline));
    stats_.add(listed.stats);
    if (listed.more) rest.begin = listed.keys.back().key.substr(1) + '\0';
    for (RegisterKey& key : listed.keys) keys.emplace(key.key.substr(1), std::move(key));
    if (!listed.more) break;
  }
  add_known(tenant, range, keys);
  Page page;
  Bytes begin = range.begin;
  // One more than are wanted: whether there is one.
  for (auto at = keys.rbegin(); at != keys.rend() && !page.more;) {
    std::vector<RegisterKey> wanted;
    for (; at != keys.rend() && wanted.size() <= limit - page.rows.size(); ++at) wanted.push_back(at->second);
    LATIUM_CO_TRY(auto rows, co_await get(wanted, deadline));
    for (std::size_t i = 0; i < wanted.size() && !page.more; ++i) {
      if (!rows[i]) continue;
      page.more = page.rows.size() == limit;
      if (page.more) {
        begin = page.rows.back().key.key.substr(1);
      } else {
        page.rows.push_back({std::move(wanted[i]), *std::move(rows[i])});
      }
    }
  }
  ranges_.push_back(
      {.tenant = tenant, .partitions = std::move(partitions), .range = {std::move(begin), std::move(range.end)}, .rests = rests});
  co_return page;
}

}  // namespace latium
