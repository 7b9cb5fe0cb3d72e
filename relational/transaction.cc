// Reads and writes of a transaction, until its commit.
#include "relational/transaction.h"

#include <algorithm>
#include <utility>

#include "relational/transaction_phase.h"

namespace latium {

Task<std::vector<std::optional<Bytes>>> Transaction::get(std::vector<RegisterKey> keys, MonotonicTime deadline) {
  LATIUM_CO_CHECKED(co_await read_unread(keys, deadline));
  for (const RegisterKey& key : keys) entries_.at(key.stored()).used = true;
  co_return seen(keys);
}

// Those that were not read before.
Task<void> Transaction::read_unread(const std::vector<RegisterKey>& keys, MonotonicTime deadline) {
  LATIUM_CO_TRY(std::vector<Unread> unread, co_await read_what_is_here(keys));
  if (unread.empty()) co_return Result<void>();
  if (here_) co_return miss();
  std::vector<RegisterKey> asked;
  for (const Unread& each : unread) asked.push_back(each.key);
  LATIUM_CO_TRY(std::vector<RowRead> reads,
                co_await read_all(shared_.runtime, shared_.store, std::move(asked), options_.reading, deadline));
  CallStats cost;
  const Phase phase;
  for (std::size_t i = 0; i < unread.size(); ++i) {
    auto& [key, known] = unread[i];
    add_parallel(cost, reads[i].stats);
    std::optional<CommittedRow> row;
    if (options_.reading == Reading::local) {
      row = local_row(key, known, reads[i].state);
    } else if (!reads[i].state.intent) {
      row = std::move(reads[i].state.committed);
    }
    // Of the latest state an intent may be of a transaction that has been acknowledged.
    if (!row) {
      LATIUM_CO_TRY(RowRead latest, co_await settled(key, phase, deadline));
      stats_.add(latest.stats);
      row = std::move(latest.state.committed);
      if (options_.reading == Reading::local) shared_.note_seen(key, *row, known ? known->doubt : 0);
    }
    remember(std::move(key), *std::move(row));
  }
  counts_.read += unread.size();
  stats_.add(cost);
  co_return Result<void>();
}

// A row that had not been read yet and lies in a range that was read before: it was not there then. What was seen of it and of
// the range is no state that ever was: no commit takes a row with this ts.
void Transaction::remember(RegisterKey key, CommittedRow row) {
  const bool serializable = options_.isolation == Isolation::serializable;
  const bool came_later = row.present && std::ranges::any_of(ranges_, [&](const Range& each) {
                            return is_checked(each, serializable) && each.contains(key);
                          });
  if (came_later) row.ts = {};
  Bytes stored = key.stored();
  touch(key, read_tables_);
  const auto [at, added] = entries_.emplace(std::move(stored), Entry{.key = std::move(key), .seen = std::move(row)});
  if (added) bytes_ += bytes_of(at->second);
}

std::size_t Transaction::bytes_of(const Entry& entry) const {
  // The key stands in the map too.
  return sizeof(Entry) + 2 * entry.key.key.size() + entry.seen.row.size() + (entry.write ? entry.write->row.size() : 0);
}

std::vector<std::optional<Bytes>> Transaction::seen(const std::vector<RegisterKey>& keys) const {
  std::vector<std::optional<Bytes>> out;
  for (const RegisterKey& key : keys) {
    const Entry& entry = entries_.at(key.stored());
    const bool present = entry.write ? entry.write->present : entry.seen.present;
    out.push_back(present ? std::optional(entry.write ? entry.write->row : entry.seen.row) : std::nullopt);
  }
  return out;
}

void Transaction::assume_absent(RegisterKey key) {
  Bytes stored = key.stored();
  touch(key, read_tables_);
  const auto [at, added] = entries_.try_emplace(std::move(stored), Entry{.key = std::move(key), .held = true, .used = true});
  if (added) bytes_ += bytes_of(at->second);
}

void Transaction::write(const RegisterKey& key, Write write) {
  const auto found = entries_.find(key.stored());
  LATIUM_CHECK(found != entries_.end(), "a key is read before it is written");
  touch(key, written_tables_);
  bytes_ -= bytes_of(found->second);
  found->second.write = std::move(write);
  bytes_ += bytes_of(found->second);
}

Task<Transaction::Page> Transaction::range(TenantId tenant, std::vector<PartitionId> partitions, TupleRange range,
                                           std::size_t limit, MonotonicTime deadline) {
  Page page;
  TupleRange rest = range;
  const auto rests = at_rest(tenant, range);
  while (true) {
    LATIUM_CO_TRY(RowKeys listed, co_await list(tenant, partitions, rest, std::max<std::size_t>(limit, 64), deadline));
    stats_.add(listed.stats);
    const Bytes end = listed.more ? listed.keys.back().key.substr(1) + '\0' : rest.end;
    std::map<Bytes, RegisterKey> keys;
    for (RegisterKey& key : listed.keys) keys.emplace(key.key.substr(1), std::move(key));
    add_known(tenant, {rest.begin, end}, keys);
    std::vector<RegisterKey> wanted;
    for (const auto& [name, key] : keys) wanted.push_back(key);
    LATIUM_CO_TRY(auto rows, co_await get(wanted, deadline));
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (!rows[i]) continue;
      if (page.rows.size() == limit) {
        page.more = true;
        const Bytes end_of_page = page.rows.back().key.key.substr(1) + '\0';
        ranges_.push_back(
            {.tenant = tenant, .partitions = std::move(partitions), .range = {range.begin, end_of_page}, .rests = rests});
        co_return page;
      }
      page.rows.push_back({std::move(wanted[i]), *std::move(rows[i])});
    }
    if (!listed.more) break;
    rest.begin = end;
  }
  ranges_.push_back({.tenant = tenant, .partitions = std::move(partitions), .range = std::move(range), .rests = rests});
  co_return page;
}

bool Transaction::wrote() const {
  return std::ranges::any_of(entries_, [](const auto& each) { return each.second.write.has_value(); });
}

Transaction::Savepoint Transaction::savepoint() const {
  Savepoint out;
  for (const auto& [stored, entry] : entries_) {
    if (entry.write) out.emplace(stored, std::pair(entry.write->present, entry.write->row));
  }
  return out;
}

void Transaction::rollback_to(const Savepoint& savepoint) {
  for (auto& [stored, entry] : entries_) {
    bytes_ -= bytes_of(entry);
    entry.write.reset();
    const auto found = savepoint.find(stored);
    if (found != savepoint.end()) entry.write = Write{found->second.first, found->second.second};
    bytes_ += bytes_of(entry);
  }
}

// What was not there and is removed again is only read.
std::vector<Transaction::Entry*> Transaction::written() {
  std::vector<Entry*> out;
  for (auto& [stored, entry] : entries_) {
    if (entry.is_written()) out.push_back(&entry);
  }
  return out;
}

Hlc Transaction::above_all_seen() {
  Hlc stamp = std::max({shared_.hlc.now(shared_.runtime.clock.wall_ms()), Hlc{start_.value + 1}, shared_.not_before});
  for (const auto& [stored, entry] : entries_) stamp = std::max(stamp, Hlc{entry.seen.ts.value + 1});
  return stamp;
}

}  // namespace latium
