// The same statements to SQLite itself and to our tables: what differs.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "relational/sql/engine.h"

namespace latium::testing {

/// Runs a statement on ours.
using RunSql = std::function<Result<SqlResult>(const std::string&)>;

/// Makes a schema and runs `statements` statements of the seed on both. What was different first, with all statements up to it;
/// nothing: no difference.
/// `foreign_keys`: as SqlGenerator has it.
std::optional<std::string> compare_with_sqlite(std::uint64_t seed, std::size_t statements, const RunSql& ours,
                                               bool foreign_keys = false);

}  // namespace latium::testing
