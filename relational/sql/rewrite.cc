#include "relational/sql/rewrite.h"

#include <algorithm>

#include "relational/key_codec.h"
#include "relational/schema_parts.h"
#include "relational/sql_tokens.h"

namespace latium::sql {

namespace {

// INSERT or REPLACE outside brackets, behind WITH ... if there is one; tokens.size(): it is no INSERT.
std::size_t insert_at(const std::vector<Token>& tokens) {
  std::size_t at = 0;
  if (at < tokens.size() && tokens[at].is("EXPLAIN")) {
    ++at;
    if (at + 1 < tokens.size() && tokens[at].is("QUERY")) at += 2;
  }
  if (at >= tokens.size()) return at;
  if (tokens[at].is("INSERT") || tokens[at].is("REPLACE")) return at;
  if (!tokens[at].is("WITH")) return tokens.size();
  for (; at < tokens.size(); ++at) {
    if (tokens[at].is_symbol('(')) at = closing(tokens, at);
    if (at < tokens.size() && (tokens[at].is("SELECT") || tokens[at].is("UPDATE") || tokens[at].is("DELETE"))) break;
    if (at < tokens.size() && (tokens[at].is("INSERT") || tokens[at].is("REPLACE"))) return at;
  }
  return tokens.size();
}

struct Insert {
  std::size_t table = 0;  // token with its name
  std::size_t open = 0;   // bracket of the list of columns; 0: none
  std::size_t close = 0;
  std::size_t source = 0;  // VALUES, SELECT, WITH or DEFAULT
};

std::optional<Insert> parse(const std::vector<Token>& tokens) {
  std::size_t at = insert_at(tokens);
  while (at < tokens.size() && !tokens[at].is("INTO")) ++at;
  Insert out{.table = at + 1};
  if (out.table + 2 < tokens.size() && tokens[out.table + 1].is_symbol('.')) out.table += 2;
  at = out.table + 1;
  if (at + 1 < tokens.size() && tokens[at].is("AS")) at += 2;
  if (at < tokens.size() && tokens[at].is_symbol('(')) {
    out.open = at;
    out.close = closing(tokens, at);
    at = out.close + 1;
  }
  if (at >= tokens.size()) return std::nullopt;
  out.source = at;
  return out;
}

const SqlColumn* generated_at(const SqlTable& table, const Token& token) {
  if (!token.can_name()) return nullptr;
  const auto found = std::ranges::find_if(
      table.columns, [&](const SqlColumn& column) { return column.generated && same_name(token.name(), column.name); });
  return found == table.columns.end() ? nullptr : &*found;
}

const SqlTable* table_at(const Hub& hub, const Token& name) {
  const auto known = hub.tables.find(fold_nocase(name.name()));
  return known == hub.tables.end() ? nullptr : known->second.get();
}

// What an UPDATE sets: names before '=', alone or in brackets.
Result<void> check_sets(const Hub& hub, const std::vector<Token>& tokens) {
  std::size_t at = 0;
  for (; at < tokens.size() && !tokens[at].is("UPDATE"); ++at) {
    if (tokens[at].is_symbol('(')) at = closing(tokens, at);
  }
  const SqlTable* table = nullptr;
  for (; at < tokens.size() && !tokens[at].is("SET"); ++at) {
    if (table == nullptr && tokens[at].can_name()) table = table_at(hub, tokens[at]);
  }
  if (table == nullptr) return {};
  bool target = true;
  for (++at; at < tokens.size(); ++at) {
    if (tokens[at].is("WHERE") || tokens[at].is("FROM") || tokens[at].is("RETURNING")) break;
    if (tokens[at].is_symbol(',')) {
      target = true;
      continue;
    }
    const std::size_t end = tokens[at].is_symbol('(') ? closing(tokens, at) : at;
    for (; target && at <= end && at < tokens.size(); ++at) {
      const SqlColumn* const column = generated_at(*table, tokens[at]);
      if (column != nullptr) return fail(ErrorCode::invalid_argument, "cannot UPDATE generated column \"" + column->name + "\"");
    }
    target = false;
    at = end;
  }
  return {};
}

}  // namespace

Result<std::string> with_defaults(const Hub& hub, std::string_view sql) {
  const std::vector<Token> tokens = tokenize(sql);
  const auto insert = parse(tokens);
  if (!insert) {
    LATIUM_CHECKED(check_sets(hub, tokens));
    return std::string(sql);
  }
  const SqlTable* const table = table_at(hub, tokens[insert->table]);
  if (table == nullptr) return std::string(sql);
  const bool all_defaults = tokens[insert->source].is("DEFAULT");
  if (insert->open == 0 && !all_defaults) {
    const auto generated = std::ranges::count(table->columns, true, &SqlColumn::generated);
    if (generated == 0) return std::string(sql);
    std::string listed;
    for (const SqlColumn& column : table->columns) {
      if (!column.generated) listed += (listed.empty() ? "" : ", ") + quote_name(column.name);
    }
    const std::size_t begin = tokens[insert->source].begin;
    return std::string(sql.substr(0, begin)) + "(" + listed + ") " + std::string(sql.substr(begin));
  }
  for (std::size_t i = insert->open; i < insert->close; ++i) {
    const SqlColumn* const column = generated_at(*table, tokens[i]);
    if (column != nullptr)
      return fail(ErrorCode::invalid_argument, "cannot INSERT into generated column \"" + column->name + "\"");
  }
  std::string columns;
  std::string values;
  for (const SqlColumn& column : table->columns) {
    if (column.default_sql.empty()) continue;
    const bool given = std::any_of(tokens.begin() + static_cast<std::ptrdiff_t>(insert->open),
                                   tokens.begin() + static_cast<std::ptrdiff_t>(insert->close),
                                   [&](const Token& token) { return token.can_name() && same_name(token.name(), column.name); });
    if (given && insert->open > 0) continue;
    columns += (columns.empty() ? "" : ", ") + quote_name(column.name);
    values += (values.empty() ? "(" : ", (") + column.default_sql + ")";
  }
  if (columns.empty()) return std::string(sql);
  const std::string_view head = sql.substr(0, tokens[insert->table].end());
  if (all_defaults) return std::string(head) + "(" + columns + ") VALUES (" + values + ")";
  const std::string_view given = sql.substr(tokens[insert->open].end(), tokens[insert->close].begin - tokens[insert->open].end());
  return std::string(sql.substr(0, tokens[insert->open].begin)) + "(" + std::string(given) + ", " + columns + ") SELECT *, " +
         values + " FROM (" + std::string(sql.substr(tokens[insert->source].begin)) + ")";
}

}  // namespace latium::sql
