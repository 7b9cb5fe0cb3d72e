// Writes by the hundred, as SQL's statements make them.
#include <algorithm>
#include <utility>

#include "relational/row_codec.h"
#include "relational/session.h"
#include "relational/session_errors.h"

namespace latium {

// All rows and index entries that the writes look at, in two round trips for all: what is removed from an index is only known
// once the row has been read.
Task<void> TableSession::read_ahead(Schema schema, const std::vector<RowWrite>& writes, MonotonicTime deadline) {
  std::vector<RegisterKey> rows;
  std::vector<RegisterKey> entries;
  const auto add_entries = [&](const Row& row) -> Result<void> {
    for (const IndexSchema& index : schema->indexes) {
      LATIUM_TRY(auto entry, entry_for(*schema, index, row));
      if (entry) entries.push_back(std::move(entry->first));
    }
    return {};
  };
  const ColumnSchema* const numbered = schema->auto_increment_column();
  for (const RowWrite& write : writes) {
    if (write.kind != RowWrite::Kind::insert) {
      LATIUM_CO_TRY(const Bytes name, row_key(*schema, write.key));
      rows.push_back(key_of_row(name));
    }
    if (write.kind == RowWrite::Kind::remove) continue;
    // Whose number is not known yet, its keys are not.
    if (numbered != nullptr && write.row.values.at(schema->position(numbered->id)).is_null()) continue;
    LATIUM_CO_TRY(const Row row, fit_row(*schema, write.row));
    LATIUM_CO_TRY(const Bytes name, row_key(*schema, row));
    rows.push_back(key_of_row(name));
    LATIUM_CO_CHECKED(add_entries(row));
  }
  std::vector<RegisterKey> first = rows;
  first.insert(first.end(), entries.begin(), entries.end());
  LATIUM_CO_TRY(const auto there, co_await transaction_->peek(first, deadline));
  entries.clear();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!there[i]) continue;
    LATIUM_CO_TRY(const Row row, decode_row(*schema, *there[i]));
    LATIUM_CO_CHECKED(add_entries(row));
  }
  LATIUM_CO_CHECKED(co_await transaction_->peek(std::move(entries), deadline));
  co_return Result<void>();
}

// Whatever has the row's primary key, or its values in a unique index, goes.
Task<void> TableSession::remove_duplicates(Schema schema, const Row& row, const std::optional<RegisterKey>& mine,
                                           MonotonicTime deadline) {
  std::vector<std::vector<Value>> others;
  LATIUM_CO_TRY(const Bytes name, row_key(*schema, row));
  if (mine != key_of_row(name)) others.push_back(primary_key_of(*schema, row));
  for (const IndexSchema& index : schema->indexes) {
    if (!index.unique) continue;
    LATIUM_CO_TRY(const auto entry, entry_for(*schema, index, row));
    if (!entry) continue;
    LATIUM_CO_TRY(const auto there, co_await transaction_->get({entry->first}, deadline));
    if (!there[0]) continue;
    LATIUM_CO_TRY(std::vector<Value> primary, decode_tuple(*there[0]));
    LATIUM_CO_TRY(const Bytes other, row_key(*schema, primary));
    if (mine != key_of_row(other)) others.push_back(std::move(primary));
  }
  for (std::vector<Value>& key : others) {
    LATIUM_CO_CHECKED(co_await remove(schema->name, std::move(key), deadline));
  }
  co_return Result<void>();
}

Task<TableSession::Written> TableSession::write_one(Schema schema, RowWrite write, MonotonicTime deadline) {
  using Kind = RowWrite::Kind;
  Written out;
  std::optional<RegisterKey> mine;
  if (write.kind != Kind::insert) {
    LATIUM_CO_TRY(const Bytes name, row_key(*schema, write.key));
    mine = key_of_row(name);
    LATIUM_CO_TRY(const auto before, co_await row_at(schema, *mine, deadline));
    out.done = before.has_value();
    // One that an earlier write has replaced.
    if (!out.done) co_return out;
  }
  if (write.kind == Kind::remove) {
    LATIUM_CO_CHECKED(co_await remove(schema->name, std::move(write.key), deadline));
    co_return out;
  }
  const ColumnSchema* const numbered = schema->auto_increment_column();
  const bool wants_number = numbered != nullptr && write.row.values.at(schema->position(numbered->id)).is_null();
  if (write.on_duplicate == RowWrite::OnDuplicate::replace) {
    if (wants_number) {
      LATIUM_CO_CHECKED(co_await give_number(schema, write.row, deadline));
      out.number = write.row.values[schema->position(numbered->id)].get<std::int64_t>();
    }
    LATIUM_CO_TRY(const Row row, fit_row(*schema, write.row));
    LATIUM_CO_CHECKED(co_await remove_duplicates(schema, row, mine, deadline));
  }
  Result<void> done;
  if (write.kind == Kind::insert) {
    done = co_await insert(schema->name, std::move(write.row), deadline);
    if (!out.number) out.number = last_number();
  } else {
    LATIUM_CO_TRY(const Bytes name, row_key(*schema, write.row));
    if (*mine == key_of_row(name)) {
      done = co_await update(schema->name, std::move(write.row), deadline);
    } else {
      const Transaction::Savepoint before = transaction_->savepoint();
      LATIUM_CO_CHECKED(co_await remove(schema->name, std::move(write.key), deadline));
      done = co_await insert(schema->name, std::move(write.row), deadline);
      if (!done) transaction_->rollback_to(before);
    }
  }
  if (!done && done.error().code == ErrorCode::already_exists && write.on_duplicate == RowWrite::OnDuplicate::ignore) {
    out.done = false;
    co_return out;
  }
  LATIUM_CO_CHECKED(done);
  co_return out;
}

Task<std::vector<TableSession::Written>> TableSession::write_all(std::string table, std::vector<RowWrite> writes,
                                                                 MonotonicTime deadline) {
  LATIUM_CO_TRY(const Schema schema, co_await this->table(std::move(table), deadline));
  LATIUM_CO_CHECKED(co_await read_ahead(schema, writes, deadline));
  std::vector<Written> out;
  for (RowWrite& write : writes) {
    LATIUM_CO_TRY(const Written written, co_await write_one(schema, std::move(write), deadline));
    out.push_back(written);
  }
  co_return out;
}

}  // namespace latium
