#include "tests/sql/differential.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

#include "relational/sql/connection.h"

namespace latium::testing {

namespace {

std::string text_of(const std::vector<std::vector<Value>>& rows, bool ordered) {
  std::vector<std::string> lines;
  for (const auto& row : rows) {
    std::string line;
    // There is no negative zero in our tables.
    for (const Value& value : row) line += (value == Value(0.0) ? "0.0" : value.to_string()) + "|";
    lines.push_back(std::move(line));
  }
  if (!ordered) std::ranges::sort(lines);
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

// What can be compared of a refusal: of several constraints that a row breaks, either may be named.
std::string refusal(const std::string& message) {
  for (const char* kind : {"UNIQUE constraint failed", "NOT NULL constraint failed", "CHECK constraint failed"}) {
    if (message.starts_with(kind)) return "constraint failed";
  }
  // Ours name the key.
  const std::string_view reference = "FOREIGN KEY constraint failed";
  if (message.starts_with(reference)) return std::string(reference);
  return message;
}

std::string ask_sqlite(sqlite3* db, const std::string& statement, bool ordered) {
  const auto prepared = sql::prepare(db, statement);
  if (!prepared) return "error: " + refusal(prepared.error().message);
  const auto before = sqlite3_total_changes64(db);
  std::vector<std::vector<Value>> rows;
  int code = 0;
  while ((code = sqlite3_step(prepared->get())) == SQLITE_ROW) {
    auto& row = rows.emplace_back();
    for (int i = 0; i < sqlite3_column_count(prepared->get()); ++i) row.push_back(sql::column_value(prepared->get(), i));
  }
  if (code != SQLITE_DONE) return "error: " + refusal(sqlite3_errmsg(db));
  // Without those that a foreign key made.
  const bool changed = sqlite3_total_changes64(db) != before;
  return text_of(rows, ordered) + std::to_string(changed ? sqlite3_changes64(db) : 0) + " changes\n";
}

std::string ask_ours(const RunSql& ours, const std::string& statement, bool ordered) {
  const auto result = ours(statement);
  if (!result) return "error: " + refusal(result.error().message);
  return text_of(result->rows, ordered) + std::to_string(result->changes) + " changes\n";
}

}  // namespace

std::size_t statements_to_compare(std::size_t otherwise) {
  constexpr std::string_view kFlag = "--statements=";
  for (const std::string& argument : ::testing::internal::GetArgvs()) {
    if (argument.starts_with(kFlag)) return std::stoul(argument.substr(kFlag.size()));
  }
  return otherwise;
}

std::optional<std::string> compare_with_sqlite(std::uint64_t seed, std::size_t statements, const RunSql& ours,
                                               SqlGeneratorOptions options) {
  SqlGenerator generator(seed, options);
  const auto db = sql::open_connection();
  if (!db) return db.error().message;
  std::string log;
  const auto differs = [&](const std::string& statement) -> std::optional<std::string> {
    log += statement + ";\n";
    const bool ordered = statement.find(" ORDER BY ") != std::string::npos && statement.find(" JOIN ") == std::string::npos;
    const std::string expected = ask_sqlite(db->get(), statement, ordered);
    const std::string got = ask_ours(ours, statement, ordered);
    if (expected == got) return std::nullopt;
    return "seed " + std::to_string(seed) + ":\n" + log + "SQLite:\n" + expected + "ours:\n" + got;
  };
  for (const std::string& statement : generator.schema()) {
    if (auto difference = differs(statement)) return difference;
  }
  for (std::size_t i = 0; i < statements; ++i) {
    const std::string statement = generator.statement();
    if (auto difference = differs(statement)) return difference;
    if (i % 20 != 19 && i + 1 != statements) continue;
    for (const std::string& all : generator.everything()) {
      if (auto difference = differs(all)) return difference;
    }
  }
  return std::nullopt;
}

}  // namespace latium::testing
