// Statements that SQLite does not run over virtual tables as they are written.
#pragma once

#include <string>
#include <string_view>

#include "relational/sql/hub.h"

namespace latium::sql {

/// The statement with the defaults of columns that an INSERT leaves out: SQLite gives virtual tables nulls for them. Nor does it
/// know which of their columns are generated: an INSERT without a list of columns gets one, and it is an error to name one.
Result<std::string> with_defaults(const Hub& hub, std::string_view sql);

}  // namespace latium::sql
