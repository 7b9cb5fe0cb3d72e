// Statements that are made of several, for SQLite cannot run them over virtual tables: RETURNING, and ON CONFLICT in an INSERT.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "relational/sql_tokens.h"

namespace latium::sql {

/// Parts of a statement, as texts in which each parameter has its number.
struct Composed {
  enum class Verb : std::uint8_t { insert, update, remove };
  enum class OnConflict : std::uint8_t { none, nothing, update };

  Verb verb = Verb::insert;
  std::string table;        ///< its name, without quotes
  std::string whole;        ///< the statement without RETURNING and ON CONFLICT
  std::string from{};       ///< of a DELETE: what stands behind DELETE FROM
  std::string returning{};  ///< the list; empty: none
  OnConflict on_conflict = OnConflict::none;
  std::vector<std::string> target{};   ///< the columns of ON CONFLICT (...)
  std::vector<std::string> columns{};  ///< of an INSERT that says them
  std::string source{};                ///< of an INSERT: VALUES or SELECT
  std::string alias{};                 ///< of the table of an INSERT
  std::string sets{};                  ///< DO UPDATE SET ..., with `excluded.x` as it stands
  std::string where{};                 ///< behind it
  std::size_t parameters = 0;          ///< the highest number
};

/// Whether a statement has to be run in parts.
bool is_composed(const std::vector<Token>& tokens);

/// `invalid_argument`: a form that is not supported.
Result<Composed> compose(std::string_view sql);

/// `excluded.x` becomes the parameter that stands for x: the first column's is number `first`.
Result<std::string> with_excluded(const std::string& sql, const std::vector<std::string>& columns, std::size_t first);

}  // namespace latium::sql
