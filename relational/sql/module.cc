#include "relational/sql/module.h"

#include <memory>
#include <vector>

#include "relational/sql/cursor.h"

namespace latium::sql {

namespace {

// What SQLite keeps with the module.
struct Registered {
  Hub& hub;
  TablePtr table;
};

VirtualTable& of(sqlite3_vtab* table) {
  return *static_cast<VirtualTable*>(table);
}
Cursor& of(sqlite3_vtab_cursor* cursor) {
  return *static_cast<Cursor*>(cursor);
}

int connect(sqlite3* db, void* given, int, const char* const*, sqlite3_vtab** out, char** error) {
  const auto& registered = *static_cast<Registered*>(given);
  if (const int code = sqlite3_declare_vtab(db, registered.table->declaration().c_str()); code != SQLITE_OK) {
    *error = sqlite3_mprintf("%s", sqlite3_errmsg(db));
    return code;
  }
  sqlite3_vtab_config(db, SQLITE_VTAB_CONSTRAINT_SUPPORT, 1);
  sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
  *out = std::make_unique<VirtualTable>(db, registered.hub, registered.table).release();
  return SQLITE_OK;
}

int disconnect(sqlite3_vtab* table) {
  const std::unique_ptr<VirtualTable> owned(&of(table));
  return SQLITE_OK;
}

int best_index(sqlite3_vtab* table, sqlite3_index_info* info) {
  info->idxNum = of(table).number_of(make_plan(*of(table).table, *info));
  return SQLITE_OK;
}

int open(sqlite3_vtab* table, sqlite3_vtab_cursor** out) {
  *out = std::make_unique<Cursor>(of(table)).release();
  return SQLITE_OK;
}

int close(sqlite3_vtab_cursor* cursor) {
  const std::unique_ptr<Cursor> owned(&of(cursor));
  return SQLITE_OK;
}

int filter(sqlite3_vtab_cursor* cursor, int plan, const char*, int count, sqlite3_value** arguments) {
  VirtualTable& table = of(cursor).owner();
  auto done = of(cursor).filter(table.plans[static_cast<std::size_t>(plan)], {arguments, static_cast<std::size_t>(count)});
  return done ? SQLITE_OK : table.hub.failed(&table, std::move(done).error());
}

int next(sqlite3_vtab_cursor* cursor) {
  auto done = of(cursor).next();
  VirtualTable& table = of(cursor).owner();
  return done ? SQLITE_OK : table.hub.failed(&table, std::move(done).error());
}

int eof(sqlite3_vtab_cursor* cursor) {
  return of(cursor).at_end() ? 1 : 0;
}

int column(sqlite3_vtab_cursor* cursor, sqlite3_context* context, int at) {
  const SqlTable& table = *of(cursor).owner().table;
  if (sqlite3_vtab_nochange(context) != 0 && of(cursor).run) of(cursor).run->keeps(table, static_cast<std::size_t>(at));
  return_value(context, of(cursor).row().values[table.position(static_cast<std::size_t>(at))], of(cursor).row_stays());
  return SQLITE_OK;
}

int rowid(sqlite3_vtab_cursor* cursor, sqlite3_int64* out) {
  VirtualTable& table = of(cursor).owner();
  *out = table.hub.numbers.number_of(*table.table, of(cursor).row());
  return SQLITE_OK;
}

int update(sqlite3_vtab* table, int count, sqlite3_value** arguments, sqlite3_int64* number) {
  return update_row(of(table), std::vector<sqlite3_value*>(arguments, arguments + count), *number);
}

const sqlite3_module kModule = [] {
  sqlite3_module module{};
  module.iVersion = 3;
  module.xConnect = connect;
  module.xDisconnect = disconnect;
  module.xDestroy = disconnect;
  module.xBestIndex = best_index;
  module.xOpen = open;
  module.xClose = close;
  module.xFilter = filter;
  module.xNext = next;
  module.xEof = eof;
  module.xColumn = column;
  module.xRowid = rowid;
  module.xUpdate = update;
  return module;
}();

}  // namespace

Result<void> register_table(sqlite3* db, Hub& hub, TablePtr table) {
  const std::string name = table->name;
  auto registered = std::make_unique<Registered>(Registered{hub, std::move(table)});
  const int code = sqlite3_create_module_v2(db, name.c_str(), &kModule, registered.release(), [](void* given) {
    const std::unique_ptr<Registered> owned(static_cast<Registered*>(given));
  });
  if (code != SQLITE_OK) return fail(ErrorCode::internal, "SQLite does not take table '" + name + "': " + sqlite3_errmsg(db));
  return {};
}

void unregister_table(sqlite3* db, const std::string& name) {
  sqlite3_create_module_v2(db, name.c_str(), nullptr, nullptr, nullptr);
}

}  // namespace latium::sql
