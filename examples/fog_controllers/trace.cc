#include "examples/fog_controllers/trace.h"

#include <algorithm>
#include <fstream>
#include <istream>
#include <nlohmann/json.hpp>
#include <set>

#include "examples/fog_controllers/boot_script.h"
#include "examples/fog_controllers/tokens.h"

namespace fog {

namespace {

using Json = nlohmann::json;

std::unexpected<latium::Error> bad(std::string what) {
  return std::unexpected(latium::Error(latium::ErrorCode::invalid_argument, std::move(what)));
}

// Throws what the library throws: read_trace() says on which line.
Value value_of(const Json& json) {
  switch (json.type()) {
    case Json::value_t::null:
      return {};
    case Json::value_t::boolean:
      return std::int64_t{json.get<bool>()};
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return json.get<std::int64_t>();
    case Json::value_t::number_float:
      return json.get<double>();
    default:
      return json.get<std::string>();
  }
}

std::vector<Value> values_of(const Json& json) {
  std::vector<Value> out;
  for (const Json& item : json) out.push_back(value_of(item));
  return out;
}

TableRecord table_of(const Json& json) {
  TableRecord out{.database = json.at("db"),
                  .name = json.at("name"),
                  .columns = {},
                  .primary_key = json.at("pk"),
                  .unique = json.at("unique"),
                  .indexes = json.at("index"),
                  .references = {},
                  .rows = {}};
  for (const Json& column : json.at("cols")) out.columns.push_back({column.at(0), column.at(1), column.at(2)});
  for (const Json& key : json.at("fk")) out.references.push_back({key.at(0), key.at(1), key.at(2)});
  for (const Json& row : json.at("rows")) out.rows.push_back(values_of(row));
  return out;
}

Kind kind_of(const std::string& text) {
  if (text == "SELECT") return Kind::select;
  if (text == "INSERT") return Kind::insert;
  if (text == "UPDATE") return Kind::update;
  if (text == "DELETE") return Kind::remove;
  return text == "SAVEPOINT" ? Kind::savepoint : Kind::release;
}

std::string table_written(const Shape& shape) {
  const std::string_view before = shape.kind == Kind::insert   ? "INSERT INTO "
                                  : shape.kind == Kind::remove ? "DELETE FROM "
                                                               : "UPDATE ";
  return shape.sql.substr(before.size(), shape.sql.find(' ', before.size()) - before.size());
}

// The ids that the database gave, worked out as SQLite does: one more than the highest there is.
class IdCounter {
 public:
  explicit IdCounter(const Trace& trace) {
    for (const TableRecord& table : trace.tables) {
      const auto id = table.column("id");
      if (!id) continue;
      std::set<std::int64_t>& taken = ids_[{table.database, table.name}];
      for (const auto& row : table.rows) taken.insert(row[*id].get<std::int64_t>());
    }
  }

  void note(const std::string& database, const Shape& shape, RecordedStatement& statement) {
    const auto found = ids_.find({database, shape.writes() ? table_written(shape) : ""});
    if (found == ids_.end()) return;
    std::set<std::int64_t>& taken = found->second;
    if (shape.kind == Kind::insert) {
      statement.inserted_id = taken.empty() ? 1 : *taken.rbegin() + 1;
      taken.insert(*statement.inserted_id);
    } else if (shape.kind == Kind::remove && shape.sql.ends_with(".id = ?")) {
      taken.erase(statement.parameters.at(0).get<std::int64_t>());
    }
  }

 private:
  std::map<std::pair<std::string, std::string>, std::set<std::int64_t>> ids_;
};

class Reader {
 public:
  void take(const Json& json) {
    const std::string event = json.at("ev");
    if (event == "table") {
      trace_.tables.push_back(table_of(json));
      before_ += json.dump();
    } else if (event == "shape") {
      if (json.at("s") != trace_.shapes.size()) throw std::runtime_error("shapes are not in order");
      trace_.shapes.push_back({kind_of(json.at("kind")), json.at("sql")});
    } else if (event == "boot") {
      trace_.boots.emplace_back();
      texts_.emplace_back();
    } else if (event == "begin") {
      boot().transactions.push_back({.database = json.at("db"), .commits = false, .statements = {}});
    } else if (event == "commit") {
      transaction().commits = true;
    } else if (event == "sql") {
      statement(json);
    }
  }

  Trace finish() {
    for (Shape& shape : trace_.shapes) shape.parameters = parameters_of(trace_, shape);
    for (std::size_t i = 0; i < trace_.boots.size(); ++i) {
      std::string elsewhere = before_;
      for (std::size_t other = 0; other < texts_.size(); ++other) {
        if (other != i) elsewhere += texts_[other];
      }
      trace_.boots[i].tokens = tokens_of(texts_[i], elsewhere);
      find_host(trace_.boots[i]);
    }
    return std::move(trace_);
  }

 private:
  RecordedBoot& boot() {
    if (trace_.boots.empty()) throw std::runtime_error("it stands before the first boot");
    return trace_.boots.back();
  }
  RecordedTransaction& transaction() {
    if (boot().transactions.empty()) throw std::runtime_error("it stands in no transaction");
    return boot().transactions.back();
  }

  void statement(const Json& json) {
    RecordedStatement out{.shape = json.at("s"),
                          .parameters = values_of(json.at("params")),
                          .rows = json.at("rows"),
                          .changes = 0,
                          .inserted_id = {}};
    const Shape& shape = trace_.shapes.at(out.shape);
    if (shape.writes()) out.changes = json.at("rowcount");
    if (!counter_) counter_.emplace(trace_);
    counter_->note(transaction().database, shape, out);
    texts_.back() += json.at("params").dump() + "\n";
    transaction().statements.push_back(std::move(out));
  }

  void find_host(RecordedBoot& boot) const {
    for (const RecordedTransaction& transaction : boot.transactions) {
      for (const RecordedStatement& statement : transaction.statements) {
        const std::string& sql = trace_.shapes[statement.shape].sql;
        if (sql.starts_with("UPDATE instances SET updated_at=?, host=?"))
          boot.host = statement.parameters.at(1).get<std::string>();
        if (!sql.starts_with("INSERT INTO allocations ")) continue;
        boot.provider = statement.parameters.at(1).get<std::int64_t>();
        ++boot.allocations;
      }
    }
  }

  Trace trace_;
  std::string before_;              // all that was there before the first boot
  std::vector<std::string> texts_;  // the values of each boot
  std::optional<IdCounter> counter_;
};

std::string quoted(const std::string& name) {
  return '"' + name + '"';
}

std::string list_of(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + quoted(name);
  return "(" + out + ")";
}

}  // namespace

std::optional<std::size_t> TableRecord::column(const std::string& wanted) const {
  const auto found = std::ranges::find(columns, wanted, &ColumnRecord::name);
  if (found == columns.end()) return {};
  return static_cast<std::size_t>(found - columns.begin());
}

const TableRecord* Trace::table(const std::string& database, const std::string& name) const {
  const auto found =
      std::ranges::find_if(tables, [&](const TableRecord& one) { return one.database == database && one.name == name; });
  return found == tables.end() ? nullptr : &*found;
}

std::vector<std::string> Trace::databases() const {
  std::set<std::string> names;
  for (const TableRecord& table : tables) names.insert(table.database);
  return {names.begin(), names.end()};
}

Result<Trace> read_trace(std::istream& in) {
  Reader reader;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (line.empty()) continue;
    try {
      reader.take(Json::parse(line));
    } catch (const std::exception& error) {
      return bad("line " + std::to_string(number) + " of the trace is wrong: " + error.what());
    }
  }
  Trace trace = reader.finish();
  if (trace.boots.empty() || trace.tables.empty()) return bad("the trace has no tables or no boots: give a whole one");
  return trace;
}

Result<Trace> read_trace_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) return bad("cannot read '" + path + "': give the trace, such as examples/data/boot_trace.jsonl, with --trace");
  return read_trace(file);
}

std::vector<std::string> schema_of(const Trace& trace, const TableRecord& table) {
  std::string sql = "CREATE TABLE " + quoted(table.name) + " (";
  for (const ColumnRecord& column : table.columns) {
    sql += quoted(column.name) + " " + column.type + (column.nullable ? ", " : " NOT NULL, ");
  }
  sql += "PRIMARY KEY " + list_of(table.primary_key);
  for (const auto& unique : table.unique) sql += ", UNIQUE " + list_of(unique);
  for (const Reference& key : table.references) {
    // The trace has only the tables that a boot touches.
    if (trace.table(table.database, key.table) == nullptr) continue;
    sql += ", FOREIGN KEY " + list_of(key.columns) + " REFERENCES " + quoted(key.table) + " " + list_of(key.referenced);
  }
  std::vector<std::string> out = {sql + ")"};
  for (const auto& index : table.indexes) {
    std::string name = table.name;
    for (const std::string& column : index) name += "_" + column;
    out.push_back("CREATE INDEX " + quoted(name + "_idx") + " ON " + quoted(table.name) + " " + list_of(index));
  }
  return out;
}

std::string insert_of(const TableRecord& table, std::size_t rows) {
  std::vector<std::string> names;
  std::string places;
  for (const ColumnRecord& column : table.columns) {
    names.push_back(column.name);
    places += places.empty() ? "?" : ", ?";
  }
  std::string sql = "INSERT INTO " + quoted(table.name) + " " + list_of(names) + " VALUES ";
  for (std::size_t i = 0; i < rows; ++i) sql += (i == 0 ? "(" : ", (") + places + ")";
  return sql;
}

}  // namespace fog
