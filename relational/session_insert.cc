// Adding rows, and the numbers that they get.
#include <algorithm>
#include <utility>

#include "relational/row_codec.h"
#include "relational/session.h"
#include "relational/session_errors.h"

namespace latium {

Task<void> TableSession::insert(std::string table, Row row, MonotonicTime deadline) {
  LATIUM_CO_TRY(const Schema schema, co_await this->table(std::move(table), deadline));
  last_number_.reset();
  const ColumnSchema* const numbered = schema->auto_increment_column();
  if (numbered != nullptr && transaction_->is_here()) co_return transaction_->miss();
  const std::size_t at = numbered == nullptr ? 0 : schema->position(numbered->id);
  const bool wants_number = numbered != nullptr && at < row.values.size() && row.values[at].is_null();
  // Any number will do for finding out that another value does not fit.
  if (wants_number) row.values[at] = Value(1);
  LATIUM_CO_TRY(row, fit_row(*schema, std::move(row)));
  if (wants_number) {
    LATIUM_CO_CHECKED(co_await give_number(schema, row, deadline));
  } else if (numbered != nullptr) {
    LATIUM_CO_CHECKED(
        co_await shared_.auto_increment.reserve(database_, schema->id, row.values[at].get<std::int64_t>(), deadline));
  }
  LATIUM_CO_TRY(const Bytes name, row_key(*schema, row));
  const RegisterKey key = key_of_row(name);
  LATIUM_CO_TRY(const auto before, co_await row_at(schema, key, deadline));
  if (before) co_return duplicate(*schema, schema->primary_key, primary_key_of(*schema, row));
  LATIUM_CO_CHECKED(co_await put_row(schema, key, nullptr, &row, deadline));
  if (wants_number) last_number_ = row.values[at].get<std::int64_t>();
  co_return Result<void>();
}

// Nobody else is given the number, so nothing was ever under the keys that it is part of: they are not read, and the commit finds
// out where somebody has chosen the number himself. Where this session has, the next one is taken.
Task<void> TableSession::give_number(Schema schema, Row& row, MonotonicTime deadline) {
  const ColumnId column = schema->auto_increment_column()->id;
  const auto part_of = [column](const std::vector<ColumnId>& columns) {
    return std::ranges::find(columns, column) != columns.end();
  };
  while (true) {
    LATIUM_CO_TRY(const std::int64_t number, co_await shared_.auto_increment.next(database_, schema->id, deadline));
    row.values[schema->position(column)] = Value(number);
    std::vector<RegisterKey> keys;
    if (part_of(schema->primary_key)) {
      LATIUM_CO_TRY(const Bytes name, row_key(*schema, row));
      keys.push_back(key_of_row(name));
    }
    for (const IndexSchema& index : schema->indexes) {
      if (!index.unique || !part_of(index.columns)) continue;
      LATIUM_CO_TRY(auto entry, entry_for(*schema, index, row));
      if (entry) keys.push_back(std::move(entry->first));
    }
    for (const RegisterKey& key : keys) transaction_->assume_absent(key);
    LATIUM_CO_TRY(const auto there, co_await transaction_->get(std::move(keys), deadline));
    if (std::ranges::none_of(there, [](const auto& each) { return each.has_value(); })) co_return Result<void>();
  }
}

}  // namespace latium
