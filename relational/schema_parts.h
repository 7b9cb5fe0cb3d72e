// What making a schema and changing one share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "relational/schema.h"

namespace latium {

/// Without regard to the case of A-Z, as SQL compares names.
bool same_name(std::string_view a, std::string_view b);

/// A name as messages show it: 'name'.
std::string quoted(std::string_view name);

/// `invalid_argument`: "table 'name': what".
std::unexpected<Error> refused(const TableSchema& schema, std::string_view what);

/// The column with the next id, which it takes; absent_value is null. Not added, and only its default is checked.
Result<ColumnSchema> next_column(TableSchema& schema, const Column& column);

/// The index with the next id, which it takes. Not added, and only its columns are looked up.
Result<IndexSchema> next_index(TableSchema& schema, const Index& index, IndexState state);

/// `user` is who names them, for the message.
Result<std::vector<ColumnId>> columns_named(const TableSchema& schema, const std::string& user,
                                            const std::vector<std::string>& names);

}  // namespace latium
