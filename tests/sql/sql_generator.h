// Random schemas and statements, the same for the same seed. Their values are few, so that rows collide, join and compare across
// types; what SQL leaves open (which of equal rows comes first, which row of an UPDATE is first) has no part in their results.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"

namespace latium::testing {

struct SqlGeneratorOptions {
  bool numbers = true;        ///< rows that leave their INTEGER PRIMARY KEY out, for who numbers them as SQLite does
  bool indexes = false;       ///< CREATE and DROP INDEX among the statements
  bool tables = false;        ///< ALTER TABLE RENAME TO, CREATE TABLE AS
  bool foreign_keys = false;  ///< tables name each other, and the keys are enforced
};

class SqlGenerator {
 public:
  explicit SqlGenerator(std::uint64_t seed, SqlGeneratorOptions options = {}) : options_(options), random_(seed) {}

  /// CREATE TABLE and CREATE INDEX.
  std::vector<std::string> schema();
  std::string statement();
  /// One for each table: all of its rows.
  std::vector<std::string> everything() const;

 private:
  struct Column {
    std::string name;
    bool unique = false;  // or part of what is
    bool key = false;
    std::string type{};
    bool nocase = false;
    bool names = false;  // rows of a table
    bool generated = false;
  };
  struct Table {
    std::string name;
    std::vector<Column> columns;
    std::vector<std::vector<std::string>> keys{};  // that others can name
    bool named = false;
    /// What becomes of other rows depends on which of several rows is changed first: they are changed one at a time.
    bool one_by_one = false;
    bool names_itself = false;
    bool deferred = false;  // its foreign keys
  };

  bool chance(int percent) { return random_.below(100) < static_cast<std::uint64_t>(percent); }
  std::size_t below(std::size_t end) { return random_.below(end); }
  template <class T>
  const T& one_of(const std::vector<T>& all) {
    return all[below(all.size())];
  }
  std::string create_table(std::size_t number);
  void add_foreign_key(Table& table, std::size_t number, std::vector<std::string>& columns,
                       std::vector<std::string>& constraints);
  std::string generated_column(Table& table, std::size_t number);
  std::string value_of(const Column& column);
  std::string which(const Table& table);
  std::string one_row(const Table& table);
  std::string literal();
  std::string expression(const std::vector<std::string>& columns, int depth);
  std::string condition(const std::vector<std::string>& columns, int depth);
  std::string comparison(const std::vector<std::string>& columns);
  std::string insert();
  std::string update();
  std::string remove();
  std::string select();
  std::string aggregate();
  std::string transaction();
  std::string index();
  std::string table();
  /// The word, or a name around it that has to be quoted.
  std::string identifier(const std::string& word);
  static std::vector<std::string> names(const Table& table, const std::string& alias);

  SqlGeneratorOptions options_;
  Random random_;
  std::vector<Table> tables_;
  int indexes_ = 0;  // made so far, or tried to
  int names_ = 0;    // that tables have got
  std::vector<std::string> copies_;
  std::string changed_;  // the table that the statement changes
  bool open_ = false;
  bool rolls_back_ = false;  // next
  int savepoints_ = 0;
};

}  // namespace latium::testing
