#include "relational/sql/hub.h"

#include "relational/row_keys.h"
#include "relational/sql/references.h"
#include "relational/sql/run.h"

namespace latium::sql {

std::int64_t RowNumbers::number_of(const SqlTable& table, const Row& row) {
  if (table.rowid) {
    const auto number = row.values[*table.rowid].get<std::int64_t>();
    if (!row.unknown.empty()) tables_[table.schema->id].unknown.insert_or_assign(number, row.unknown);
    return number;
  }
  Table& known = tables_[table.schema->id];
  const auto key = row_key(*table.schema, row);
  const auto [at, added] = known.numbers.try_emplace(key ? *key : Bytes(), static_cast<std::int64_t>(known.keys.size()) + 1);
  if (added) known.keys.push_back(primary_key_of(*table.schema, row));
  if (!row.unknown.empty()) known.unknown.insert_or_assign(at->second, row.unknown);
  return at->second;
}

std::optional<std::vector<Value>> RowNumbers::key_of(const SqlTable& table, std::int64_t number) const {
  if (table.rowid) return std::vector<Value>{Value(number)};
  const auto known = tables_.find(table.schema->id);
  if (known == tables_.end() || number < 1 || static_cast<std::size_t>(number) > known->second.keys.size()) return std::nullopt;
  return known->second.keys[static_cast<std::size_t>(number) - 1];
}

std::string RowNumbers::unknown_of(const SqlTable& table, std::int64_t number) const {
  const auto known = tables_.find(table.schema->id);
  if (known == tables_.end()) return {};
  const auto found = known->second.unknown.find(number);
  return found == known->second.unknown.end() ? std::string() : found->second;
}

int Hub::failed(sqlite3_vtab* table, Error why) {
  sqlite3_free(table->zErrMsg);
  table->zErrMsg = sqlite3_mprintf("%s", why.message.c_str());
  error = std::move(why);
  return error->code == ErrorCode::conflict ? SQLITE_BUSY_SNAPSHOT : SQLITE_ERROR;
}

Result<void> Hub::check_read(std::size_t rows) const {
  if (rows <= options.max_rows_read) return {};
  return fail(ErrorCode::invalid_argument, "the statement reads more than " + std::to_string(options.max_rows_read) +
                                               " rows, its limit: narrow it down, or raise max_rows_read");
}

Result<void> Hub::check_kept() const {
  if (kept + access->kept_bytes() <= options.max_bytes) return {};
  return fail(ErrorCode::invalid_argument, "the session keeps more than " + std::to_string(options.max_bytes) +
                                               " bytes of rows, its limit: read and write fewer at once, end the transaction "
                                               "earlier, or raise max_bytes");
}

Result<void> Hub::check_wan() const {
  if (!options.max_wan_round_trips) return {};
  const std::uint32_t taken = access->cost().wan_round_trips - wan_before;
  if (taken <= *options.max_wan_round_trips) return {};
  return fail(ErrorCode::invalid_argument, "the statement has taken " + std::to_string(taken) +
                                               " WAN round trips, above its limit of " +
                                               std::to_string(*options.max_wan_round_trips) +
                                               ": read where a replica is near, narrow it down, or raise max_wan_round_trips");
}

Result<void> Hub::flush_for(const SqlTable& table) {
  if (pending_table && pending_table->schema->id == table.schema->id) return flush();
  return {};
}

Result<std::vector<Found>> Hub::find(const TablePtr& table, std::vector<LookUp> wanted, std::size_t limit) {
  LATIUM_TRY(std::vector<Found> found, access->find(table->schema, std::move(wanted), limit));
  std::size_t rows = 0;
  for (const Found& each : found) rows += each.rows.size();
  ++stats.batches;
  stats.rows_read += rows;
  LATIUM_CHECKED(check_wan());
  LATIUM_CHECKED(check_kept());
  if (!run) return found;
  ++run->stats.batches;
  run->stats.rows_read += rows;
  LATIUM_CHECKED(check_read(run->stats.rows_read));
  return found;
}

Result<void> Hub::flush() {
  if (pending.empty()) return {};
  const TablePtr table = std::exchange(pending_table, nullptr);
  std::vector<RowWrite> writes = std::exchange(pending, {});
  pending_kept.clear();
  // Whatever changes a row where others name it did not wait.
  LATIUM_CHECKED(references->write(table, std::move(writes), false));
  return {};
}

}  // namespace latium::sql
