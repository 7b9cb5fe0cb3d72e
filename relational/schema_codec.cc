// Schemas as latium.catalog.TableRecord.
#include "base/check.h"
#include "proto/catalog.pb.h"
#include "relational/key_codec.h"
#include "relational/schema.h"

namespace latium {
namespace {

// Both enums in C++ have the numbers of those in the record.
static_assert(static_cast<int>(ValueType::boolean) == catalog::TYPE_BOOLEAN &&
              static_cast<int>(ValueType::any) == catalog::TYPE_ANY);
static_assert(static_cast<int>(IndexState::write_only) == catalog::STATE_WRITE_ONLY &&
              static_cast<int>(IndexState::dropping) == catalog::STATE_DROPPING);

Bytes encode_value(const Value& value) {
  if (value.is_null()) return {};
  const auto bytes = encode_tuple(std::span(&value, 1));
  LATIUM_CHECK(bytes.has_value(), "a value that fits its column has a place in keys");
  return *bytes;
}

Result<Value> decode_value(BytesView stored) {
  if (stored.empty()) return Value();
  LATIUM_TRY(Value value, take_key_value(stored));
  if (!stored.empty() || value.is_null()) return fail(ErrorCode::corruption, "a default in a table record is not one value");
  return value;
}

template <class Ids>
std::vector<ColumnId> column_ids(const Ids& stored) {
  std::vector<ColumnId> out;
  for (const std::uint32_t id : stored) out.push_back(ColumnId{id});
  return out;
}

void encode_column(const ColumnSchema& column, catalog::ColumnRecord& out) {
  out.set_id(column.id.value);
  out.set_name(column.name);
  out.set_type(static_cast<catalog::Type>(column.type));
  out.set_nullable(column.nullable);
  out.set_default_value(encode_value(column.default_value));
  out.set_absent_value(encode_value(column.absent_value));
  out.set_nocase(column.nocase);
  out.set_auto_increment(column.auto_increment);
}

Result<ColumnSchema> decode_column(const catalog::ColumnRecord& stored) {
  // A type that is not known here becomes 0, which check_schema refuses.
  const auto type = catalog::Type_IsValid(stored.type()) ? static_cast<ValueType>(stored.type()) : ValueType::null;
  ColumnSchema out{.id = ColumnId{stored.id()},
                   .name = stored.name(),
                   .type = type,
                   .nullable = stored.nullable(),
                   .default_value = {},
                   .absent_value = {},
                   .nocase = stored.nocase(),
                   .auto_increment = stored.auto_increment()};
  LATIUM_TRY(out.default_value, decode_value(stored.default_value()));
  LATIUM_TRY(out.absent_value, decode_value(stored.absent_value()));
  return out;
}

void encode_index(const IndexSchema& index, catalog::IndexRecord& out) {
  out.set_id(index.id.value);
  out.set_name(index.name);
  for (const ColumnId column : index.columns) out.add_columns(column.value);
  out.set_unique(index.unique);
  out.set_state(static_cast<catalog::State>(index.state));
}

IndexSchema decode_index(const catalog::IndexRecord& stored) {
  const auto state = catalog::State_IsValid(stored.state()) ? static_cast<IndexState>(stored.state()) : IndexState{};
  return {.id = IndexId{stored.id()},
          .name = stored.name(),
          .columns = column_ids(stored.columns()),
          .unique = stored.unique(),
          .state = state};
}

}  // namespace

Bytes encode_schema(const TableSchema& schema) {
  catalog::TableRecord out;
  out.set_id(schema.id.value);
  out.set_version(schema.version);
  out.set_name(schema.name);
  for (const ColumnSchema& column : schema.columns) encode_column(column, *out.add_columns());
  for (const ColumnId column : schema.primary_key) out.add_primary_key(column.value);
  for (const IndexSchema& index : schema.indexes) encode_index(index, *out.add_indexes());
  for (const ForeignKeySchema& key : schema.foreign_keys) {
    catalog::ForeignKeyRecord& record = *out.add_foreign_keys();
    for (const ColumnId column : key.columns) record.add_columns(column.value);
    record.set_table(key.table);
    for (const std::string& referenced : key.referenced) record.add_referenced(referenced);
  }
  out.set_parent(schema.parent);
  out.set_tenant_by(schema.tenant_by.value);
  out.set_next_column(schema.next_column.value);
  out.set_next_index(schema.next_index.value);
  for (const IndexId index : schema.unswept_indexes) out.add_unswept_indexes(index.value);
  out.set_sql(schema.sql);
  for (const std::string& table : schema.sql_references) out.add_sql_references(table);
  out.set_named(schema.named);
  out.set_unannounced(schema.unannounced);
  if (schema.moving) {
    out.mutable_moving()->set_to(schema.moving->to);
    out.mutable_moving()->set_attempt(schema.moving->attempt);
  }
  return out.SerializeAsString();
}

Result<TableSchema> decode_schema(BytesView stored) {
  catalog::TableRecord record;
  if (stored.size() > kMaxSchemaBytes || !record.ParseFromArray(stored.data(), static_cast<int>(stored.size()))) {
    return fail(ErrorCode::corruption, "a table record does not parse");
  }
  TableSchema out;
  out.id = TableId{record.id()};
  out.version = record.version();
  out.name = record.name();
  for (const catalog::ColumnRecord& column : record.columns()) {
    LATIUM_TRY(ColumnSchema decoded, decode_column(column));
    out.columns.push_back(std::move(decoded));
  }
  out.primary_key = column_ids(record.primary_key());
  for (const catalog::IndexRecord& index : record.indexes()) out.indexes.push_back(decode_index(index));
  for (const catalog::ForeignKeyRecord& key : record.foreign_keys()) {
    out.foreign_keys.push_back({column_ids(key.columns()), key.table(), {key.referenced().begin(), key.referenced().end()}});
  }
  out.parent = record.parent();
  out.tenant_by = ColumnId{record.tenant_by()};
  out.next_column = ColumnId{record.next_column()};
  out.next_index = IndexId{record.next_index()};
  for (const std::uint32_t index : record.unswept_indexes()) out.unswept_indexes.push_back(IndexId{index});
  out.sql = record.sql();
  out.sql_references = {record.sql_references().begin(), record.sql_references().end()};
  out.named = record.named();
  out.unannounced = record.unannounced();
  if (record.has_moving()) out.moving = TableMove{record.moving().to(), record.moving().attempt()};
  if (const auto checked = check_schema(out); !checked) {
    return fail(ErrorCode::corruption, "the record of a table holds what cannot be: " + checked.error().message);
  }
  return out;
}

}  // namespace latium
