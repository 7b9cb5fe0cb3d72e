// The databases of a recorded controller in MariaDB: the statements of the trace, which are SQLite's, in MariaDB's dialect.
#pragma once

#include <memory>
#include <string>

#include "examples/fog_controllers/controller.h"

namespace fog {

/// Databases named `database`_`suffix` of the server behind a local socket, made anew, with the rows of before.
Result<std::unique_ptr<Databases>> open_mariadb(const Trace& trace, const std::string& socket, const std::string& suffix);

/// A statement as MariaDB takes it, with its values in it, as its drivers for Python do.
std::string mariadb_text(const std::string& sql, const std::vector<Value>& values);
/// CREATE TABLE of SQLite as that of MariaDB.
std::string mariadb_schema(std::string sql);

}  // namespace fog
