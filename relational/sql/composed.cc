#include "relational/sql/composed.h"

#include <algorithm>
#include <charconv>

#include "relational/schema_parts.h"

namespace latium::sql {

namespace {

std::unexpected<Error> unsupported(std::string what) {
  return fail(ErrorCode::invalid_argument, std::move(what));
}

// The first of these keywords outside brackets, from `at` on; tokens.size(): there is none.
std::size_t outside(const std::vector<Token>& tokens, std::size_t at, std::string_view keyword, std::string_view then = {}) {
  for (; at < tokens.size(); ++at) {
    if (tokens[at].is_symbol('(')) {
      at = closing(tokens, at);
      continue;
    }
    const bool second = then.empty() || (at + 1 < tokens.size() && tokens[at + 1].is(then));
    if (tokens[at].is(keyword) && second) return at;
  }
  return tokens.size();
}

// ? becomes ?3: parts of a statement are run on their own, and each parameter keeps its number.
std::string with_numbers(std::string_view sql, std::size_t& highest) {
  std::string out;
  std::size_t copied = 0;
  for (const Token& token : tokenize(sql)) {
    if (token.kind != Token::Kind::variable || token.text.front() != '?') continue;
    std::size_t number = highest + 1;
    if (token.text.size() > 1) std::from_chars(token.text.data() + 1, token.text.data() + token.text.size(), number);
    highest = std::max(highest, number);
    out += sql.substr(copied, token.begin - copied);
    out += "?" + std::to_string(number);
    copied = token.end();
  }
  return out + std::string(sql.substr(copied));
}

std::string text_between(const std::string& sql, const std::vector<Token>& tokens, std::size_t begin, std::size_t end) {
  if (begin >= end || begin >= tokens.size()) return {};
  return sql.substr(tokens[begin].begin, tokens[end - 1].end() - tokens[begin].begin);
}

std::vector<std::string> names_in(const std::vector<Token>& tokens, std::size_t open, std::size_t close) {
  std::vector<std::string> out;
  for (std::size_t i = open + 1; i < close; ++i) {
    if (tokens[i].can_name()) out.push_back(tokens[i].name());
  }
  return out;
}

Result<void> take_conflict(const std::string& sql, const std::vector<Token>& tokens, std::size_t at, std::size_t end,
                           Composed& out) {
  at += 2;
  if (at < end && tokens[at].is_symbol('(')) {
    const std::size_t close = closing(tokens, at);
    out.target = names_in(tokens, at, close);
    at = close + 1;
  }
  if (at + 1 >= end || !tokens[at].is("DO"))
    return unsupported("ON CONFLICT (columns) DO NOTHING or DO UPDATE SET ... is supported");
  if (tokens[at + 1].is("NOTHING")) {
    out.on_conflict = Composed::OnConflict::nothing;
    if (at + 2 != end) return unsupported("one ON CONFLICT clause is supported, not several");
    return {};
  }
  if (out.target.empty()) return unsupported("ON CONFLICT DO UPDATE needs the columns: ON CONFLICT (columns) DO UPDATE SET ...");
  out.on_conflict = Composed::OnConflict::update;
  const std::size_t set = at + 3;  // behind UPDATE SET
  if (outside(tokens, set, "ON", "CONFLICT") < end) return unsupported("one ON CONFLICT clause is supported, not several");
  const std::size_t where = std::min(outside(tokens, set, "WHERE"), end);
  out.sets = text_between(sql, tokens, set, where);
  out.where = text_between(sql, tokens, where + 1, end);
  return {};
}

Result<void> take_insert(const std::string& sql, const std::vector<Token>& tokens, std::size_t end, Composed& out) {
  std::size_t at = outside(tokens, 0, "INTO") + 1;
  if (at >= tokens.size()) return unsupported("INSERT needs INTO and a table");
  if (at + 2 < tokens.size() && tokens[at + 1].is_symbol('.')) at += 2;
  out.table = out.alias = tokens[at].name();
  ++at;
  if (at + 1 < end && tokens[at].is("AS")) {
    out.alias = tokens[at + 1].name();
    at += 2;
  }
  if (at < end && tokens[at].is_symbol('(')) {
    const std::size_t close = closing(tokens, at);
    out.columns = names_in(tokens, at, close);
    at = close + 1;
  }
  const std::size_t conflict = std::min(outside(tokens, at, "ON", "CONFLICT"), end);
  out.source = text_between(sql, tokens, at, conflict);
  out.whole = text_between(sql, tokens, 0, conflict);
  if (conflict < end) return take_conflict(sql, tokens, conflict, end, out);
  return {};
}

}  // namespace

bool is_composed(const std::vector<Token>& tokens) {
  if (tokens.empty() || tokens[0].is("SELECT") || tokens[0].is("EXPLAIN") || tokens[0].is("VALUES")) return false;
  if (outside(tokens, 0, "RETURNING") < tokens.size()) return true;
  return outside(tokens, 0, "INSERT") < tokens.size() && outside(tokens, 0, "ON", "CONFLICT") < tokens.size();
}

Result<Composed> compose(std::string_view given) {
  Composed out;
  const std::string sql = with_numbers(given, out.parameters);
  const std::vector<Token> tokens = tokenize(sql);
  if (tokens[0].is("WITH")) return unsupported("WITH before a statement with RETURNING or ON CONFLICT is not supported");
  const std::size_t end = outside(tokens, 0, "RETURNING");
  out.returning = text_between(sql, tokens, end + 1, tokens.size());
  out.whole = text_between(sql, tokens, 0, end);
  if (tokens[0].is("INSERT") || tokens[0].is("REPLACE")) {
    LATIUM_CHECKED(take_insert(sql, tokens, end, out));
    return out;
  }
  const bool update = tokens[0].is("UPDATE");
  out.verb = update ? Composed::Verb::update : Composed::Verb::remove;
  std::size_t at = 1;
  if (update && at < end && tokens[at].is("OR")) at += 2;
  if (!update) ++at;  // FROM
  out.from = text_between(sql, tokens, at, end);
  if (at + 2 < end && tokens[at + 1].is_symbol('.')) at += 2;
  if (at >= end) return unsupported("the statement names no table");
  out.table = out.alias = tokens[at].name();
  if (at + 2 < end && tokens[at + 1].is("AS")) out.alias = tokens[at + 2].name();
  return out;
}

Result<std::string> with_excluded(const std::string& sql, const std::vector<std::string>& columns, std::size_t first) {
  const std::vector<Token> tokens = tokenize(sql);
  std::string out;
  std::size_t copied = 0;
  for (std::size_t i = 0; i + 2 < tokens.size(); ++i) {
    if (!tokens[i].can_name() || !same_name(tokens[i].name(), "excluded") || !tokens[i + 1].is_symbol('.')) continue;
    const auto column =
        std::ranges::find_if(columns, [&](const std::string& each) { return same_name(each, tokens[i + 2].name()); });
    if (column == columns.end()) return unsupported("no such column: excluded." + tokens[i + 2].name());
    out += sql.substr(copied, tokens[i].begin - copied);
    out += "?" + std::to_string(first + static_cast<std::size_t>(column - columns.begin()));
    copied = tokens[i + 2].end();
  }
  return out + sql.substr(copied);
}

}  // namespace latium::sql
