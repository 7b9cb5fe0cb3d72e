// SQL text, as anybody may send it to a session: each statement ends, with rows or with an error that SQL has,
// and whatever came before, a rollback is possible afterwards and another session can read all tables.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "relational/sql/engine.h"
#include "relational/sql_tokens.h"
#include "tests/sql/memory_tables.h"

namespace latium {
namespace {

using testing::MemoryDatabase;
using testing::MemoryTables;

constexpr std::size_t kStatements = 32;

std::shared_ptr<sql::Engine> open(const std::shared_ptr<MemoryDatabase>& database, bool foreign_keys) {
  auto tables = std::make_unique<MemoryTables>(database);
  // SQLite looks at the clock every 10,000 steps: a statement has some of these looks.
  tables->tick = std::chrono::milliseconds(1);
  auto engine = sql::Engine::open(std::move(tables), {.timeout = std::chrono::milliseconds(100),
                                                      .max_rows = 1000,
                                                      .max_rows_read = 10'000,
                                                      .max_bytes = 1 << 20,
                                                      .statement_cache = 4,
                                                      .foreign_keys = foreign_keys});
  LATIUM_CHECK(engine.has_value());
  return *engine;
}

bool is_of_sql(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::already_exists:
    case ErrorCode::not_found:
    case ErrorCode::broken_reference:
    case ErrorCode::conflict:
    case ErrorCode::deadline_exceeded:
      return true;
    default:
      return false;
  }
}

void run(std::string_view text) {
  const auto database = std::make_shared<MemoryDatabase>();
  const auto engine = open(database, true);
  const auto made = engine->script(
      "CREATE TABLE p(id INTEGER PRIMARY KEY, name VARCHAR(9) UNIQUE COLLATE NOCASE, n NUMERIC DEFAULT 7 CHECK (n IS NOT 5));"
      "CREATE TABLE c(a TEXT, b INTEGER REFERENCES p ON DELETE CASCADE ON UPDATE CASCADE, d, PRIMARY KEY (a, b));"
      "CREATE INDEX i ON c(b, d);"
      "INSERT INTO p(id, name) VALUES (1, 'x'), (2, 'y'), (3, NULL);"
      "INSERT INTO c VALUES ('k', 1, 2.5), ('k', 2, x'61'), ('l', 1, NULL)");
  LATIUM_CHECK(made.has_value());
  std::size_t count = 0;
  for (const std::string_view statement : sql::split_statements(text)) {
    if (++count > kStatements) break;
    const auto done = engine->execute(statement, {Value(1), Value("x"), Value()});
    // Most statements take no parameters.
    const auto again = done ? done : engine->execute(statement, {});
    if (!again) LATIUM_CHECK(is_of_sql(again.error().code));
  }
  if (engine->in_transaction()) LATIUM_CHECK(engine->execute("ROLLBACK", {}).has_value());
  const auto other = open(database, false);
  for (const auto& [folded, schema] : database->tables) {
    const auto rows = other->execute("SELECT * FROM " + sql::quote_name(schema->name), {});
    LATIUM_CHECK(rows || is_of_sql(rows.error().code));
  }
}

}  // namespace
}  // namespace latium

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  latium::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
