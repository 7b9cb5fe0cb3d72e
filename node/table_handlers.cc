#include <utility>

#include "node/handlers.h"
#include "node/message.h"
#include "node/table_access.h"
#include "node/tenants.h"
#include "proto/table.pb.h"

namespace latium {

namespace {

Task<CatalogPlace> find_place(NodeCore& core, std::string tenant, MonotonicTime deadline) {
  LATIUM_CO_TRY(const auto handle, co_await find_tenant(core.cluster(), std::move(tenant), deadline));
  co_return catalog_place(*handle);
}

Task<TableChange> alter(NodeCore& core, CatalogPlace place, const client::TableAlterRequest& request, MonotonicTime deadline) {
  Catalog& tables = core.tables();
  switch (request.change_case()) {
    case client::TableAlterRequest::kAddColumn: {
      LATIUM_CO_TRY(Column column, from_message(request.add_column()));
      co_return co_await tables.add_column(place, request.name(), std::move(column), deadline);
    }
    case client::TableAlterRequest::kDropColumn:
      co_return co_await tables.drop_column(place, request.name(), request.drop_column(), deadline);
    case client::TableAlterRequest::kRenameColumn:
      co_return co_await tables.rename_column(place, request.name(), request.rename_column().from(), request.rename_column().to(),
                                              deadline);
    case client::TableAlterRequest::kAddIndex:
      co_return co_await core.table_work().create_index(place, request.name(), from_message(request.add_index()), deadline);
    case client::TableAlterRequest::kDropIndex:
      co_return co_await core.table_work().drop_index(place, request.name(), request.drop_index(), deadline);
    case client::TableAlterRequest::CHANGE_NOT_SET:
      break;
  }
  co_return fail(ErrorCode::invalid_argument, "this node does not know the change of the table: it may be older than its caller");
}

}  // namespace

Task<Bytes> handle_table_create(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_TRY(const auto request, parse_request<client::TableCreateRequest>(bytes));
  LATIUM_CO_TRY(TableDefinition definition, from_message(request.table()));
  LATIUM_CO_TRY(const CatalogPlace place, co_await find_place(core, request.tenant(), deadline));
  LATIUM_CO_TRY(const TableChange made, co_await core.tables().create_table(place, std::move(definition), deadline));
  client::TableCreateResponse response;
  to_message(made, *response.mutable_table());
  co_return response.SerializeAsString();
}

Task<Bytes> handle_table_drop(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_TRY(const auto request, parse_request<client::TableDropRequest>(bytes));
  LATIUM_CO_TRY(const CatalogPlace place, co_await find_place(core, request.tenant(), deadline));
  LATIUM_CO_TRY(const TableChange dropped, co_await core.tables().drop_table(place, request.name(), deadline));
  client::TableDropResponse response;
  response.set_id(dropped.schema.id.value);
  response.set_settled(dropped.settled);
  co_return response.SerializeAsString();
}

Task<Bytes> handle_table_list(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_TRY(const auto request, parse_request<client::TableListRequest>(bytes));
  LATIUM_CO_TRY(const CatalogPlace place, co_await find_place(core, request.tenant(), deadline));
  LATIUM_CO_TRY(const std::vector<TableChange> tables, co_await core.tables().list(place, deadline));
  client::TableListResponse response;
  for (const TableChange& table : tables) to_message(table, *response.add_tables());
  co_return response.SerializeAsString();
}

Task<Bytes> handle_table_describe(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_TRY(const auto request, parse_request<client::TableDescribeRequest>(bytes));
  LATIUM_CO_TRY(const CatalogPlace place, co_await find_place(core, request.tenant(), deadline));
  LATIUM_CO_TRY(const TableChange table, co_await core.tables().describe(place, request.name(), deadline));
  client::TableDescribeResponse response;
  to_message(table, *response.mutable_table());
  co_return response.SerializeAsString();
}

Task<Bytes> handle_table_alter(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_TRY(const auto request, parse_request<client::TableAlterRequest>(bytes));
  LATIUM_CO_TRY(const CatalogPlace place, co_await find_place(core, request.tenant(), deadline));
  LATIUM_CO_TRY(const TableChange changed, co_await alter(core, place, request, deadline));
  client::TableAlterResponse response;
  to_message(changed, *response.mutable_table());
  co_return response.SerializeAsString();
}

}  // namespace latium
