#include "relational/session.h"

#include <algorithm>
#include <utility>

#include "relational/row_codec.h"
#include "relational/session_errors.h"
#include "replication/row_state.h"

namespace latium {

RegisterKey TableSession::key_of_row(const Bytes& row_key) const {
  return table_register(database_.tenant, database_.partitions, row_key, row_key);
}

RegisterKey TableSession::key_of_entry(const Bytes& key, BytesView route) const {
  return table_register(database_.tenant, database_.partitions, key, route);
}

std::vector<PartitionId> TableSession::all_partitions() const {
  std::vector<PartitionId> out;
  for (std::uint16_t i = 0; i < database_.partitions; ++i) out.push_back(PartitionId{i});
  return out;
}

Task<std::vector<std::optional<Row>>> TableSession::get(std::string table, std::vector<std::vector<Value>> keys,
                                                        MonotonicTime deadline, bool for_update) {
  LATIUM_CO_TRY(const Schema schema, co_await this->table(std::move(table), deadline));
  std::vector<RegisterKey> wanted;
  for (const std::vector<Value>& key : keys) {
    LATIUM_CO_TRY(const Bytes name, row_key(*schema, key));
    wanted.push_back(key_of_row(name));
  }
  LATIUM_CO_TRY(const auto found, co_await transaction_->get(wanted, deadline));
  for (const RegisterKey& key : wanted) {
    if (for_update) transaction_->hold(key);
  }
  std::vector<std::optional<Row>> out;
  for (const auto& each : found) {
    out.emplace_back();
    if (!each) continue;
    LATIUM_CO_TRY(out.back(), decode_row(*schema, *each));
  }
  co_return out;
}

Task<std::optional<Row>> TableSession::row_at(Schema schema, RegisterKey key, MonotonicTime deadline) {
  LATIUM_CO_TRY(const auto found, co_await transaction_->get({std::move(key)}, deadline));
  if (!found[0]) co_return std::nullopt;
  LATIUM_CO_TRY(Row row, decode_row(*schema, *found[0]));
  co_return row;
}

Task<void> TableSession::update(std::string table, Row row, MonotonicTime deadline) {
  LATIUM_CO_TRY(const Schema schema, co_await this->table(std::move(table), deadline));
  LATIUM_CO_TRY(row, fit_row(*schema, std::move(row)));
  LATIUM_CO_TRY(const Bytes name, row_key(*schema, row));
  const RegisterKey key = key_of_row(name);
  LATIUM_CO_TRY(const auto before, co_await row_at(schema, key, deadline));
  if (!before) co_return no_such_row(*schema, primary_key_of(*schema, row));
  if (const ColumnSchema* const column = schema->auto_increment_column()) {
    const Value& number = row.values[schema->position(column->id)];
    if (number != before->values[schema->position(column->id)]) {
      if (transaction_->is_here()) co_return transaction_->miss();
      LATIUM_CO_CHECKED(co_await shared_.auto_increment.reserve(database_, schema->id, number.get<std::int64_t>(), deadline));
    }
  }
  co_return co_await put_row(schema, key, &*before, &row, deadline);
}

Task<bool> TableSession::remove(std::string table, std::vector<Value> primary_key, MonotonicTime deadline) {
  LATIUM_CO_TRY(const Schema schema, co_await this->table(std::move(table), deadline));
  LATIUM_CO_TRY(const Bytes name, row_key(*schema, primary_key));
  const RegisterKey key = key_of_row(name);
  LATIUM_CO_TRY(const auto before, co_await row_at(schema, key, deadline));
  if (!before) co_return false;
  LATIUM_CO_CHECKED(co_await put_row(schema, key, &*before, nullptr, deadline));
  co_return true;
}

// The row and all its index entries change in the one transaction, so an index never says anything else than the rows. In every
// state of an index its entries are kept up. An error leaves the session as it was.
Task<void> TableSession::put_row(Schema schema, RegisterKey key, const Row* before, const Row* after, MonotonicTime deadline) {
  Changes changes;
  std::optional<Bytes> encoded;
  if (schema->moving) co_return fail(ErrorCode::conflict, "table '" + schema->name + "' is being renamed: do it again");
  if (before != nullptr) LATIUM_CO_CHECKED(co_await check_unreferenced(schema, *before, after, deadline));
  if (after != nullptr) {
    if (schema->unannounced) {
      co_return fail(ErrorCode::conflict, "table '" + schema->name +
                                              "' has come to name other tables a moment ago, and not all nodes know that yet: do "
                                              "it again");
    }
    LATIUM_CO_CHECKED(co_await check_references(schema, *after, deadline));
    LATIUM_CO_TRY(encoded, encode_row(*schema, *after));
    if (encoded->size() > kRowBytesMax) {
      co_return fail(ErrorCode::invalid_argument,
                     "the row of table '" + schema->name + "' with " + columns_of(*schema, schema->primary_key) + " = " +
                         values_of(primary_key_of(*schema, *after)) + " has " + std::to_string(encoded->size()) +
                         " bytes, which is too large: a row has at most " + std::to_string(kRowBytesMax));
    }
  }
  for (const IndexSchema& index : schema->indexes) {
    LATIUM_CO_CHECKED(co_await move_entry(schema, index, before, after, changes, deadline));
  }
  changes.emplace_back(std::move(key), std::move(encoded));
  for (auto& [at, row] : changes) {
    if (row) {
      transaction_->put(at, *std::move(row));
    } else {
      transaction_->remove(at);
    }
  }
  co_return Result<void>();
}

// Where the row's entry lies, and what is in it. Nothing: it has none.
Result<std::optional<std::pair<RegisterKey, Bytes>>> TableSession::entry_for(const TableSchema& schema, const IndexSchema& index,
                                                                             const Row& row) const {
  if (!index.unique) {
    LATIUM_TRY(const IndexEntryKey entry, index_entry_key(schema, index, row));
    return std::pair(key_of_entry(entry.key, entry.route()), Bytes());
  }
  LATIUM_TRY(const std::optional<Bytes> entry, unique_entry_key(schema, index, row));
  if (!entry) return std::nullopt;
  LATIUM_TRY(Bytes primary, encode_tuple(primary_key_of(schema, row)));
  return std::pair(key_of_entry(*entry, *entry), std::move(primary));
}

Task<void> TableSession::move_entry(Schema schema, const IndexSchema& index, const Row* before, const Row* after,
                                    Changes& changes, MonotonicTime deadline) {
  std::optional<std::pair<RegisterKey, Bytes>> was;
  std::optional<std::pair<RegisterKey, Bytes>> is;
  if (before != nullptr) {
    LATIUM_CO_TRY(was, entry_for(*schema, index, *before));
  }
  if (after != nullptr) {
    LATIUM_CO_TRY(is, entry_for(*schema, index, *after));
  }
  if (was && is && was->first == is->first) co_return Result<void>();
  std::vector<RegisterKey> keys;
  if (was) keys.push_back(was->first);
  if (is) keys.push_back(is->first);
  LATIUM_CO_TRY(const auto there, co_await transaction_->get(std::move(keys), deadline));
  if (is && index.unique && there.back()) {
    co_return duplicate(*schema, index.columns, indexed_values(*schema, index, *after));
  }
  if (was) changes.emplace_back(std::move(was->first), std::nullopt);
  if (is) changes.emplace_back(std::move(is->first), std::move(is->second));
  co_return Result<void>();
}

Task<RowPage> TableSession::find(std::string table, std::string index, RowRange range, std::size_t limit, MonotonicTime deadline,
                                 bool for_update) {
  LATIUM_CO_TRY(const Schema schema, co_await this->table(std::move(table), deadline));
  const IndexSchema* const found = index.empty() ? nullptr : schema->find_index(index);
  if (!index.empty() && (found == nullptr || found->state != IndexState::published)) {
    co_return fail(ErrorCode::not_found, "table '" + schema->name + "' has no index '" + printable(index) + "' that can be read");
  }
  LATIUM_CO_TRY(RowPage page, found == nullptr ? co_await find_by_key(schema, std::move(range), limit, deadline)
                                               : co_await find_by_index(schema, *found, std::move(range), limit, deadline));
  for (const Row& row : page.rows) {
    if (!for_update) break;
    LATIUM_CO_TRY(const Bytes name, row_key(*schema, row));
    transaction_->hold(key_of_row(name));
  }
  co_return page;
}

namespace {

Result<TupleRange> key_range(const TableSchema& schema, const IndexSchema* index, const RowRange& range) {
  if (!range.prefix) {
    return index == nullptr ? rows_between(schema, range.equal, range.low, range.high)
                            : entries_between(schema, *index, range.equal, range.low, range.high);
  }
  if (range.low || range.high) {
    return fail(ErrorCode::invalid_argument, "a range has bounds or a prefix of its next column, not both: give one of them");
  }
  return index == nullptr ? rows_with_prefix(schema, range.equal, *range.prefix)
                          : entries_with_prefix(schema, *index, range.equal, *range.prefix);
}

RowPage begin_page(const Transaction::Page& page) {
  RowPage out{.rows = {}, .more = page.more};
  if (page.more) out.next = page.rows.back().key.key.substr(1);
  return out;
}

}  // namespace

Task<Transaction::Page> TableSession::page_of(std::vector<PartitionId> partitions, TupleRange keys, RowRange range,
                                              std::size_t limit, MonotonicTime deadline) {
  if (!range.after.empty()) {
    if (!keys.contains(range.after)) {
      co_return fail(ErrorCode::invalid_argument, "the page before is not one of this range: begin again without it");
    }
    (range.descending ? keys.end : keys.begin) = range.descending ? range.after : range.after + '\0';
  }
  if (!range.descending) {
    co_return co_await transaction_->range(database_.tenant, std::move(partitions), std::move(keys), limit, deadline);
  }
  co_return co_await transaction_->range_back(database_.tenant, std::move(partitions), std::move(keys), limit, deadline);
}

Task<RowPage> TableSession::find_by_key(Schema schema, RowRange range, std::size_t limit, MonotonicTime deadline) {
  LATIUM_CO_TRY(TupleRange keys, key_range(*schema, nullptr, range));
  LATIUM_CO_TRY(auto page, co_await page_of(all_partitions(), std::move(keys), std::move(range), limit, deadline));
  RowPage out = begin_page(page);
  for (const Transaction::Found& found : page.rows) {
    LATIUM_CO_TRY(out.rows.emplace_back(), decode_row(*schema, found.row));
  }
  co_return out;
}

Result<std::vector<Value>> TableSession::primary_of_entry(const TableSchema& schema, const IndexSchema& index,
                                                          const Transaction::Found& found) const {
  if (index.unique) return decode_tuple(found.row);
  LATIUM_TRY(TableKey key, parse_table_key(schema, BytesView(found.key.key).substr(1)));
  return std::move(key.primary);
}

Task<RowPage> TableSession::find_by_index(Schema schema, const IndexSchema& index, RowRange range, std::size_t limit,
                                          MonotonicTime deadline) {
  LATIUM_CO_TRY(TupleRange entries, key_range(*schema, &index, range));
  std::vector<PartitionId> partitions = all_partitions();
  if (range.equal.size() == index.columns.size()) {
    LATIUM_CO_TRY(const Bytes route, index_route(*schema, index, range.equal));
    partitions = {key_of_entry(route, route).partition};
  }
  LATIUM_CO_TRY(auto page, co_await page_of(std::move(partitions), std::move(entries), std::move(range), limit, deadline));
  std::vector<RegisterKey> wanted;
  for (const Transaction::Found& found : page.rows) {
    LATIUM_CO_TRY(const std::vector<Value> primary, primary_of_entry(*schema, index, found));
    LATIUM_CO_TRY(const Bytes name, row_key(*schema, primary));
    wanted.push_back(key_of_row(name));
  }
  LATIUM_CO_TRY(const auto rows, co_await transaction_->get(std::move(wanted), deadline));
  RowPage out = begin_page(page);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i]) continue;
    LATIUM_CO_TRY(Row row, decode_row(*schema, *rows[i]));
    // Entry and row change together, but were read one after the other. A commit that checks would find it out.
    LATIUM_CO_TRY(const auto entry, entry_for(*schema, index, row));
    if (entry && entry->first == page.rows[i].key) out.rows.push_back(std::move(row));
  }
  co_return out;
}

namespace {

// Of a lease that is nearly over, a commit could not be sure to end in time.
constexpr Duration kLeaseForCommit = kSchemaLease / 2;

// What a commit has sent may take effect as long as nobody knows what became of it.
class CommitLeases {
 public:
  CommitLeases(Catalog& tables, std::vector<SchemaLease> leases) : tables_(tables), leases_(std::move(leases)) {}
  CommitLeases(const CommitLeases&) = delete;
  CommitLeases& operator=(const CommitLeases&) = delete;
  ~CommitLeases() {
    if (!known_) tables_.keep_in_use(std::move(leases_));
  }
  MonotonicTime until() const {
    MonotonicTime first = kNever;
    for (const SchemaLease& lease : leases_) first = std::min(first, lease.until);
    return first;
  }
  void outcome_is_known() { known_ = true; }

 private:
  Catalog& tables_;
  std::vector<SchemaLease> leases_;
  bool known_ = false;
};

std::unexpected<Error> table_changed(const TableSchema& schema) {
  return fail(ErrorCode::conflict, "table '" + schema.name + "' was changed since the session first used it: do it again");
}

}  // namespace

// Under a lease, so that no version of a table is written under once two newer ones are.
Task<TableSession::Schema> TableSession::table(std::string name, MonotonicTime deadline) {
  std::optional<SchemaLease> lease;
  if (transaction_->is_here()) {
    lease = tables_.known_here(database_, name);
    if (!lease) co_return transaction_->miss();
  } else {
    LATIUM_CO_TRY(lease, co_await tables_.lease(database_, std::move(name), deadline));
  }
  co_return use(*lease);
}

Result<TableSession::Schema> TableSession::use(const SchemaLease& lease) {
  UsedTable& used = used_.try_emplace(catalog_key(lease.schema->name), UsedTable{lease.schema}).first->second;
  // It would not commit: better said before a row is taken for one of the other version.
  if (!same_version(*used.schema, *lease.schema)) {
    used.changed = true;
    return table_changed(*used.schema);
  }
  return lease.in_use();
}

// A version that was in use and is the latest now was the latest all the time, as versions never come back: so a session may be
// as old as it likes if nothing has changed.
Task<std::vector<SchemaLease>> TableSession::leases_for_commit(MonotonicTime deadline) {
  std::vector<SchemaLease> leases;
  for (const auto& [name, used] : used_) {
    if (used.changed) co_return table_changed(*used.schema);
    auto lease = co_await tables_.lease(database_, used.schema->name, deadline, kLeaseForCommit);
    const bool dropped = !lease && lease.error().code == ErrorCode::not_found;
    if (dropped || (lease && !same_version(*lease->schema, *used.schema))) co_return table_changed(*used.schema);
    LATIUM_CO_CHECKED(lease);
    leases.push_back(*std::move(lease));
    if (!used.named || *used.named == leases.back().schema->named) continue;
    co_return fail(ErrorCode::conflict, "a table with a foreign key to '" + used.schema->name + "' was made: do it again");
  }
  co_return leases;
}

void TableSession::goes_by_named(const std::string& table, std::uint32_t named) {
  const auto used = used_.find(catalog_key(table));
  if (used != used_.end() && !used->second.named) used->second.named = named;
}

Task<void> TableSession::commit(MonotonicTime deadline) {
  LATIUM_CO_TRY(std::vector<SchemaLease> leases, co_await leases_for_commit(deadline));
  CommitLeases in_use(tables_, std::move(leases));
  LATIUM_CO_CHECKED(transaction_->add_image_reads(image_reads()));
  const Result<void> done = co_await transaction_->commit(std::min(deadline, in_use.until()));
  if (done || done.error().certainty == Certainty::not_applied) in_use.outcome_is_known();
  co_return done;
}

void TableSession::rollback() {
  used_.clear();
  transaction_ = std::make_unique<Transaction>(shared_, options_);
}

}  // namespace latium
