// The words of a SQL text, as SQLite takes it apart. For telling what kind of statement it is, and for the few that are
// rewritten; a text that is malformed is SQLite's to refuse.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace latium::sql {

struct Token {
  enum class Kind : std::uint8_t { word, quoted, string, number, blob, variable, symbol };
  Kind kind = Kind::symbol;
  std::size_t begin = 0;  ///< in the text
  std::string_view text;

  std::size_t end() const { return begin + text.size(); }
  /// A keyword, in any case.
  bool is(std::string_view keyword) const;
  bool is_symbol(char symbol) const { return kind == Kind::symbol && text.size() == 1 && text.front() == symbol; }
  /// What it names, without quotes.
  std::string name() const;
  bool can_name() const { return kind == Kind::word || kind == Kind::quoted || kind == Kind::string; }
};

/// Without spaces and comments. `text` outlives them.
std::vector<Token> tokenize(std::string_view text);

/// The statements of a text, without their semicolons; empty ones are left out.
std::vector<std::string_view> split_statements(std::string_view text);

/// Where the bracket that opens at `at` is closed; tokens.size() where it is not.
std::size_t closing(const std::vector<Token>& tokens, std::size_t at);

/// A CREATE TABLE statement whose foreign keys name `to` where they named `from`.
std::string references_renamed(std::string_view create_table, std::string_view from, std::string_view to);

/// As an identifier in SQL: in double quotes.
std::string quote_name(std::string_view name);
/// As a literal: in single quotes.
std::string quote_text(std::string_view text);

}  // namespace latium::sql
