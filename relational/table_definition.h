// A schema as its maker would say it.
#pragma once

#include "latium/table.h"
#include "relational/schema.h"

namespace latium {

/// make_schema() of it is the schema again, but for ids, versions and the states of indexes.
TableDefinition definition_of(const TableSchema& schema);

}  // namespace latium
