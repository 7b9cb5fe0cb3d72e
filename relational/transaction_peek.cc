// Reads of what may not be needed, many at once.
#include <set>
#include <utility>

#include "relational/transaction.h"

namespace latium {

Task<std::vector<std::optional<Bytes>>> Transaction::peek(std::vector<RegisterKey> keys, MonotonicTime deadline) {
  LATIUM_CO_CHECKED(co_await read_unread(keys, deadline));
  co_return seen(keys);
}

// What was read of a range's rows since it was looked at, and was not there then, is no state that ever was beside it: as in
// remember(), no commit takes it.
void Transaction::use(const Footprint& footprint) {
  std::set<Bytes> listed;
  for (const RegisterKey& key : footprint.keys) {
    Bytes stored = key.stored();
    const auto found = entries_.find(stored);
    if (found != entries_.end()) found->second.used = true;
    listed.insert(std::move(stored));
  }
  for (const Range& each : footprint.ranges) {
    // Between 5 and 2 nothing is, and nothing comes.
    if (each.range.begin >= each.range.end) continue;
    for (const PartitionId partition : each.partitions) {
      const auto end = entries_.lower_bound(stored_table_key(each.tenant, partition, each.range.end));
      for (auto at = entries_.lower_bound(stored_table_key(each.tenant, partition, each.range.begin)); at != end; ++at) {
        Entry& entry = at->second;
        const bool came_later = entry.seen.present && !listed.contains(at->first);
        if (came_later && options_.isolation == Isolation::serializable) entry.seen.ts = {};
      }
    }
    ranges_.push_back(each);
  }
}

// The keys of a range up to `limit` rows that are there now.
Task<void> Transaction::list_page(Range range, std::size_t limit, MonotonicTime deadline, RowKeys& out) {
  LATIUM_CO_TRY(out, co_await list(range.tenant, std::move(range.partitions), std::move(range.range), limit, deadline));
  co_return Result<void>();
}

// What was listed and is not there any more makes a page shorter than `limit`, never wrong: it says where it ends.
Task<std::vector<Transaction::Peeked>> Transaction::peek_ranges(std::vector<Range> ranges, std::size_t limit,
                                                                MonotonicTime deadline) {
  std::vector<RowKeys> listed(ranges.size());
  for (Range& range : ranges) range.rests = at_rest(range.tenant, range.range);
  if (here_) {
    for (std::size_t i = 0; i < ranges.size(); ++i) LATIUM_CO_CHECKED(co_await list_page(ranges[i], limit, deadline, listed[i]));
  } else {
    TaskGroup group(shared_.runtime.executor, std::max<std::size_t>(ranges.size(), 1));
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      const auto spawned = group.spawn(list_page(ranges[i], limit, deadline, listed[i]));
      LATIUM_CHECK(spawned.has_value(), "a group with room refuses nothing");
    }
    LATIUM_CO_CHECKED(co_await group.join());
  }
  CallStats cost;
  std::vector<Peeked> out(ranges.size());
  std::vector<RegisterKey> wanted;
  std::vector<std::size_t> counts;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    add_parallel(cost, listed[i].stats);
    // A page without keys that is not the last one is as good as one: what lies behind is asked for from the start of the range.
    const bool more = listed[i].more && !listed[i].keys.empty();
    if (more) ranges[i].range.end = listed[i].keys.back().key.substr(1) + '\0';
    std::map<Bytes, RegisterKey> keys;
    for (RegisterKey& key : listed[i].keys) keys.emplace(key.key.substr(1), std::move(key));
    add_known(ranges[i].tenant, ranges[i].range, keys);
    counts.push_back(keys.size());
    for (auto& [name, key] : keys) {
      out[i].footprint.keys.push_back(key);
      wanted.push_back(std::move(key));
    }
    out[i].page.more = more;
    out[i].footprint.ranges.push_back(std::move(ranges[i]));
  }
  stats_.add(cost);
  LATIUM_CO_TRY(auto rows, co_await peek(wanted, deadline));
  std::size_t at = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    for (std::size_t end = at + counts[i]; at < end; ++at) {
      if (rows[at]) out[i].page.rows.push_back({std::move(wanted[at]), *std::move(rows[at])});
    }
  }
  co_return out;
}

}  // namespace latium
