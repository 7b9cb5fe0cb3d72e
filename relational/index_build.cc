// Making an index of a table with rows whole, piece by piece. Each piece is a transaction, so it does not matter what others
// write meanwhile, nor how often it is done.
#include <algorithm>
#include <utility>

#include "relational/row_codec.h"
#include "relational/session.h"
#include "relational/session_errors.h"

namespace latium {

namespace {

constexpr std::size_t kRowsAStep = 100;

Result<const IndexSchema*> index_of(const TableSchema& schema, IndexId id) {
  if (const IndexSchema* const index = schema.find_index(id)) return index;
  return fail(ErrorCode::conflict, "table '" + schema.name + "' has not got the index any more that is being built");
}

TupleRange rest_of(TupleRange range, const Bytes& after) {
  if (!after.empty()) range.begin = after + '\0';
  return range;
}

IndexStep step_of(const Transaction::Page& page) {
  return {.next = page.more ? page.rows.back().key.key.substr(1) : Bytes()};
}

}  // namespace

Task<IndexStep> TableSession::sweep_entries(std::string name, IndexId id, Bytes after, MonotonicTime deadline) {
  LATIUM_CO_TRY(const Schema schema, co_await table(std::move(name), deadline));
  LATIUM_CO_TRY(const IndexSchema* const index, index_of(*schema, id));
  TupleRange range = rest_of(index_range(schema->id, *index), after);
  LATIUM_CO_TRY(const auto page,
                co_await transaction_->range(database_.tenant, all_partitions(), std::move(range), kRowsAStep, deadline));
  IndexStep step = step_of(page);
  std::vector<RegisterKey> keys;
  for (const Transaction::Found& found : page.rows) {
    LATIUM_CO_TRY(const std::vector<Value> primary, primary_of_entry(*schema, *index, found));
    LATIUM_CO_TRY(const Bytes row, row_key(*schema, primary));
    keys.push_back(key_of_row(row));
  }
  LATIUM_CO_TRY(const auto rows, co_await transaction_->get(keys, deadline));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (rows[i]) {
      LATIUM_CO_TRY(const Row row, decode_row(*schema, *rows[i]));
      LATIUM_CO_TRY(const auto entry, entry_for(*schema, *index, row));
      if (entry && entry->first == page.rows[i].key) continue;
    }
    transaction_->hold(keys[i]);
    transaction_->remove(page.rows[i].key);
    ++step.changed;
  }
  co_return step;
}

// The row that an entry of a unique index stands for, if it has the entry's values. Nothing: the entry is of no use.
Task<std::optional<std::vector<Value>>> TableSession::other_row(Schema schema, const IndexSchema& index, RegisterKey entry,
                                                                Bytes primary, MonotonicTime deadline) {
  LATIUM_CO_TRY(std::vector<Value> key, decode_tuple(primary));
  LATIUM_CO_TRY(const Bytes name, row_key(*schema, key));
  LATIUM_CO_TRY(const auto row, co_await row_at(schema, key_of_row(name), deadline));
  transaction_->hold(key_of_row(name));
  if (!row) co_return std::nullopt;
  LATIUM_CO_TRY(const auto its, entry_for(*schema, index, *row));
  if (!its || its->first != entry) co_return std::nullopt;
  co_return key;
}

Task<IndexStep> TableSession::add_entries(std::string name, IndexId id, Bytes after, MonotonicTime deadline) {
  LATIUM_CO_TRY(const Schema schema, co_await table(std::move(name), deadline));
  LATIUM_CO_TRY(const IndexSchema* const index, index_of(*schema, id));
  TupleRange range = rest_of(row_range(schema->id), after);
  LATIUM_CO_TRY(const auto page,
                co_await transaction_->range(database_.tenant, all_partitions(), std::move(range), kRowsAStep, deadline));
  IndexStep step = step_of(page);
  struct Wanted {
    RegisterKey row;
    std::vector<Value> values;
    std::vector<Value> primary;
    std::pair<RegisterKey, Bytes> entry;
  };
  std::vector<Wanted> wanted;
  std::vector<RegisterKey> keys;
  for (const Transaction::Found& found : page.rows) {
    LATIUM_CO_TRY(const Row row, decode_row(*schema, found.row));
    LATIUM_CO_TRY(auto entry, entry_for(*schema, *index, row));
    if (!entry) continue;
    keys.push_back(entry->first);
    wanted.push_back({found.key, indexed_values(*schema, *index, row), primary_key_of(*schema, row), *std::move(entry)});
  }
  LATIUM_CO_CHECKED((co_await transaction_->get(std::move(keys), deadline)));
  for (const Wanted& each : wanted) {
    // Looked at one by one: two rows of the page may have the same values.
    LATIUM_CO_TRY(const auto there, co_await transaction_->get({each.entry.first}, deadline));
    if (there[0] && *there[0] == each.entry.second) continue;
    if (there[0]) {
      LATIUM_CO_TRY(const auto other, co_await other_row(schema, *index, each.entry.first, *there[0], deadline));
      if (other) {
        Error error = duplicate(*schema, index->columns, each.values).error();
        error.message += ": rows " + values_of(*other) + " and " + values_of(each.primary) + " have these values; change one";
        co_return fail(std::move(error));
      }
    }
    transaction_->hold(each.row);
    transaction_->put(each.entry.first, each.entry.second);
    ++step.changed;
  }
  co_return step;
}

}  // namespace latium
