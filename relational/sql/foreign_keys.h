// What SQLite understands of the FOREIGN KEY clauses of a table.
#pragma once

#include <vector>

#include "relational/sql/connection.h"
#include "relational/sql/table.h"
#include "relational/sql_tokens.h"

namespace latium::sql {

/// In the order in which SQLite goes through them: the last one first. `tokens`: the text that made the table.
Result<std::vector<SqlForeignKey>> foreign_keys_of(sqlite3* db, const SqlTable& table, const std::vector<Token>& tokens);

}  // namespace latium::sql
