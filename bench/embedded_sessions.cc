#include "bench/embedded_sessions.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/random.h"
#include "base/result.h"

namespace latium::bench {

namespace {

constexpr std::size_t kValueBytes = 100;
constexpr std::uint64_t kRowsASession = 500;  // of those that fill a table
constexpr int kReadsASession = 64;

Value key_of(std::uint64_t i) {
  return Value(static_cast<std::int64_t>(i));
}

std::string text_of(std::uint64_t i) {
  return "host-" + std::to_string(i);
}

Row plain_row(std::uint64_t i, char fill) {
  return {.values = {key_of(i), Value(std::string(kValueBytes, fill))}};
}

void fill(Database& database, const char* table, std::uint64_t rows, bool indexed) {
  for (std::uint64_t first = 0; first < rows; first += kRowsASession) {
    const auto done = database.transact([&](Session& session) -> Result<void> {
      for (std::uint64_t i = first; i < std::min(first + kRowsASession, rows); ++i) {
        Row row = plain_row(i, 'v');
        if (indexed) row.values.insert(row.values.begin() + 1, Value(text_of(i)));
        LATIUM_CHECKED(session.add(table, std::move(row)));
      }
      return {};
    });
    if (!done) std::fprintf(stderr, "%s\n", done.error().message.c_str());
    LATIUM_CHECK(done.has_value(), "the tables are filled");
  }
}

Random random_of(const benchmark::State& state) {
  return Random(static_cast<std::uint64_t>(state.thread_index()) + 1);
}

Result<void> read_one(Session& session, Random& random, std::uint64_t rows) {
  LATIUM_TRY(const auto row, session.get("plain", {key_of(random.below(rows))}));
  LATIUM_CHECK(row.has_value(), "every key has a row");
  benchmark::DoNotOptimize(row->values);
  return {};
}

}  // namespace

void fill_tables(Database& database, std::uint64_t rows, std::uint64_t indexed_rows) {
  const Column id{.name = "id", .type = ValueType::integer};
  const Column value{.name = "value", .type = ValueType::text};
  const TableDefinition plain{.name = "plain", .columns = {id, value}, .primary_key = {"id"}};
  const TableDefinition indexed{.name = "indexed",
                                .columns = {id, {.name = "host", .type = ValueType::text}, value},
                                .primary_key = {"id"},
                                .indexes = {{.name = "by_host", .columns = {"host"}}}};
  LATIUM_CHECK(database.create_table(plain).has_value() && database.create_table(indexed).has_value(), "two tables");
  fill(database, "plain", rows, false);
  fill(database, "indexed", indexed_rows, true);
}

void session_get(benchmark::State& state, Database& database, std::uint64_t rows, bool each_in_its_own) {
  Random random(1);
  Session session = database.session();
  int reads = 0;
  for (auto _ : state) {
    if (each_in_its_own) {
      session = database.session();
    } else if (++reads % kReadsASession == 0) {
      session.rollback();
    }
    LATIUM_CHECK(read_one(session, random, rows).has_value());
  }
}

void session_find(benchmark::State& state, Database& database, std::uint64_t rows) {
  Random random(1);
  for (auto _ : state) {
    const auto page = database.session().find("indexed", "by_host", {.equal = {Value(text_of(random.below(rows)))}});
    LATIUM_CHECK(page.has_value() && page->rows.size() == 1);
    benchmark::DoNotOptimize(page->rows);
  }
}

void session_update(benchmark::State& state, Database& database, std::uint64_t rows) {
  Random random = random_of(state);
  for (auto _ : state) {
    const std::uint64_t key = random.below(rows);
    const auto done = database.transact([key](Session& session) { return session.update("plain", plain_row(key, 'w')); });
    LATIUM_CHECK(done.has_value(), "one row is updated");
  }
}

void session_transaction(benchmark::State& state, Database& database, std::uint64_t rows, bool serializable) {
  Random random = random_of(state);
  for (auto _ : state) {
    std::uint64_t keys[5];
    for (std::uint64_t& key : keys) key = random.below(rows);
    const auto work = [&](Session& session) -> Result<void> {
      for (int i = 0; i < 3; ++i) {
        LATIUM_TRY(const auto row, session.get("plain", {key_of(keys[i])}));
        benchmark::DoNotOptimize(row->values);
      }
      LATIUM_CHECKED(session.update("plain", plain_row(keys[3], 'w')));
      return session.update("plain", plain_row(keys[4], 'w'));
    };
    LATIUM_CHECK(database.transact(work, {.serializable = serializable}).has_value(), "a transaction ends");
  }
}

}  // namespace latium::bench
