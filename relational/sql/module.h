// The virtual tables through which SQLite reads and writes ours.
#pragma once

#include <sqlite3.h>

#include "relational/sql/hub.h"

namespace latium::sql {

/// Makes the table known under its name on the connection; replaces one of this name. `hub` outlives the connection.
Result<void> register_table(sqlite3* db, Hub& hub, TablePtr table);
void unregister_table(sqlite3* db, const std::string& name);

}  // namespace latium::sql
