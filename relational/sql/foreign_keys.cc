#include "relational/sql/foreign_keys.h"

#include <algorithm>

#include "relational/schema_parts.h"

namespace latium::sql {

namespace {

using Action = SqlForeignKey::Action;

Action action_of(std::string_view text) {
  if (text == "RESTRICT") return Action::restrict;
  if (text == "CASCADE") return Action::cascade;
  if (text == "SET NULL") return Action::set_null;
  return text == "SET DEFAULT" ? Action::set_default : Action::no_action;
}

// Which PRAGMAs do not tell. In the order of the text; the last word on a key counts, and it stands before the next key.
std::vector<bool> deferred_of(const std::vector<Token>& tokens) {
  std::vector<bool> out;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].is("REFERENCES")) out.push_back(false);
    if (out.empty() || !tokens[i].is("DEFERRABLE")) continue;
    const bool initially = i + 2 < tokens.size() && tokens[i + 1].is("INITIALLY") && tokens[i + 2].is("DEFERRED");
    out.back() = initially && !tokens[i - 1].is("NOT");
  }
  return out;
}

}  // namespace

Result<std::vector<SqlForeignKey>> foreign_keys_of(sqlite3* db, const SqlTable& table, const std::vector<Token>& tokens) {
  std::vector<SqlForeignKey> out;
  LATIUM_TRY(const Prepared list,
             prepare(db, "SELECT id, \"table\", \"from\", \"to\", on_update, on_delete FROM pragma_foreign_key_list(" +
                             quote_text(table.name) + ") ORDER BY id, seq"));
  while (sqlite3_step(list.get()) == SQLITE_ROW) {
    const auto id = static_cast<std::size_t>(sqlite3_column_int(list.get(), 0));
    if (id == out.size()) {
      out.push_back({.columns = {},
                     .table = text_at(list.get(), 1),
                     .on_delete = action_of(text_at(list.get(), 5)),
                     .on_update = action_of(text_at(list.get(), 4))});
    }
    const std::string name = text_at(list.get(), 2);
    const auto column = std::ranges::find_if(table.columns, [&](const SqlColumn& each) { return same_name(each.name, name); });
    if (column == table.columns.end()) return fail(ErrorCode::internal, "a foreign key is of a column that is not there");
    out.back().columns.push_back(static_cast<std::size_t>(column - table.columns.begin()));
    if (sqlite3_column_type(list.get(), 3) != SQLITE_NULL) out.back().referenced.push_back(text_at(list.get(), 3));
  }
  const std::vector<bool> deferred = deferred_of(tokens);
  for (std::size_t i = 0; i < out.size() && i < deferred.size(); ++i) out[i].deferred = deferred[deferred.size() - 1 - i];
  return out;
}

}  // namespace latium::sql
