// Foreign keys.
#include <algorithm>
#include <utility>

#include "relational/row_codec.h"
#include "relational/schema_parts.h"
#include "relational/session.h"
#include "relational/session_errors.h"

namespace latium {

// By the primary key of the other table, or by a unique index of it, as in SQL.
Task<std::optional<RegisterKey>> TableSession::reference_of(Schema schema, const ForeignKeySchema& foreign, const Row& row,
                                                            MonotonicTime deadline) {
  std::vector<Value> values;
  for (const ColumnId column : foreign.columns) values.push_back(row.values[schema->position(column)]);
  if (std::ranges::any_of(values, [](const Value& value) { return value.is_null(); })) co_return std::nullopt;
  LATIUM_CO_TRY(const Schema other, co_await table(foreign.table, deadline));
  std::vector<ColumnId> referenced;
  for (const std::string& name : foreign.referenced) {
    const ColumnSchema* const column = other->find_column(name);
    if (column == nullptr) co_return fail(ErrorCode::not_found, "table '" + other->name + "' has no column '" + name + "'");
    referenced.push_back(column->id);
  }
  if (referenced == other->primary_key) {
    LATIUM_CO_TRY(const Bytes name, row_key(*other, values));
    co_return key_of_row(name);
  }
  const auto index = std::ranges::find_if(other->indexes, [&](const IndexSchema& each) {
    return each.unique && each.state == IndexState::published && each.columns == referenced;
  });
  if (index == other->indexes.end()) {
    co_return fail(ErrorCode::invalid_argument, "a foreign key of table '" + schema->name + "' names columns of '" + other->name +
                                                    "' that are neither its primary key nor a unique index");
  }
  LATIUM_CO_TRY(const auto entry, unique_entry_key(*other, *index, values));
  co_return key_of_entry(*entry, *entry);
}

// Whether the key is the row's, or that of one of its entries.
Result<bool> TableSession::stands_for(const TableSchema& schema, const Row& row, const RegisterKey& key) const {
  LATIUM_TRY(const Bytes name, row_key(schema, row));
  if (key_of_row(name) == key) return true;
  for (const IndexSchema& index : schema.indexes) {
    if (!index.unique) continue;
    LATIUM_TRY(const auto entry, entry_for(schema, index, row));
    if (entry && entry->first == key) return true;
  }
  return false;
}

// What is read for it is checked at the commit, whatever the isolation.
Task<void> TableSession::check_references(Schema schema, const Row& row, MonotonicTime deadline) {
  std::vector<RegisterKey> keys;
  std::vector<const ForeignKeySchema*> wanted;
  for (const ForeignKeySchema& foreign : schema->foreign_keys) {
    LATIUM_CO_TRY(auto reference, co_await reference_of(schema, foreign, row, deadline));
    if (!reference) continue;
    // A row may refer to itself, which is not there yet.
    LATIUM_CO_TRY(const bool itself, stands_for(*schema, row, *reference));
    if (itself) continue;
    keys.push_back(*std::move(reference));
    wanted.push_back(&foreign);
  }
  LATIUM_CO_TRY(const auto there, co_await transaction_->get(keys, deadline));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (there[i]) continue;
    std::vector<Value> values;
    for (const ColumnId column : wanted[i]->columns) values.push_back(row.values[schema->position(column)]);
    co_return names_nothing(*schema, wanted[i]->columns, values, wanted[i]->table);
  }
  for (const RegisterKey& key : keys) transaction_->hold(key);
  co_return Result<void>();
}

namespace {

std::vector<Value> values_in(const TableSchema& schema, const std::vector<ColumnId>& columns, const Row& row) {
  std::vector<Value> out;
  for (const ColumnId column : columns) out.push_back(row.values[schema.position(column)]);
  return out;
}

// The values in the order of a key's first columns, where those are the columns of the foreign key. Nothing: they are not.
std::optional<std::vector<Value>> in_order_of(const std::vector<ColumnId>& key, const ForeignKeySchema& foreign,
                                              const std::vector<Value>& values) {
  if (key.size() < foreign.columns.size()) return std::nullopt;
  std::vector<Value> out;
  for (std::size_t i = 0; i < foreign.columns.size(); ++i) {
    const auto found = std::ranges::find(foreign.columns, key[i]);
    if (found == foreign.columns.end()) return std::nullopt;
    out.push_back(values[static_cast<std::size_t>(found - foreign.columns.begin())]);
  }
  return out;
}

// What a foreign key can name: the primary key, which no update changes, or the values of a unique index.
bool loses_a_key(const TableSchema& schema, const Row& before, const Row* after) {
  if (after == nullptr) return true;
  return std::ranges::any_of(schema.indexes, [&](const IndexSchema& index) {
    return index.unique && indexed_values(schema, index, before) != indexed_values(schema, index, *after);
  });
}

}  // namespace

Task<void> TableSession::check_unreferenced(Schema schema, const Row& before, const Row* after, MonotonicTime deadline) {
  if (!loses_a_key(*schema, before, after)) co_return Result<void>();
  if (transaction_->is_here()) co_return transaction_->miss();
  LATIUM_CO_TRY(const std::vector<std::string> names, co_await tables_.referencing(database_, schema->name, deadline));
  goes_by_named(schema->name, schema->named);
  LATIUM_CO_TRY(const Bytes own, row_key(*schema, before));
  for (const std::string& name : names) {
    auto child = co_await table(name, deadline);
    // It was dropped meanwhile.
    if (!child && child.error().code == ErrorCode::not_found) continue;
    if (!child) co_return fail(child.error());
    for (const ForeignKeySchema& foreign : (*child)->foreign_keys) {
      if (!same_name(foreign.table, schema->name)) continue;
      std::vector<ColumnId> columns;
      for (const std::string& referenced : foreign.referenced) {
        if (const ColumnSchema* const column = schema->find_column(referenced)) columns.push_back(column->id);
      }
      if (columns.size() != foreign.referenced.size()) continue;
      const std::vector<Value> values = values_in(*schema, columns, before);
      if (after != nullptr && values == values_in(*schema, columns, *after)) continue;
      if (std::ranges::any_of(values, [](const Value& value) { return value.is_null(); })) continue;
      LATIUM_CO_TRY(const bool named, co_await is_referenced(*child, foreign, values, key_of_row(own), deadline));
      if (!named) continue;
      co_return latium::is_named(*schema, columns, values, (*child)->name);
    }
  }
  co_return Result<void>();
}

Task<bool> TableSession::is_referenced(Schema child, const ForeignKeySchema& foreign, std::vector<Value> values,
                                       RegisterKey except, MonotonicTime deadline) {
  // Where an index, or the primary key, begins with the columns, its entries say; otherwise every row is looked at.
  TupleRange range = row_range(child->id);
  const IndexSchema* by = nullptr;
  bool all_rows = true;
  if (const auto key = in_order_of(child->primary_key, foreign, values)) {
    LATIUM_CO_TRY(range, rows_starting_with(*child, *key));
    all_rows = false;
  }
  for (const IndexSchema& index : child->indexes) {
    const auto key = in_order_of(index.columns, foreign, values);
    if (!all_rows || !key || index.state != IndexState::published) continue;
    LATIUM_CO_TRY(range, entries_starting_with(*child, index, *key));
    by = &index;
    all_rows = false;
  }
  while (true) {
    LATIUM_CO_TRY(const auto page, co_await transaction_->range(database_.tenant, all_partitions(), range, 100, deadline));
    transaction_->hold_last_range();
    for (const Transaction::Found& found : page.rows) {
      RegisterKey row = found.key;
      if (by != nullptr) {
        LATIUM_CO_TRY(const std::vector<Value> primary, primary_of_entry(*child, *by, found));
        LATIUM_CO_TRY(const Bytes name, row_key(*child, primary));
        row = key_of_row(name);
      }
      if (row == except) continue;
      if (!all_rows) co_return true;
      LATIUM_CO_TRY(const Row its, decode_row(*child, found.row));
      if (values_in(*child, foreign.columns, its) == values) co_return true;
    }
    if (!page.more) co_return false;
    range.begin = page.rows.back().key.key.substr(1) + '\0';
  }
}

}  // namespace latium
