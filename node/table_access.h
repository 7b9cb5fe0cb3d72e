// What users do with tables: between public types, the catalog's and messages.
#pragma once

#include "latium/database.h"
#include "relational/catalog.h"
#include "ring/tenant_catalog.h"

namespace latium {

namespace client {
class Column;
class Index;
class Table;
}  // namespace client

/// Where the tenant's tables are kept. `unknown_tenant`: it was dropped.
Result<CatalogPlace> catalog_place(const TenantHandle& tenant);

TableInfo to_info(const TableChange& table);

void to_message(const Column& column, client::Column& out);
void to_message(const Index& index, client::Index& out);
void to_message(const TableDefinition& definition, client::Table& out);
/// With ids, versions and states of indexes.
void to_message(const TableChange& table, client::Table& out);

/// `invalid_argument` on what to_message cannot have made; whether it can be a table is make_schema()'s to say.
Result<Column> from_message(const client::Column& message);
Index from_message(const client::Index& message);
Result<TableDefinition> from_message(const client::Table& message);

}  // namespace latium
