#include "node/table_access.h"

#include <utility>

#include "base/check.h"
#include "proto/table.pb.h"
#include "relational/key_codec.h"
#include "relational/table_definition.h"

namespace latium {

namespace {

Bytes encode_default(const Value& value) {
  Bytes out;
  // What has no place in keys is no default either: the node says so, by the name of the column.
  if (!value.is_null() && !append_key_value(out, value)) out = "?";
  return out;
}

template <class Names>
std::vector<std::string> strings(const Names& names) {
  return {names.begin(), names.end()};
}

}  // namespace

Result<CatalogPlace> catalog_place(const TenantHandle& tenant) {
  if (!tenant.dropped()) return CatalogPlace{tenant.id, tenant.partitions};
  return fail(ErrorCode::unknown_tenant, "tenant '" + tenant.name + "' was dropped: create it again, and ask for a new handle");
}

TableInfo to_info(const TableChange& table) {
  TableInfo out{.definition = definition_of(table.schema),
                .unread_indexes = {},
                .id = table.schema.id.value,
                .version = table.schema.version,
                .settled = table.settled};
  for (const IndexSchema& index : table.schema.indexes) {
    if (index.state != IndexState::published) out.unread_indexes.push_back(index.name);
  }
  return out;
}

void to_message(const Column& column, client::Column& out) {
  out.set_name(column.name);
  out.set_type(static_cast<catalog::Type>(column.type));
  out.set_nullable(column.nullable);
  out.set_default_value(encode_default(column.default_value));
  out.set_nocase(column.nocase);
  out.set_auto_increment(column.auto_increment);
}

void to_message(const Index& index, client::Index& out) {
  out.set_name(index.name);
  for (const std::string& column : index.columns) out.add_columns(column);
  out.set_unique(index.unique);
}

void to_message(const TableDefinition& definition, client::Table& out) {
  out.set_name(definition.name);
  for (const Column& column : definition.columns) to_message(column, *out.add_columns());
  for (const std::string& column : definition.primary_key) out.add_primary_key(column);
  for (const Index& index : definition.indexes) to_message(index, *out.add_indexes());
  for (const ForeignKey& key : definition.foreign_keys) {
    client::ForeignKey& message = *out.add_foreign_keys();
    for (const std::string& column : key.columns) message.add_columns(column);
    message.set_table(key.table);
    for (const std::string& column : key.referenced) message.add_referenced(column);
  }
  out.set_parent(definition.parent);
  out.set_tenant_by(definition.tenant_by);
}

void to_message(const TableChange& table, client::Table& out) {
  to_message(definition_of(table.schema), out);
  for (std::size_t i = 0; i < table.schema.indexes.size(); ++i) {
    out.mutable_indexes(static_cast<int>(i))->set_state(static_cast<catalog::State>(table.schema.indexes[i].state));
  }
  out.set_id(table.schema.id.value);
  out.set_version(table.schema.version);
  out.set_settled(table.settled);
}

Result<Column> from_message(const client::Column& message) {
  if (!catalog::Type_IsValid(message.type()) || message.type() == catalog::TYPE_UNKNOWN) {
    return fail(ErrorCode::invalid_argument, "column '" + printable(message.name()) +
                                                 "' has a type that this node does not know: it may be older than its caller");
  }
  Column out{.name = message.name(),
             .type = static_cast<ValueType>(message.type()),
             .nullable = message.nullable(),
             .default_value = {},
             .nocase = message.nocase(),
             .auto_increment = message.auto_increment()};
  if (!message.default_value().empty()) {
    const auto values = decode_tuple(message.default_value());
    if (!values || values->size() != 1) {
      return fail(ErrorCode::invalid_argument, "the default of column '" + printable(message.name()) + "' is not one value");
    }
    out.default_value = values->front();
  }
  return out;
}

Index from_message(const client::Index& message) {
  return {.name = message.name(), .columns = strings(message.columns()), .unique = message.unique()};
}

Result<TableDefinition> from_message(const client::Table& message) {
  TableDefinition out{.name = message.name(), .columns = {}, .primary_key = strings(message.primary_key())};
  for (const client::Column& column : message.columns()) {
    LATIUM_TRY(Column each, from_message(column));
    out.columns.push_back(std::move(each));
  }
  for (const client::Index& index : message.indexes()) out.indexes.push_back(from_message(index));
  for (const client::ForeignKey& key : message.foreign_keys()) {
    out.foreign_keys.push_back(
        {.columns = strings(key.columns()), .table = key.table(), .referenced = strings(key.referenced())});
  }
  out.parent = message.parent();
  out.tenant_by = message.tenant_by();
  return out;
}

}  // namespace latium
