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

}  // namespace

Result<std::string> with_defaults(const Hub& hub, std::string_view sql) {
  const std::vector<Token> tokens = tokenize(sql);
  const auto insert = parse(tokens);
  if (!insert) return std::string(sql);
  const auto known = hub.tables.find(fold_nocase(tokens[insert->table].name()));
  if (known == hub.tables.end()) return std::string(sql);
  const bool all_defaults = tokens[insert->source].is("DEFAULT");
  if (insert->open == 0 && !all_defaults) return std::string(sql);
  std::string columns;
  std::string values;
  for (const SqlColumn& column : known->second->columns) {
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
