// Look-ups by the hundred: what SQL asks for at once.
#include <algorithm>
#include <utility>

#include "relational/row_codec.h"
#include "relational/session.h"

namespace latium {

// One look-up under way: first where its rows lie, then the rows.
struct TableSession::Asked {
  RangeAsked wanted;
  const IndexSchema* index = nullptr;
  std::optional<RegisterKey> whole{};  // all columns are given: there is one key at most
  std::vector<RegisterKey> entries{};  // of the index, that rows were found by
  std::vector<RegisterKey> rows{};
  RangeRows out{};
};

Result<Transaction::Range> TableSession::range_of(const TableSchema& schema, const IndexSchema* index,
                                                  const RangeAsked& wanted) const {
  const RowRange& range = wanted.range;
  LATIUM_TRY(TupleRange keys, index == nullptr ? rows_between(schema, range.equal, range.low, range.high)
                                               : entries_between(schema, *index, range.equal, range.low, range.high));
  std::vector<PartitionId> partitions = all_partitions();
  if (index != nullptr && range.equal.size() == index->columns.size()) {
    LATIUM_TRY(const Bytes route, index_route(schema, *index, range.equal));
    partitions = {key_of_entry(route, route).partition};
  }
  if (!wanted.after.empty()) keys.begin = wanted.after;
  return Transaction::Range{database_.tenant, std::move(partitions), std::move(keys)};
}

// Rows and unique entries that lie under one key.
Task<void> TableSession::find_keys(Schema schema, std::vector<Asked>& asked, MonotonicTime deadline) {
  std::vector<RegisterKey> keys;
  std::vector<Asked*> of;
  for (Asked& each : asked) {
    const std::vector<Value>& equal = each.wanted.range.equal;
    if (each.index == nullptr && equal.size() == schema->primary_key.size()) {
      LATIUM_CO_TRY(const Bytes name, row_key(*schema, equal));
      each.whole = key_of_row(name);
      each.rows.push_back(*each.whole);
    } else if (each.index != nullptr && each.index->unique && equal.size() == each.index->columns.size()) {
      LATIUM_CO_TRY(const auto entry, unique_entry_key(*schema, *each.index, equal));
      if (!entry) continue;
      each.whole = key_of_entry(*entry, *entry);
      keys.push_back(*each.whole);
      of.push_back(&each);
    }
  }
  LATIUM_CO_TRY(const auto entries, co_await transaction_->peek(keys, deadline));
  for (std::size_t i = 0; i < entries.size(); ++i) {
    of[i]->out.footprint.keys.push_back(keys[i]);
    if (!entries[i]) continue;
    LATIUM_CO_TRY(const std::vector<Value> primary, decode_tuple(*entries[i]));
    LATIUM_CO_TRY(const Bytes name, row_key(*schema, primary));
    of[i]->entries.push_back(keys[i]);
    of[i]->rows.push_back(key_of_row(name));
  }
  co_return Result<void>();
}

Task<void> TableSession::find_ranges(Schema schema, std::vector<Asked>& asked, std::size_t limit, MonotonicTime deadline) {
  std::vector<Transaction::Range> ranges;
  std::vector<Asked*> of;
  for (Asked& each : asked) {
    const bool nothing = each.index != nullptr && each.index->unique && !each.whole &&
                         each.wanted.range.equal.size() == each.index->columns.size();
    if (each.whole || nothing) continue;
    LATIUM_CO_TRY(Transaction::Range range, range_of(*schema, each.index, each.wanted));
    ranges.push_back(std::move(range));
    of.push_back(&each);
  }
  if (ranges.empty()) co_return Result<void>();
  LATIUM_CO_TRY(auto found, co_await transaction_->peek_ranges(std::move(ranges), limit, deadline));
  for (std::size_t i = 0; i < found.size(); ++i) {
    Asked& each = *of[i];
    each.out.footprint = std::move(found[i].footprint);
    if (found[i].page.more) each.out.next = each.out.footprint.ranges[0].range.end;
    for (Transaction::Found& row : found[i].page.rows) {
      if (each.index == nullptr) {
        each.rows.push_back(std::move(row.key));
        continue;
      }
      std::vector<Value> primary;
      if (each.index->unique) {
        LATIUM_CO_TRY(primary, decode_tuple(row.row));
      } else {
        LATIUM_CO_TRY(TableKey key, parse_table_key(*schema, BytesView(row.key.key).substr(1)));
        primary = std::move(key.primary);
      }
      LATIUM_CO_TRY(const Bytes name, row_key(*schema, primary));
      each.entries.push_back(std::move(row.key));
      each.rows.push_back(key_of_row(name));
    }
  }
  co_return Result<void>();
}

Task<void> TableSession::read_rows(Schema schema, std::vector<Asked>& asked, MonotonicTime deadline) {
  std::vector<RegisterKey> keys;
  for (const Asked& each : asked) keys.insert(keys.end(), each.rows.begin(), each.rows.end());
  LATIUM_CO_TRY(const auto rows, co_await transaction_->peek(std::move(keys), deadline));
  std::size_t at = 0;
  for (Asked& each : asked) {
    for (std::size_t i = 0; i < each.rows.size(); ++i, ++at) {
      if (rows[at]) {
        LATIUM_CO_TRY(Row row, decode_row(*schema, *rows[at]));
        // Entry and row change together, but were read one after the other. A commit that checks would find it out.
        bool here = true;
        if (each.index != nullptr) {
          LATIUM_CO_TRY(const auto entry, entry_for(*schema, *each.index, row));
          here = entry && entry->first == each.entries[i];
        }
        if (here) each.out.rows.push_back(std::move(row));
      }
      each.out.footprint.keys.push_back(std::move(each.rows[i]));
    }
  }
  co_return Result<void>();
}

Task<std::vector<TableSession::RangeRows>> TableSession::find_all(std::string table, std::vector<RangeAsked> wanted,
                                                                  std::size_t limit, MonotonicTime deadline) {
  LATIUM_CO_TRY(const Schema schema, co_await this->table(std::move(table), deadline));
  std::vector<Asked> asked;
  for (RangeAsked& each : wanted) {
    Asked& added = asked.emplace_back(Asked{.wanted = std::move(each)});
    if (added.wanted.index.empty()) continue;
    added.index = schema->find_index(added.wanted.index);
    if (added.index != nullptr && added.index->state == IndexState::published) continue;
    co_return fail(ErrorCode::not_found,
                   "table '" + schema->name + "' has no index '" + added.wanted.index + "' that can be read");
  }
  LATIUM_CO_CHECKED(co_await find_keys(schema, asked, deadline));
  LATIUM_CO_CHECKED(co_await find_ranges(schema, asked, limit, deadline));
  LATIUM_CO_CHECKED(co_await read_rows(schema, asked, deadline));
  std::vector<RangeRows> out;
  for (Asked& each : asked) out.push_back(std::move(each.out));
  co_return out;
}

std::optional<Result<TableSession::RangeRows>> TableSession::find_here(const TableSchema& table, const std::vector<Value>& key) {
  if (!transaction_->here_begins()) return std::nullopt;
  auto found = row_here(table, key);
  if (transaction_->here_ends()) return std::nullopt;
  return found;
}

Result<TableSession::RangeRows> TableSession::row_here(const TableSchema& table, const std::vector<Value>& key) {
  const auto lease = tables_.known_here(database_, table.name);
  if (!lease) return transaction_->miss();
  LATIUM_TRY(const Schema schema, use(*lease));
  if (!same_version(*schema, table)) return transaction_->miss();
  LATIUM_TRY(const Bytes name, row_key(*schema, key));
  RegisterKey at = key_of_row(name);
  LATIUM_TRY(const auto found, transaction_->peek_here(at));
  RangeRows out;
  if (found) {
    LATIUM_TRY(Row row, decode_row(*schema, *found));
    out.rows.push_back(std::move(row));
  }
  out.footprint.keys.push_back(std::move(at));
  return out;
}

}  // namespace latium
