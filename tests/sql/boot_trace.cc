#include "tests/sql/boot_trace.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "relational/sql_tokens.h"

namespace latium::testing {

namespace {

using nlohmann::json;

Value value_of(const json& value) {
  if (value.is_boolean()) return Value(value.get<bool>() ? 1 : 0);
  if (value.is_number_integer()) return Value(value.get<std::int64_t>());
  if (value.is_number()) return Value(value.get<double>());
  if (value.is_string()) return Value(value.get<std::string>());
  return Value();
}

std::vector<Value> values_of(const json& values) {
  std::vector<Value> out;
  for (const json& value : values) out.push_back(value_of(value));
  return out;
}

std::string list(const json& names) {
  std::string out;
  for (const json& name : names) out += (out.empty() ? "" : ", ") + sql::quote_name(name.get<std::string>());
  return "(" + out + ")";
}

void add_table(const json& table, BootTrace& out) {
  const std::string database = table["db"];
  const std::string name = table["name"];
  std::string sql = "CREATE TABLE " + sql::quote_name(name) + " (";
  for (const json& column : table["cols"]) {
    sql += sql::quote_name(column[0].get<std::string>()) + " " + column[1].get<std::string>() +
           (column[2].get<bool>() ? "" : " NOT NULL") + ", ";
  }
  sql += "PRIMARY KEY " + list(table["pk"]);
  for (const json& columns : table["unique"]) sql += ", UNIQUE " + list(columns);
  for (const json& key : table["fk"]) {
    sql += ", FOREIGN KEY " + list(key[0]) + " REFERENCES " + sql::quote_name(key[1].get<std::string>()) + " " + list(key[2]);
  }
  out.setup.push_back({database, sql + ")"});
  int number = 0;
  for (const json& columns : table["index"]) {
    out.setup.push_back({database, "CREATE INDEX " + sql::quote_name(name + "_" + std::to_string(++number)) + " ON " +
                                       sql::quote_name(name) + list(columns)});
  }
  std::string marks;
  for (std::size_t i = 0; i < table["cols"].size(); ++i) marks += i > 0 ? ", ?" : "?";
  for (const json& row : table["rows"]) {
    out.setup.push_back({database, "INSERT INTO " + sql::quote_name(name) + " VALUES (" + marks + ")", values_of(row)});
  }
}

}  // namespace

BootTrace read_boot_trace() {
  BootTrace out;
  std::map<int, std::string> shapes;
  std::ifstream file(LATIUM_BOOT_TRACE);
  for (std::string line; std::getline(file, line);) {
    const json event = json::parse(line);
    const std::string kind = event["ev"];
    if (kind == "table") add_table(event, out);
    if (kind == "shape") shapes[event["s"]] = event["sql"];
    if (kind == "begin" || kind == "commit" || kind == "rollback") {
      out.boots.push_back({event["db"], kind == "begin" ? "BEGIN" : kind == "commit" ? "COMMIT" : "ROLLBACK"});
    }
    if (kind != "sql") continue;
    TracedStatement statement{event["db"], shapes.at(event["s"]), values_of(event["params"]), event["s"]};
    if (!event["rows"].is_null()) statement.rows = event["rows"];
    if (!event["rowcount"].is_null()) statement.changed = event["rowcount"];
    out.boots.push_back(std::move(statement));
  }
  return out;
}

}  // namespace latium::testing
