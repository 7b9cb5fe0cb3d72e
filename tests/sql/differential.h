// The same statements to SQLite itself and to our tables: what differs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "relational/sql/engine.h"
#include "tests/sql/sql_generator.h"

namespace latium::testing {

/// Runs a statement on ours.
using RunSql = std::function<Result<SqlResult>(const std::string&)>;

/// How many statements a test compares: the N of `--statements=N` on the command line, for longer runs.
std::size_t statements_to_compare(std::size_t otherwise);

/// Makes a schema and runs `statements` statements of the seed on both. What was different first, with all statements up to it;
/// nothing: no difference.
std::optional<std::string> compare_with_sqlite(std::uint64_t seed, std::size_t statements, const RunSql& ours,
                                               SqlGeneratorOptions options = {});

}  // namespace latium::testing
