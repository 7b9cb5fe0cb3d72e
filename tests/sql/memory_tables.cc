#include "tests/sql/memory_tables.h"

#include <algorithm>

#include "relational/row_codec.h"
#include "relational/row_keys.h"
#include "relational/session_errors.h"
#include "relational/sql/kept_bytes.h"

namespace latium::testing {

namespace {

std::unexpected<Error> missing(const std::string& table) {
  return fail(ErrorCode::not_found, "there is no table '" + table + "'");
}

}  // namespace

Result<std::vector<sql::Schema>> MemoryTables::tables() {
  std::vector<sql::Schema> out;
  for (const auto& [name, schema] : database_->tables) out.push_back(schema);
  return out;
}

Result<void> MemoryTables::create_table(const TableDefinition& definition) {
  LATIUM_TRY(TableSchema schema, make_schema(definition, TableId{database_->next_table}));
  const std::string folded = fold_nocase(definition.name);
  if (database_->tables.contains(folded)) return fail(ErrorCode::already_exists, "table " + definition.name + " already exists");
  ++database_->next_table;
  for (const std::string& named : tables_named(schema)) {
    const auto parent = database_->tables.find(named);
    if (parent != database_->tables.end()) parent->second = std::make_shared<const TableSchema>(named_once_more(*parent->second));
  }
  database_->tables.emplace(folded, std::make_shared<const TableSchema>(std::move(schema)));
  return {};
}

Result<void> MemoryTables::drop_table(const std::string& table) {
  return database_->tables.erase(fold_nocase(table)) > 0 ? Result<void>() : missing(table);
}

Result<void> MemoryTables::rename_table(const std::string& from, const std::string& to, const std::string& sql) {
  const auto found = database_->tables.find(fold_nocase(from));
  if (found == database_->tables.end()) return missing(from);
  LATIUM_TRY(TableSchema next, latium::rename_table(*found->second, to, sql));
  for (auto& [name, other] : database_->tables) {
    const std::vector<std::string> named = tables_named(*other);
    if (std::ranges::find(named, fold_nocase(from)) == named.end()) continue;
    LATIUM_TRY(TableSchema follower, names_renamed(*other, from, to));
    follower.unannounced = false;
    other = std::make_shared<const TableSchema>(std::move(follower));
  }
  database_->tables.erase(found);
  database_->tables.emplace(fold_nocase(to), std::make_shared<const TableSchema>(std::move(next)));
  return {};
}

Result<void> MemoryTables::change_table(const std::string& table, Change change) {
  const auto found = database_->tables.find(fold_nocase(table));
  if (found == database_->tables.end()) return missing(table);
  const sql::Schema before = found->second;
  LATIUM_TRY(TableSchema next, change(*before));
  // Rows as they are read under the new version.
  for (auto& [key, row] : database_->rows[before->id]) {
    LATIUM_TRY(const Bytes stored, encode_row(*before, row));
    LATIUM_TRY(row, decode_row(next, stored));
  }
  found->second = std::make_shared<const TableSchema>(std::move(next));
  ++database_->commits;
  return {};
}

Result<void> MemoryTables::create_index(const std::string& table, const Index& index) {
  const auto found = database_->tables.find(fold_nocase(table));
  if (found == database_->tables.end()) return missing(table);
  LATIUM_TRY(TableSchema next, add_index(*found->second, index));
  LATIUM_TRY(next, index_became_public(next, index.name));
  std::map<Bytes, int> values;
  for (const auto& [key, row] : database_->rows[next.id]) {
    LATIUM_TRY(const auto entry, unique_entry_key(next, *next.find_index(index.name), row));
    if (index.unique && entry && values[*entry]++ > 0) {
      return duplicate(next, next.find_index(index.name)->columns, indexed_values(next, *next.find_index(index.name), row));
    }
  }
  found->second = std::make_shared<const TableSchema>(std::move(next));
  return {};
}

Result<void> MemoryTables::drop_index(const std::string& table, const std::string& index) {
  return change_table(table, [&](const TableSchema& schema) -> Result<TableSchema> {
    LATIUM_TRY(const TableSchema dropping, latium::drop_index(schema, index));
    return forget_index(dropping, index);
  });
}

Result<std::vector<std::pair<std::string, std::string>>> MemoryTables::views() {
  return std::vector<std::pair<std::string, std::string>>(database_->views.begin(), database_->views.end());
}

Result<void> MemoryTables::create_view(const std::string& name, const std::string& sql) {
  if (!database_->views.emplace(name, sql).second) return fail(ErrorCode::already_exists, "view " + name + " already exists");
  return {};
}

Result<void> MemoryTables::replace_view(const std::string& name, const std::string& sql) {
  const auto found = database_->views.find(name);
  if (found == database_->views.end()) return fail(ErrorCode::not_found, "no such view: " + name);
  found->second = sql;
  return {};
}

Result<void> MemoryTables::drop_view(const std::string& name) {
  database_->views.erase(name);
  return {};
}

void MemoryTables::begin() {
  if (open_) return;
  open_ = true;
  wrote_ = false;
  kept_ = 0;
  began_ = database_->commits;
  rows_ = database_->rows;
}

Result<void> MemoryTables::current(const sql::Schema& table) const {
  const auto found = database_->tables.find(fold_nocase(table->name));
  if (found != database_->tables.end() && *found->second == *table) return {};
  return fail(ErrorCode::stale_topology, "table '" + table->name + "' has changed");
}

Result<std::shared_ptr<ImageUse>> MemoryTables::image(const sql::Schema& table, std::size_t) {
  if (!whole) return nullptr;
  begin();
  LATIUM_CHECKED(current(table));
  ++images;
  std::vector<TableImage::Kept> kept;
  for (const auto& [key, row] : rows_[table->id]) {
    LATIUM_TRY(Bytes encoded, encode_row(*table, row));
    kept.push_back(
        {table_register(TenantId{1}, 1, key, key), {.ts = Hlc{1}, .txn = {}, .present = true, .row = std::move(encoded)}});
  }
  LATIUM_TRY(auto image, TableImage::make(*table, std::move(kept), {}));
  return std::make_shared<ImageUse>(std::move(image));
}

Result<std::vector<sql::Found>> MemoryTables::find(const sql::Schema& table, std::vector<sql::LookUp> wanted, std::size_t limit) {
  LATIUM_CHECKED(current(table));
  begin();
  ++finds;
  std::vector<sql::Found> out;
  for (const sql::LookUp& look_up : wanted) {
    const RowRange& range = look_up.range;
    const IndexSchema* const index = look_up.index.empty() ? nullptr : table->find_index(look_up.index);
    LATIUM_TRY(TupleRange keys, index == nullptr ? rows_between(*table, range.equal, range.low, range.high)
                                                 : entries_between(*table, *index, range.equal, range.low, range.high));
    if (!look_up.after.empty()) keys.begin = look_up.after + '\0';
    std::map<Bytes, const Row*> found;
    for (const auto& [key, row] : rows_[table->id]) {
      Bytes at = key;
      if (index != nullptr && index->unique) {
        LATIUM_TRY(const auto entry, unique_entry_key(*table, *index, row));
        if (!entry) continue;
        at = *entry;
      } else if (index != nullptr) {
        LATIUM_TRY(const IndexEntryKey entry, index_entry_key(*table, *index, row));
        at = entry.key;
      }
      if (keys.contains(at)) found.emplace(std::move(at), &row);
    }
    sql::Found& page = out.emplace_back();
    for (const auto& [at, row] : found) {
      if (page.rows.size() == limit) break;
      page.rows.push_back(*row);
      page.next = at;
    }
    if (page.rows.size() == found.size()) page.next.clear();
  }
  return out;
}

Result<std::vector<std::pair<Bytes, std::string>>> MemoryTables::duplicates(const TableSchema& table, const Row& row,
                                                                            const Bytes& mine) {
  std::vector<std::pair<Bytes, std::string>> out;
  const MemoryDatabase::Rows& rows = rows_[table.id];
  LATIUM_TRY(const Bytes key, row_key(table, row));
  if (key != mine && rows.contains(key)) {
    out.emplace_back(key, duplicate(table, table.primary_key, primary_key_of(table, row)).error().message);
  }
  for (const IndexSchema& index : table.indexes) {
    if (!index.unique) continue;
    LATIUM_TRY(const auto entry, unique_entry_key(table, index, row));
    if (!entry) continue;
    for (const auto& [other_key, other] : rows) {
      LATIUM_TRY(const auto other_entry, unique_entry_key(table, index, other));
      if (other_key == mine || other_entry != entry) continue;
      out.emplace_back(other_key, duplicate(table, index.columns, indexed_values(table, index, row)).error().message);
    }
  }
  return out;
}

Result<sql::Written> MemoryTables::write_one(const TableSchema& table, sql::RowWrite write) {
  using Kind = sql::RowWrite::Kind;
  MemoryDatabase::Rows& rows = rows_[table.id];
  sql::Written out;
  Bytes mine;
  if (write.kind != Kind::insert) {
    LATIUM_TRY(mine, row_key(table, write.key));
    out.done = rows.contains(mine);
    if (!out.done) return out;
  }
  if (write.kind == Kind::remove) {
    rows.erase(mine);
    return out;
  }
  const ColumnSchema* const numbered = table.auto_increment_column();
  if (numbered != nullptr && write.kind == Kind::insert && write.row.values[table.position(numbered->id)].is_null()) {
    // SQLite's own rule, so that tests can compare.
    out.number = rows.empty() ? 1 : rows.rbegin()->second.values[table.position(numbered->id)].get<std::int64_t>() + 1;
    write.row.values[table.position(numbered->id)] = Value(*out.number);
  }
  LATIUM_TRY(Row row, fit_row(table, std::move(write.row)));
  LATIUM_TRY(const auto others, duplicates(table, row, mine));
  if (!others.empty() && write.on_duplicate == sql::OnDuplicate::ignore) {
    out.done = false;
    return out;
  }
  if (!others.empty() && write.on_duplicate == sql::OnDuplicate::fail) return fail(ErrorCode::already_exists, others[0].second);
  for (const auto& [key, message] : others) rows.erase(key);
  if (write.kind == Kind::update) rows.erase(mine);
  LATIUM_TRY(Bytes key, row_key(table, row));
  rows.insert_or_assign(std::move(key), std::move(row));
  return out;
}

Result<std::vector<sql::Written>> MemoryTables::write(const sql::Schema& table, std::vector<sql::RowWrite> writes) {
  LATIUM_CHECKED(current(table));
  begin();
  wrote_ = true;
  std::vector<sql::Written> out;
  for (sql::RowWrite& write : writes) {
    kept_ += sql::bytes_of(write.row);
    LATIUM_TRY(sql::Written written, write_one(*table, std::move(write)));
    out.push_back(written);
  }
  return out;
}

std::unique_ptr<sql::TableAccess::Mark> MemoryTables::mark() {
  begin();
  auto copy = std::make_unique<Copy>();
  copy->rows = rows_;
  return copy;
}

void MemoryTables::rollback_to(const Mark& mark) {
  rows_ = static_cast<const Copy&>(mark).rows;
}

Result<void> MemoryTables::commit() {
  if (!std::exchange(open_, false) || !wrote_) return {};
  if (database_->commits != began_) return fail(ErrorCode::conflict, "another session has committed since");
  ++database_->commits;
  database_->rows = std::move(rows_);
  return {};
}

}  // namespace latium::testing
