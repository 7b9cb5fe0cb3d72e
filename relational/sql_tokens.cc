#include "relational/sql_tokens.h"

#include "relational/schema_parts.h"

namespace latium::sql {

namespace {

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || (c & 0x80) != 0;
}

std::size_t end_of_quoted(std::string_view text, std::size_t at, char close) {
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] != close) continue;
    if (close == ']' || i + 1 >= text.size() || text[i + 1] != close) return i + 1;
    ++i;
  }
  return text.size();
}

std::size_t end_of_word(std::string_view text, std::size_t at) {
  while (at < text.size() && is_word(text[at])) ++at;
  return at;
}

// With its fraction and exponent; what is no number after all, SQLite refuses.
std::size_t end_of_number(std::string_view text, std::size_t at) {
  while (at < text.size() && (is_word(text[at]) || text[at] == '.' ||
                              ((text[at] == '+' || text[at] == '-') && (text[at - 1] == 'e' || text[at - 1] == 'E')))) {
    ++at;
  }
  return at;
}

// Behind spaces and comments.
std::size_t skip(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    if (is_space(text[at])) {
      ++at;
    } else if (text.substr(at, 2) == "--") {
      at = std::min(text.find('\n', at), text.size());
    } else if (text.substr(at, 2) == "/*") {
      const std::size_t close = text.find("*/", at + 2);
      at = close == std::string_view::npos ? text.size() : close + 2;
    } else {
      break;
    }
  }
  return at;
}

std::pair<Token::Kind, std::size_t> next(std::string_view text, std::size_t at) {
  using Kind = Token::Kind;
  const char c = text[at];
  const char after = at + 1 < text.size() ? text[at + 1] : '\0';
  if (c == '\'') return {Kind::string, end_of_quoted(text, at, '\'')};
  if (c == '"' || c == '`') return {Kind::quoted, end_of_quoted(text, at, c)};
  if (c == '[') return {Kind::quoted, end_of_quoted(text, at, ']')};
  if ((c == 'x' || c == 'X') && after == '\'') return {Kind::blob, end_of_quoted(text, at + 1, '\'')};
  if (is_digit(c) || (c == '.' && is_digit(after))) return {Kind::number, end_of_number(text, at)};
  if (c == '?' || ((c == ':' || c == '@' || c == '$') && is_word(after))) return {Kind::variable, end_of_word(text, at + 1)};
  if (is_word(c)) return {Kind::word, end_of_word(text, at)};
  return {Kind::symbol, at + 1};
}

}  // namespace

bool Token::is(std::string_view keyword) const {
  return kind == Kind::word && same_name(text, keyword);
}

std::string Token::name() const {
  if (kind == Kind::word || text.size() < 2) return std::string(text);
  const char close = text.front() == '[' ? ']' : text.front();
  std::string out;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    out.push_back(text[i]);
    if (text[i] == close && close != ']') ++i;
  }
  return out;
}

std::vector<Token> tokenize(std::string_view text) {
  std::vector<Token> out;
  for (std::size_t at = skip(text, 0); at < text.size(); at = skip(text, out.back().end())) {
    const auto [kind, end] = next(text, at);
    out.push_back({kind, at, text.substr(at, end - at)});
  }
  return out;
}

std::vector<std::string_view> split_statements(std::string_view text) {
  std::vector<std::string_view> out;
  std::size_t begin = std::string_view::npos;
  std::size_t end = 0;
  for (const Token& token : tokenize(text)) {
    if (token.is_symbol(';')) {
      if (begin != std::string_view::npos) out.push_back(text.substr(begin, end - begin));
      begin = std::string_view::npos;
      continue;
    }
    if (begin == std::string_view::npos) begin = token.begin;
    end = token.end();
  }
  if (begin != std::string_view::npos) out.push_back(text.substr(begin, end - begin));
  return out;
}

std::size_t closing(const std::vector<Token>& tokens, std::size_t at) {
  int depth = 0;
  for (; at < tokens.size(); ++at) {
    if (tokens[at].is_symbol('(')) ++depth;
    if (tokens[at].is_symbol(')') && --depth == 0) return at;
  }
  return at;
}

namespace {

std::string quote(std::string_view text, char mark) {
  std::string out(1, mark);
  for (const char c : text) {
    out.push_back(c);
    if (c == mark) out.push_back(c);
  }
  out.push_back(mark);
  return out;
}

}  // namespace

// REFERENCES is a keyword that names nothing unless it is quoted.
std::string references_renamed(std::string_view create_table, std::string_view from, std::string_view to) {
  std::string out;
  std::size_t done = 0;
  const Token* before = nullptr;
  const std::vector<Token> tokens = tokenize(create_table);
  for (const Token& token : tokens) {
    const bool named = before != nullptr && before->is("REFERENCES") && token.can_name() && same_name(token.name(), from);
    before = &token;
    if (!named) continue;
    out += std::string(create_table.substr(done, token.begin - done)) + quote_name(to);
    done = token.end();
  }
  return out + std::string(create_table.substr(done));
}

std::string quote_name(std::string_view name) {
  return quote(name, '"');
}

std::string quote_text(std::string_view text) {
  return quote(text, '\'');
}

}  // namespace latium::sql
