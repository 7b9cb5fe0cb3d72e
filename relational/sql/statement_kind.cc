#include "relational/sql/statement_kind.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "relational/sql/composed.h"

namespace latium::sql {

namespace {

using Kind = StatementKind;

// Walks over keywords that may be there.
class Words {
 public:
  explicit Words(const std::vector<Token>& tokens) : tokens_(tokens) {}

  bool take(std::string_view word) {
    if (at_ >= tokens_.size() || !tokens_[at_].is(word)) return false;
    ++at_;
    return true;
  }
  bool take(std::string_view a, std::string_view b) {
    if (at_ + 1 >= tokens_.size() || !tokens_[at_].is(a) || !tokens_[at_ + 1].is(b)) return false;
    at_ += 2;
    return true;
  }
  /// "a" or "main.a".
  std::string name() {
    if (at_ >= tokens_.size() || !tokens_[at_].can_name()) return {};
    std::string out = tokens_[at_++].name();
    if (at_ + 1 < tokens_.size() && tokens_[at_].is_symbol('.')) {
      out = tokens_[at_ + 1].name();
      at_ += 2;
    }
    return out;
  }
  bool at_symbol(char symbol) const { return at_ < tokens_.size() && tokens_[at_].is_symbol(symbol); }

 private:
  const std::vector<Token>& tokens_;
  std::size_t at_ = 0;
};

Classified refused(std::string why) {
  return {.kind = Kind::refused, .why = std::move(why)};
}

// SQLite 3.40 takes the quotes off a table's name a second time where it makes the triggers of foreign keys, and writes behind
// the name's end when it begins with one and does not end there.
bool names_a_quote(const std::vector<Token>& tokens) {
  static constexpr std::array<std::string_view, 4> kBeforeNames = {"TABLE", "EXISTS", "TO", "REFERENCES"};
  for (std::size_t i = 1; i < tokens.size(); ++i) {
    const Token& before = tokens[i - 1];
    const bool named = tokens[i].kind == Token::Kind::quoted ||
                       (tokens[i].kind == Token::Kind::string &&
                        (before.is_symbol('.') || std::ranges::any_of(kBeforeNames, [&](auto word) { return before.is(word); })));
    if (named && std::string_view("\"'`[").contains(tokens[i].name().substr(0, 1))) return !tokens[i].name().empty();
  }
  return false;
}

Classified create(Words words) {
  const bool temporary = words.take("TEMP") || words.take("TEMPORARY");
  const bool unique = words.take("UNIQUE");
  Kind kind = Kind::plain;
  if (words.take("TABLE"))
    kind = Kind::create_table;
  else if (words.take("INDEX"))
    kind = Kind::create_index;
  else if (words.take("VIEW"))
    kind = Kind::create_view;
  else if (words.take("TRIGGER"))
    return refused("triggers are not supported: do it in the transaction that writes");
  else if (words.take("VIRTUAL"))
    return refused("virtual tables are not supported");
  (void)unique;
  const bool exists = words.take("IF") && words.take("NOT") && words.take("EXISTS");
  // Of this connection alone: SQLite's own.
  if (temporary) return {};
  return {.kind = kind, .name = words.name(), .if_exists = exists};
}

Classified drop(Words words) {
  Kind kind = Kind::plain;
  if (words.take("TABLE"))
    kind = Kind::drop_table;
  else if (words.take("INDEX"))
    kind = Kind::drop_index;
  else if (words.take("VIEW"))
    kind = Kind::drop_view;
  else if (words.take("TRIGGER"))
    return refused("triggers are not supported");
  const bool exists = words.take("IF", "EXISTS");
  return {.kind = kind, .name = words.name(), .if_exists = exists};
}

Classified pragma(Words words) {
  static constexpr std::array<std::string_view, 13> kReflection = {
      "table_info",    "table_xinfo",    "table_list",    "index_list",      "index_info", "index_xinfo",   "foreign_key_list",
      "database_list", "collation_list", "function_list", "compile_options", "encoding",   "schema_version"};
  static constexpr std::array<std::string_view, 12> kNothing = {
      "journal_mode", "synchronous", "busy_timeout", "cache_size",       "temp_store",         "mmap_size",
      "locking_mode", "page_size",   "optimize",     "read_uncommitted", "wal_autocheckpoint", "automatic_index"};
  const std::string name = words.name();
  const auto is = [&](std::string_view other) {
    return std::ranges::equal(name, other, [](char a, char b) { return (a | 0x20) == (b | 0x20) || a == b; });
  };
  if (is("foreign_keys")) return {.kind = Kind::foreign_keys};
  if (is("defer_foreign_keys")) return {.kind = Kind::defer_foreign_keys};
  if (std::ranges::any_of(kReflection, is)) return {.kind = Kind::reflection};
  if (std::ranges::any_of(kNothing, is)) return {.kind = Kind::nothing};
  return refused("PRAGMA " + name + " is not supported");
}

bool about_schema(const std::vector<Token>& tokens) {
  return std::ranges::any_of(tokens, [](const Token& token) {
    if (token.kind != Token::Kind::word && token.kind != Token::Kind::quoted) return false;
    const std::string name = token.name();
    const auto is = [&](std::string_view other) {
      return name.size() == other.size() &&
             std::ranges::equal(name, other, [](char a, char b) { return (a | 0x20) == (b | 0x20); });
    };
    return is("sqlite_master") || is("sqlite_schema") || name.starts_with("pragma_");
  });
}

}  // namespace

Classified classify(const std::vector<Token>& tokens) {
  Words words(tokens);
  if (words.take("BEGIN")) return {.kind = Kind::begin};
  if (words.take("COMMIT") || words.take("END")) return {.kind = Kind::commit};
  if (words.take("ROLLBACK")) {
    words.take("TRANSACTION");
    if (!words.take("TO")) return {.kind = Kind::rollback};
    words.take("SAVEPOINT");
    return {.kind = Kind::rollback_to, .name = words.name()};
  }
  if (words.take("SAVEPOINT")) return {.kind = Kind::savepoint, .name = words.name()};
  if (words.take("RELEASE")) {
    words.take("SAVEPOINT");
    return {.kind = Kind::release, .name = words.name()};
  }
  if (words.take("EXPLAIN", "LATIUM")) return {.kind = Kind::explain_latium};
  if (!tokens.empty() && (tokens.front().is("CREATE") || tokens.front().is("ALTER")) && names_a_quote(tokens)) {
    return refused("a name that begins with a quote is not supported");
  }
  if (words.take("CREATE")) return create(words);
  if (words.take("DROP")) return drop(words);
  if (words.take("ALTER", "TABLE")) return {.kind = Kind::alter_table, .name = words.name()};
  if (words.take("PRAGMA")) return pragma(words);
  if (words.take("ATTACH") || words.take("DETACH"))
    return refused("ATTACH and DETACH are not supported: a session has one database");
  if (words.take("VACUUM") || words.take("ANALYZE") || words.take("REINDEX")) return {.kind = Kind::nothing};
  if (about_schema(tokens)) return {.kind = Kind::reflection};
  if (is_composed(tokens)) return {.kind = Kind::composed};
  return {};
}

}  // namespace latium::sql
