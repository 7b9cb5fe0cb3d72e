// The public Database: translates between the public types and those of the catalog.
#include "latium/database.h"

#include <utility>

#include "node/call_options.h"
#include "node/database_impl.h"
#include "node/table_access.h"

namespace latium {

namespace {

using Tenant = std::shared_ptr<const TenantHandle>;

// `work` is made only once the deadline is known; it captures nothing that the loop could outlive.
using Work = std::move_only_function<Task<TableChange>(NodeCore&, CatalogPlace, MonotonicTime)>;

Task<TableInfo> one_table(NodeCore& core, Tenant tenant, TableOptions options, Work work) {
  LATIUM_CO_TRY(const MonotonicTime deadline, deadline_of(core.runtime(), options.timeout));
  LATIUM_CO_TRY(const CatalogPlace place, catalog_place(*tenant));
  LATIUM_CO_TRY(const TableChange change, co_await work(core, place, deadline));
  co_return to_info(change);
}

Task<std::vector<TableInfo>> all_tables(NodeCore& core, Tenant tenant, TableOptions options) {
  LATIUM_CO_TRY(const MonotonicTime deadline, deadline_of(core.runtime(), options.timeout));
  LATIUM_CO_TRY(const CatalogPlace place, catalog_place(*tenant));
  LATIUM_CO_TRY(const std::vector<TableChange> found, co_await core.tables().list(place, deadline));
  std::vector<TableInfo> out;
  for (const TableChange& table : found) out.push_back(to_info(table));
  co_return out;
}

Work create(TableDefinition definition) {
  return [definition = std::move(definition)](NodeCore& core, CatalogPlace place, MonotonicTime deadline) mutable {
    return core.tables().create_table(place, std::move(definition), deadline);
  };
}
Work drop(std::string table) {
  return [table = std::move(table)](NodeCore& core, CatalogPlace place, MonotonicTime deadline) {
    return core.tables().drop_table(place, table, deadline);
  };
}
Work show(std::string table) {
  return [table = std::move(table)](NodeCore& core, CatalogPlace place, MonotonicTime deadline) {
    return core.tables().describe(place, table, deadline);
  };
}
Work add(std::string table, Column column) {
  return [table = std::move(table), column = std::move(column)](NodeCore& core, CatalogPlace place, MonotonicTime deadline) {
    return core.tables().add_column(place, table, column, deadline);
  };
}
Work remove(std::string table, std::string column) {
  return [table = std::move(table), column = std::move(column)](NodeCore& core, CatalogPlace place, MonotonicTime deadline) {
    return core.tables().drop_column(place, table, column, deadline);
  };
}
Work rename(std::string table, std::string from, std::string to) {
  return [table = std::move(table), from = std::move(from), to = std::move(to)](NodeCore& core, CatalogPlace place,
                                                                                MonotonicTime deadline) {
    return core.tables().rename_column(place, table, from, to, deadline);
  };
}

Work make_index(std::string table, Index index) {
  return [table = std::move(table), index = std::move(index)](NodeCore& core, CatalogPlace place, MonotonicTime deadline) {
    return core.table_work().create_index(place, table, index, deadline);
  };
}
Work drop_index_of(std::string table, std::string index) {
  return [table = std::move(table), index = std::move(index)](NodeCore& core, CatalogPlace place, MonotonicTime deadline) {
    return core.table_work().drop_index(place, table, index, deadline);
  };
}

}  // namespace

Result<Database> Node::database(std::string_view tenant) {
  LATIUM_TRY(auto handle, impl_->know_tenant(tenant));
  return Database(std::make_shared<Database::Impl>(impl_, std::move(handle)));
}

Database::Database(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<TableInfo> Database::create_table(TableDefinition definition, TableOptions options) {
  return impl_->node->run<TableInfo>(one_table(impl_->core(), impl_->tenant, options, create(std::move(definition))));
}
void Database::create_table_async(TableDefinition definition, TableOptions options, Callback<TableInfo> done) {
  impl_->node->run_async<TableInfo>(one_table(impl_->core(), impl_->tenant, options, create(std::move(definition))),
                                    std::move(done));
}

Result<TableInfo> Database::drop_table(std::string_view table, TableOptions options) {
  return impl_->node->run<TableInfo>(one_table(impl_->core(), impl_->tenant, options, drop(std::string(table))));
}
void Database::drop_table_async(std::string table, TableOptions options, Callback<TableInfo> done) {
  impl_->node->run_async<TableInfo>(one_table(impl_->core(), impl_->tenant, options, drop(std::move(table))), std::move(done));
}

Result<std::vector<TableInfo>> Database::tables(TableOptions options) {
  return impl_->node->run<std::vector<TableInfo>>(all_tables(impl_->core(), impl_->tenant, options));
}
void Database::tables_async(TableOptions options, Callback<std::vector<TableInfo>> done) {
  impl_->node->run_async<std::vector<TableInfo>>(all_tables(impl_->core(), impl_->tenant, options), std::move(done));
}

Result<TableInfo> Database::describe(std::string_view table, TableOptions options) {
  return impl_->node->run<TableInfo>(one_table(impl_->core(), impl_->tenant, options, show(std::string(table))));
}
void Database::describe_async(std::string table, TableOptions options, Callback<TableInfo> done) {
  impl_->node->run_async<TableInfo>(one_table(impl_->core(), impl_->tenant, options, show(std::move(table))), std::move(done));
}

Result<TableInfo> Database::add_column(std::string_view table, Column column, TableOptions options) {
  return impl_->node->run<TableInfo>(
      one_table(impl_->core(), impl_->tenant, options, add(std::string(table), std::move(column))));
}
void Database::add_column_async(std::string table, Column column, TableOptions options, Callback<TableInfo> done) {
  impl_->node->run_async<TableInfo>(one_table(impl_->core(), impl_->tenant, options, add(std::move(table), std::move(column))),
                                    std::move(done));
}

Result<TableInfo> Database::drop_column(std::string_view table, std::string_view column, TableOptions options) {
  return impl_->node->run<TableInfo>(
      one_table(impl_->core(), impl_->tenant, options, remove(std::string(table), std::string(column))));
}
void Database::drop_column_async(std::string table, std::string column, TableOptions options, Callback<TableInfo> done) {
  impl_->node->run_async<TableInfo>(one_table(impl_->core(), impl_->tenant, options, remove(std::move(table), std::move(column))),
                                    std::move(done));
}

Result<TableInfo> Database::rename_column(std::string_view table, std::string_view from, std::string_view to,
                                          TableOptions options) {
  return impl_->node->run<TableInfo>(
      one_table(impl_->core(), impl_->tenant, options, rename(std::string(table), std::string(from), std::string(to))));
}
void Database::rename_column_async(std::string table, std::string from, std::string to, TableOptions options,
                                   Callback<TableInfo> done) {
  impl_->node->run_async<TableInfo>(
      one_table(impl_->core(), impl_->tenant, options, rename(std::move(table), std::move(from), std::move(to))),
      std::move(done));
}

Result<TableInfo> Database::create_index(std::string_view table, Index index, TableOptions options) {
  return impl_->node->run<TableInfo>(
      one_table(impl_->core(), impl_->tenant, options, make_index(std::string(table), std::move(index))));
}
void Database::create_index_async(std::string table, Index index, TableOptions options, Callback<TableInfo> done) {
  impl_->node->run_async<TableInfo>(
      one_table(impl_->core(), impl_->tenant, options, make_index(std::move(table), std::move(index))), std::move(done));
}

Result<TableInfo> Database::drop_index(std::string_view table, std::string_view index, TableOptions options) {
  return impl_->node->run<TableInfo>(
      one_table(impl_->core(), impl_->tenant, options, drop_index_of(std::string(table), std::string(index))));
}
void Database::drop_index_async(std::string table, std::string index, TableOptions options, Callback<TableInfo> done) {
  impl_->node->run_async<TableInfo>(
      one_table(impl_->core(), impl_->tenant, options, drop_index_of(std::move(table), std::move(index))), std::move(done));
}

const std::string& Database::tenant() const {
  return impl_->tenant->name;
}

}  // namespace latium
