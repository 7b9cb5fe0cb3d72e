#include "node/cli/table_output.h"

#include <nlohmann/json.hpp>
#include <ostream>

#include "latium/table.h"
#include "node/table_access.h"
#include "proto/table.pb.h"

namespace latium::cli {

namespace {

template <class Names>
std::string joined(const Names& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

template <class Names>
Json array(const Names& names) {
  Json out = Json::array();
  for (const std::string& name : names) out.push_back(name);
  return out;
}

Value default_of(const client::Column& column) {
  const auto known = from_message(column);
  return known ? known->default_value : Value();
}

std::string type_of(const client::Column& column) {
  const auto known = from_message(column);
  return known ? std::string(to_string(known->type)) : "unknown";
}

std::string state_of(const client::Index& index) {
  switch (index.state()) {
    case catalog::STATE_WRITE_ONLY:
      return "write_only";
    case catalog::STATE_PUBLIC:
      return "public";
    case catalog::STATE_DROPPING:
      return "dropping";
    default:
      return "unknown";
  }
}

Json json_of(const Value& value) {
  if (value.is_null()) return nullptr;
  if (const auto* boolean = value.get_if<bool>()) return *boolean;
  if (const auto* integer = value.get_if<std::int64_t>()) return *integer;
  if (const auto* real = value.get_if<double>()) return *real;
  if (const auto* text = value.get_if<std::string>()) return *text;
  if (const auto* json = value.get_if<latium::Json>()) return json->text;
  return value.to_string();
}

Json to_json(const client::Column& column) {
  return {{"name", column.name()},         {"type", type_of(column)},
          {"nullable", column.nullable()}, {"default", json_of(default_of(column))},
          {"nocase", column.nocase()},     {"auto_increment", column.auto_increment()}};
}

std::string traits_of(const client::Column& column) {
  std::vector<std::string> traits;
  if (!column.nullable()) traits.emplace_back("not null");
  if (column.auto_increment()) traits.emplace_back("auto");
  if (column.nocase()) traits.emplace_back("nocase");
  if (const Value value = default_of(column); !value.is_null()) traits.push_back("default " + value.to_string());
  return joined(traits);
}

}  // namespace

Json to_json(const client::Table& table) {
  Json columns = Json::array();
  for (const client::Column& column : table.columns()) columns.push_back(to_json(column));
  Json indexes = Json::array();
  for (const client::Index& index : table.indexes()) {
    indexes.push_back(
        {{"name", index.name()}, {"columns", array(index.columns())}, {"unique", index.unique()}, {"state", state_of(index)}});
  }
  Json keys = Json::array();
  for (const client::ForeignKey& key : table.foreign_keys()) {
    keys.push_back({{"columns", array(key.columns())}, {"table", key.table()}, {"referenced", array(key.referenced())}});
  }
  return {{"name", table.name()},          {"id", table.id()},
          {"version", table.version()},    {"settled", table.settled()},
          {"columns", std::move(columns)}, {"primary_key", array(table.primary_key())},
          {"indexes", std::move(indexes)}, {"foreign_keys", std::move(keys)},
          {"parent", table.parent()},      {"tenant_by", table.tenant_by()}};
}

void print_description(std::ostream& out, const client::Table& table) {
  print_fields(out, {{"table", table.name()},
                     {"id", std::to_string(table.id())},
                     {"version", std::to_string(table.version()) + (table.settled() ? "" : " (not on every node yet)")},
                     {"primary key", joined(table.primary_key())},
                     {"parent", table.parent()},
                     {"tenant by", table.tenant_by()}});
  std::vector<std::vector<std::string>> columns = {{"COLUMN", "TYPE", ""}};
  for (const client::Column& column : table.columns()) {
    columns.push_back({for_one_line(column.name()), type_of(column), for_one_line(traits_of(column))});
  }
  out << '\n';
  print_table(out, columns);
  std::vector<std::vector<std::string>> indexes = {{"INDEX", "COLUMNS", ""}};
  for (const client::Index& index : table.indexes()) {
    std::string traits = index.unique() ? "unique" : "";
    if (index.state() != catalog::STATE_PUBLIC) traits += (traits.empty() ? "" : ", ") + state_of(index);
    indexes.push_back({index.name(), joined(index.columns()), traits});
  }
  if (indexes.size() > 1) out << '\n', print_table(out, indexes);
  std::vector<std::vector<std::string>> keys = {{"FOREIGN KEY", "TO"}};
  for (const client::ForeignKey& key : table.foreign_keys()) {
    keys.push_back({joined(key.columns()), key.table() + " (" + joined(key.referenced()) + ")"});
  }
  if (keys.size() > 1) out << '\n', print_table(out, keys);
}

}  // namespace latium::cli
