#include "tests/sql/sql_generator.h"

#include <utility>

namespace latium::testing {

namespace {

std::string join(const std::vector<std::string>& parts, const std::string& between) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : between) + part;
  return out;
}

}  // namespace

std::vector<std::string> SqlGenerator::names(const Table& table, const std::string& alias) {
  std::vector<std::string> out;
  for (const Column& column : table.columns) out.push_back(alias.empty() ? column.name : alias + "." + column.name);
  return out;
}

std::string SqlGenerator::literal() {
  static const std::vector<std::string> kAll = {"NULL", "0",     "1",   "2",  "3",   "-1",  "5",     "1.0",  "0.5",
                                                "2.5",  "'1'",   "'2'", "''", "'a'", "'A'", "'b'",   "'ab'", "'1.0'",
                                                "'05'", "x'61'", "x''", "4",  "'B'", "1e3", "'1e3'", "'-1'", "' 2'"};
  return one_of(kAll);
}

std::string SqlGenerator::identifier(const std::string& word) {
  static const std::vector<std::string> kBefore = {"order by ", "a\"\"b'", "1st ", "d'\xc3\xa9t\xc3\xa9 ", "a.b-", "?"};
  return chance(15) ? '"' + one_of(kBefore) + word + '"' : word;
}

namespace {

const std::vector<std::string> kTypes = {"INTEGER", "TEXT", "REAL", "NUMERIC", "", "VARCHAR(9)", "BOOLEAN", "DATETIME", "FLOAT"};

}  // namespace

std::string SqlGenerator::create_table(std::size_t number) {
  Table table{.name = identifier("t" + std::to_string(number)), .columns = {}};
  std::vector<std::string> parts;
  const std::size_t kind = below(4);  // of the primary key
  if (kind == 0 || kind == 1) {
    parts.emplace_back("id INTEGER PRIMARY KEY");
    table.columns.push_back({"id", true, true, "INTEGER"});
    table.keys.push_back({"id"});
  }
  const std::size_t count = 2 + below(4);
  std::vector<std::string> key;
  for (std::size_t i = 0; i < count; ++i) {
    Column column{identifier("c" + std::to_string(i))};
    column.type = one_of(kTypes);
    std::string text = column.name + " " + column.type;
    const bool of_key = kind == 2 && key.size() < 2;
    if (of_key) {
      key.push_back(column.name);
      column.unique = column.key = true;
    }
    if (of_key || chance(15)) text += " NOT NULL";
    if (!of_key && chance(20)) text += " DEFAULT " + std::string(chance(50) ? "7" : "'d'");
    column.nocase = chance(15);
    if (column.nocase) text += " COLLATE NOCASE";
    if (!of_key && chance(10)) text += " CHECK (" + column.name + " IS NOT 5)";
    if (!of_key && chance(15)) {
      text += " UNIQUE";
      column.unique = true;
      table.keys.push_back({column.name});
    }
    parts.push_back(text);
    table.columns.push_back(column);
  }
  std::vector<std::string> constraints;
  if (!key.empty()) {
    constraints.push_back("PRIMARY KEY (" + join(key, ", ") + ")");
    table.keys.push_back(key);
  }
  if (count > 2 && chance(25)) {
    Column& a = table.columns[table.columns.size() - 1];
    Column& b = table.columns[table.columns.size() - 2];
    constraints.push_back("UNIQUE (" + a.name + ", " + b.name + ")");
    table.keys.push_back({b.name, a.name});
    a.unique = b.unique = true;
  }
  for (std::size_t i = chance(25) ? 1 + below(2) : 0; i > 0; --i) parts.push_back(generated_column(table, i));
  // All keys of a table: of an INSERT that both kinds refuse, SQLite 3.40 counts what was deferred though it undoes it.
  table.deferred = options_.foreign_keys && chance(25);
  for (std::size_t i = options_.foreign_keys ? below(3) : 0; i > 0; --i) add_foreign_key(table, i, parts, constraints);
  parts.insert(parts.end(), constraints.begin(), constraints.end());
  tables_.push_back(table);
  return "CREATE TABLE " + table.name + "(" + join(parts, ", ") + ")";
}

// From all columns but the number of a row, which it gets late.
std::string SqlGenerator::generated_column(Table& table, std::size_t number) {
  std::vector<std::string> from;
  for (const Column& column : table.columns) {
    if (column.name != "id") from.push_back(column.name);
  }
  Column column{identifier("g" + std::to_string(number))};
  column.type = one_of(kTypes);
  column.generated = true;
  table.columns.push_back(column);
  // SQLite 3.40 sorts the integer 5 out of a virtual column of reals as 5, not 5.0.
  const bool real = column.type == "REAL" || column.type == "FLOAT";
  return column.name + " " + column.type + (chance(50) ? " GENERATED ALWAYS" : "") + " AS (" + expression(from, 2) + ")" +
         (real ? " STORED" : one_of<std::string>({"", " STORED", " VIRTUAL"})) + (chance(10) ? " NOT NULL" : "");
}

// To a table of before, or to the table itself; columns of their own have the types of what they name.
void SqlGenerator::add_foreign_key(Table& table, std::size_t number, std::vector<std::string>& columns,
                                   std::vector<std::string>& constraints) {
  static const std::vector<std::string> kActions = {"",        "",        "NO ACTION", "RESTRICT",
                                                    "CASCADE", "CASCADE", "SET NULL",  "SET DEFAULT"};
  const bool itself = tables_.empty() || chance(25);
  if (itself && table.columns.front().name != "id") return;
  Table& other = itself ? table : tables_[below(tables_.size())];
  if (other.keys.empty()) return;
  const std::vector<std::string> key = itself ? std::vector<std::string>{"id"} : one_of(other.keys);
  std::vector<std::string> mine;
  for (const std::string& name : key) {
    Column column{identifier("f" + std::to_string(number) + "_" + std::to_string(mine.size()))};
    for (const Column& each : other.columns) {
      if (each.name != name) continue;
      column.type = each.type;
      column.nocase = each.nocase;
    }
    column.names = true;
    mine.push_back(column.name);
    columns.push_back(column.name + " " + column.type + (column.nocase ? " COLLATE NOCASE" : "") +
                      (chance(10) ? " NOT NULL" : "") + (chance(20) ? " DEFAULT 1" : ""));
    table.columns.push_back(std::move(column));
  }
  const std::string on_delete = one_of(kActions);
  const std::string on_update = one_of(kActions);
  std::string text = "FOREIGN KEY (" + join(mine, ", ") + ") REFERENCES " + other.name + "(" + join(key, ", ") + ")";
  if (!on_delete.empty()) text += " ON DELETE " + on_delete;
  if (!on_update.empty()) text += " ON UPDATE " + on_update;
  if (table.deferred)
    text += " DEFERRABLE INITIALLY DEFERRED";
  else if (chance(30))
    text += " NOT DEFERRABLE INITIALLY DEFERRED";
  constraints.push_back(text);
  other.named = true;
  table.names_itself = table.names_itself || itself;
  other.one_by_one = other.one_by_one || itself || table.named || on_delete == "RESTRICT";
}

// Rows that are named are what most others name.
std::string SqlGenerator::value_of(const Column& column) {
  if (!column.names || chance(20)) return literal();
  return chance(30) ? "NULL" : std::to_string(below(5));
}

std::string SqlGenerator::which(const Table& table) {
  return table.one_by_one ? one_row(table) : condition(names(table, ""), 2);
}

// At most: that of a key.
std::string SqlGenerator::one_row(const Table& table) {
  std::string out;
  for (const std::string& column : table.keys.front())
    out += (out.empty() ? "" : " AND ") + column + " = " + std::to_string(below(6));
  return out;
}

std::vector<std::string> SqlGenerator::schema() {
  std::vector<std::string> out;
  if (options_.foreign_keys) out.emplace_back("PRAGMA foreign_keys = ON");
  const std::size_t count = 2 + below(2);
  for (std::size_t i = 0; i < count; ++i) out.push_back(create_table(i));
  for (const Table& table : tables_) {
    for (std::size_t i = below(3); i > 0; --i) {
      const std::string& first = one_of(table.columns).name;
      const std::string& second = one_of(table.columns).name;
      const std::string columns = first == second ? first : first + ", " + second;
      out.push_back("CREATE INDEX i" + std::to_string(indexes_++) + " ON " + table.name + "(" + columns + ")");
    }
  }
  return out;
}

std::vector<std::string> SqlGenerator::everything() const {
  std::vector<std::string> out;
  for (const Table& table : tables_) out.push_back("SELECT * FROM " + table.name);
  for (const std::string& copy : copies_) out.push_back("SELECT * FROM " + copy);
  return out;
}

std::string SqlGenerator::expression(const std::vector<std::string>& columns, int depth) {
  if (depth == 0 || chance(40)) return chance(65) && !columns.empty() ? one_of(columns) : literal();
  static const std::vector<std::string> kOperators = {" + ", " - ", " * ", " || ", " % "};
  switch (below(5)) {
    case 0:
      return "coalesce(" + expression(columns, depth - 1) + ", " + expression(columns, depth - 1) + ")";
    case 1:
      return "typeof(" + expression(columns, depth - 1) + ")";
    case 2:
      return "CASE WHEN " + condition(columns, 0) + " THEN " + expression(columns, depth - 1) + " ELSE " +
             expression(columns, depth - 1) + " END";
    default:
      return "(" + expression(columns, depth - 1) + one_of(kOperators) + expression(columns, depth - 1) + ")";
  }
}

std::string SqlGenerator::comparison(const std::vector<std::string>& columns) {
  static const std::vector<std::string> kOperators = {
      " = ", " = ", " = ", " < ", " <= ", " > ", " >= ", " <> ", " IS ", " IS NOT "};
  const std::string& column = one_of(columns);
  switch (below(9)) {
    case 0:
      return column + (chance(50) ? " IS NULL" : " IS NOT NULL");
    case 1:
      return column + (chance(80) ? " IN (" : " NOT IN (") + literal() + ", " + literal() + ", " + literal() + ")";
    case 2:
      return column + " BETWEEN " + literal() + " AND " + literal();
    case 3:
      return column + " LIKE '" + one_of<std::string>({"a%", "%b", "1%", "%"}) + "'";
    case 4:
      return expression(columns, 1) + one_of(kOperators) + expression(columns, 1);
    case 5:
      return column + one_of(kOperators) + one_of(columns);
    default:
      return column + one_of(kOperators) + literal();
  }
}

std::string SqlGenerator::condition(const std::vector<std::string>& columns, int depth) {
  if (depth == 0 || chance(30)) return comparison(columns);
  const std::string a = condition(columns, depth - 1);
  if (chance(10)) return "NOT (" + a + ")";
  // A subquery on the table that is changed sees in SQLite what was changed so far.
  const Table& other = one_of(tables_);
  if (other.name == changed_) return comparison(columns);
  if (chance(15)) {
    const std::string inner = one_of(names(other, "x")) + " = " + one_of(columns);
    return (chance(70) ? "EXISTS" : "NOT EXISTS") + std::string(" (SELECT 1 FROM ") + other.name + " AS x WHERE " + inner + ")";
  }
  if (chance(10)) {
    return one_of(columns) + (chance(70) ? " IN" : " NOT IN") + " (SELECT " + one_of(other.columns).name + " FROM " + other.name +
           ")";
  }
  return "(" + a + (chance(65) ? " AND " : " OR ") + condition(columns, depth - 1) + ")";
}

std::string SqlGenerator::insert() {
  static const std::vector<std::string> kOr = {
      "INSERT", "INSERT", "INSERT", "INSERT OR IGNORE", "INSERT OR REPLACE", "INSERT OR FAIL", "INSERT OR ABORT"};
  const Table& table = one_of(tables_);
  std::vector<std::string> columns;
  std::vector<const Column*> chosen;
  for (const Column& column : table.columns) {
    const bool number = column.name == "id";
    if (column.generated && chance(98)) continue;
    if ((number && !options_.numbers) || chance(number ? (table.named ? 70 : 30) : 85) || (column.key && !number))
      chosen.push_back(&column);
  }
  if (chosen.empty()) chosen.push_back(&table.columns.front());
  std::string verb = one_of(kOr);
  // SQLite 3.40 takes INSERT OR REPLACE of a row that names nothing in its own table, where that has ON DELETE SET NULL.
  if (table.names_itself && verb == "INSERT OR REPLACE") verb = "INSERT";
  // SQLite takes the next number before it removes what the row replaces, ours does not.
  const bool numbered = chosen.front()->name == "id" || table.columns.front().name != "id";
  if (table.named && !numbered && verb == "INSERT OR REPLACE") chosen.insert(chosen.begin(), &table.columns.front());
  for (const Column* const column : chosen) columns.push_back(column->name);
  const std::string head = verb + " INTO " + table.name + "(" + join(columns, ", ") + ") ";
  // What comes first decides what is left out: the source has one order only.
  const bool plain = head.starts_with("INSERT INTO");
  if (plain && table.columns.front().name != "id" && chance(15)) {
    const Table& from = one_of(tables_);
    std::vector<std::string> values;
    for (std::size_t i = 0; i < columns.size(); ++i) values.push_back(expression(names(from, ""), 1));
    return head + "SELECT " + join(values, ", ") + " FROM " + from.name + " WHERE " + condition(names(from, ""), 1);
  }
  std::vector<std::string> rows;
  for (std::size_t i = 1 + below(3); i > 0; --i) {
    std::vector<std::string> values;
    for (const Column* const column : chosen) {
      // A mismatch in an INSERT OR ... leaves in SQLite what the statement did before, for want of a statement journal.
      const bool number = column->name == "id" && (!options_.numbers || !plain || chance(70));
      values.push_back(number ? std::to_string(below(options_.foreign_keys ? 6 : 12)) : value_of(*column));
    }
    rows.push_back("(" + join(values, ", ") + ")");
  }
  return head + "VALUES " + join(rows, ", ");
}

std::string SqlGenerator::update() {
  const Table& table = one_of(tables_);
  changed_ = table.name;
  std::vector<std::string> sets;
  bool unique = false;
  for (std::size_t i = 1 + below(2); i > 0; --i) {
    const Column& column = one_of(table.columns);
    if ((unique && column.unique) || (column.generated && chance(90))) continue;
    unique = unique || column.unique;
    // In which order rows get unique values is open.
    const bool value = column.unique || column.names;
    sets.push_back(column.name + " = " + (value ? value_of(column) : expression(names(table, ""), 2)));
  }
  if (sets.empty()) return remove();
  // Rows that others name get other keys one at a time.
  const bool one = table.named && unique && !table.keys.empty();
  return "UPDATE " + table.name + " SET " + join(sets, ", ") + " WHERE " + (one ? one_row(table) + " AND " : "") + which(table);
}

std::string SqlGenerator::remove() {
  const Table& table = one_of(tables_);
  changed_ = table.name;
  return "DELETE FROM " + table.name + " WHERE " + which(table);
}

std::string SqlGenerator::select() {
  const std::size_t count = 1 + below(3);
  std::string from;
  std::vector<std::string> columns;
  for (std::size_t i = 0; i < count; ++i) {
    const Table& table = one_of(tables_);
    const std::string alias = "a" + std::to_string(i);
    const std::vector<std::string> mine = names(table, alias);
    if (i > 0) {
      std::string on = chance(80) ? one_of(mine) + " = " + one_of(columns) : comparison(mine);
      // SQLite 3.40 loses the rows of a LEFT JOIN ON number LIKE 'a%' where the number has an index.
      if (on.find(" LIKE ") != std::string::npos) on = one_of(mine) + " = " + one_of(columns);
      from += (chance(50) ? " JOIN " : " LEFT JOIN ") + table.name + " AS " + alias + " ON " + on;
    } else {
      from = table.name + " AS " + alias;
    }
    columns.insert(columns.end(), mine.begin(), mine.end());
  }
  std::string where = chance(80) ? " WHERE " + condition(columns, 2) : "";
  if (chance(30)) {
    // By all columns: rows that are equal in all of them can change places.
    std::vector<std::string> order;
    for (const std::string& column : columns) order.push_back(column + " COLLATE BINARY" + (chance(30) ? " DESC" : ""));
    // 1 and 1.0 are equal too, and not the same.
    for (std::size_t i = 0; count == 1 && i < columns.size(); ++i) order.push_back("typeof(" + columns[i] + ")");
    std::string out = "SELECT " + join(columns, ", ") + " FROM " + from + where + " ORDER BY " + join(order, ", ");
    // In a join, SQLite takes columns that are equal across types for equally ordered, and orders by one of them only.
    if (count == 1 && chance(60))
      out += " LIMIT " + std::to_string(below(6)) + (chance(40) ? " OFFSET " + std::to_string(below(4)) : "");
    return out;
  }
  std::vector<std::string> values;
  for (std::size_t i = 1 + below(3); i > 0; --i) values.push_back(expression(columns, 2));
  return std::string("SELECT ") + (chance(15) ? "DISTINCT typeof(" + values[0] + ")" : join(values, ", ")) + " FROM " + from +
         where;
}

std::string SqlGenerator::aggregate() {
  const Table& table = one_of(tables_);
  const std::vector<std::string> columns = names(table, "");
  const std::string by = one_of(columns);
  // Of 1 and 1.0, which are equal, either is the least.
  const auto extreme = [](const std::string& call) {
    return "CASE typeof(" + call + ") WHEN 'integer' THEN " + call + " + 0.0 ELSE " + call + " END";
  };
  std::string what = "count(*), count(" + one_of(columns) + "), sum(CAST(" + one_of(columns) + " AS INTEGER)), ";
  what += extreme("min(" + one_of(columns) + " COLLATE BINARY)") + ", ";
  what += extreme("max(" + one_of(columns) + " COLLATE BINARY)");
  std::string out = "SELECT " + what + " FROM " + table.name + " WHERE " + condition(columns, 1);
  if (chance(60)) out += " GROUP BY " + by + (chance(30) ? " HAVING count(*) > 1" : "");
  return out;
}

std::string SqlGenerator::transaction() {
  if (!open_) {
    open_ = true;
    savepoints_ = 0;
    return "BEGIN";
  }
  const std::size_t choice = below(8);
  if (choice < 2) {
    open_ = false;
    // One that fails for a deferred foreign key leaves the transaction open, and changes of tables are not part of one.
    rolls_back_ = options_.tables && options_.foreign_keys;
    return "COMMIT";
  }
  if (choice == 2) {
    open_ = false;
    return "ROLLBACK";
  }
  if (choice < 5 || savepoints_ == 0) return "SAVEPOINT s" + std::to_string(savepoints_++);
  if (choice == 5) return "RELEASE s" + std::to_string(--savepoints_);
  return "ROLLBACK TO s" + std::to_string(savepoints_ - 1);
}

// Changes of tables are not part of a transaction, so there are none in it.
std::string SqlGenerator::index() {
  if (chance(35)) return "DROP INDEX i" + std::to_string(below(static_cast<std::size_t>(indexes_) + 1));
  Table& table = tables_[below(tables_.size())];
  Column& first = table.columns[below(table.columns.size())];
  Column& second = table.columns[below(table.columns.size())];
  const bool unique = chance(30) && !first.generated && !second.generated;
  first.unique = first.unique || unique;
  second.unique = second.unique || unique;
  return std::string(unique ? "CREATE UNIQUE INDEX i" : "CREATE INDEX i") + std::to_string(indexes_++) + " ON " + table.name +
         "(" + first.name + (&first == &second ? "" : ", " + second.name) + ")";
}

// Neither are these.
std::string SqlGenerator::table() {
  Table& table = tables_[below(tables_.size())];
  if (chance(40)) {
    const std::string before = table.name;
    table.name = identifier((chance(20) ? "Renamed" : "renamed") + std::to_string(names_++));
    return "ALTER TABLE " + before + " RENAME TO " + table.name;
  }
  if (!copies_.empty() && chance(30)) {
    const std::size_t at = below(copies_.size());
    const std::string copy = copies_[at];
    if (chance(50)) return "INSERT INTO " + copy + " SELECT * FROM " + copy;
    copies_.erase(copies_.begin() + static_cast<std::ptrdiff_t>(at));
    return "DROP TABLE " + copy;
  }
  copies_.push_back(identifier("copy" + std::to_string(names_++)));
  const std::vector<std::string> columns = names(table, "");
  return "CREATE TABLE " + copies_.back() + " AS SELECT " + one_of(columns) + " AS x, " + expression(columns, 2) + " AS " +
         identifier("y") + ", " + one_of(columns) + " AS z FROM " + table.name + " WHERE " + condition(columns, 1);
}

std::string SqlGenerator::statement() {
  changed_.clear();
  if (std::exchange(rolls_back_, false)) return "ROLLBACK";
  if (options_.tables && !open_ && chance(4)) return table();
  if (options_.indexes && !open_ && chance(4)) return index();
  const std::size_t choice = below(100);
  if (options_.foreign_keys) {
    if (choice < 40) return insert();
    if (choice < 60) return update();
    if (choice < 75) return remove();
    return choice < 90 ? transaction() : select();
  }
  if (choice < 25) return insert();
  if (choice < 37) return update();
  if (choice < 42) return remove();
  if (choice < 80) return select();
  if (choice < 90) return aggregate();
  return transaction();
}

}  // namespace latium::testing
