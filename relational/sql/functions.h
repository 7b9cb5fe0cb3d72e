// SQL functions beside SQLite's own.
#pragma once

#include <sqlite3.h>

#include "relational/sql/hub.h"

namespace latium::sql {

/// regexp(pattern, text), so that `text REGEXP pattern` works: RE2's expressions, found anywhere in the text.
/// latium_site(): the site of the node. latium_stats(): what the session has cost so far, as JSON.
Result<void> add_functions(sqlite3* db, Hub& hub);

}  // namespace latium::sql
