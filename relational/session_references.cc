// Foreign keys.
#include <algorithm>
#include <utility>

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
    co_return fail(ErrorCode::broken_reference, "FOREIGN KEY constraint failed: " + columns_of(*schema, wanted[i]->columns) +
                                                    " = " + values_of(values) + " has no row in '" + wanted[i]->table + "'");
  }
  for (const RegisterKey& key : keys) transaction_->hold(key);
  co_return Result<void>();
}

}  // namespace latium
