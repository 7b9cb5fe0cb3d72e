// What kind of statement a text is: who runs it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "relational/sql_tokens.h"

namespace latium::sql {

enum class StatementKind : std::uint8_t {
  plain,  ///< SQLite runs it over the tables
  begin,
  commit,
  rollback,
  savepoint,
  release,
  rollback_to,
  reflection,          ///< about the schema: the shadow answers it
  foreign_keys,        ///< PRAGMA foreign_keys, read or set
  defer_foreign_keys,  ///< PRAGMA defer_foreign_keys
  nothing,             ///< accepted, for there is nothing to do
  create_table,
  create_index,
  create_view,
  alter_table,
  drop_table,
  drop_index,
  drop_view,
  explain_latium,
  composed,  ///< RETURNING, ON CONFLICT
  refused,
};

struct Classified {
  StatementKind kind = StatementKind::plain;
  /// The table, index, view or savepoint that it is about.
  std::string name{};
  bool if_exists = false;  ///< or IF NOT EXISTS
  std::string why{};       ///< refused: what is not supported, and what to do
};

Classified classify(const std::vector<Token>& tokens);

}  // namespace latium::sql
