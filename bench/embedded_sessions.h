// What embedded_bench measures of sessions: rows of 100 bytes in tables of one node, by key, by index and in transactions.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>

#include "latium/database.h"

namespace latium::bench {

/// Makes the tables `plain` (a key and a value) and `indexed` (also a text with an index, one row a text) and fills them with
/// `rows` and `indexed_rows` rows.
void fill_tables(Database& database, std::uint64_t rows, std::uint64_t indexed_rows);

/// One row by key. In a session of its own; or in one that is begun anew after every 64 reads.
void session_get(benchmark::State& state, Database& database, std::uint64_t rows, bool each_in_its_own);
/// The row of one text of the index, in a session of its own.
void session_find(benchmark::State& state, Database& database, std::uint64_t rows);
/// One row gets another value; durable when it returns. Again when another session was first.
void session_update(benchmark::State& state, Database& database, std::uint64_t rows);
/// Three rows are read, two others change: checked as if transactions ran one after the other, or read committed.
void session_transaction(benchmark::State& state, Database& database, std::uint64_t rows, bool serializable);

}  // namespace latium::bench
