// Tables as commands print them.
#pragma once

#include "node/cli/output.h"

namespace latium::client {
class Table;
}

namespace latium::cli {

/// All that a table is; null where a column has no default.
Json to_json(const client::Table& table);
/// For people: what it is, then a line a column, an index and a foreign key.
void print_description(std::ostream& out, const client::Table& table);

}  // namespace latium::cli
