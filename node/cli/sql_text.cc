#include "node/cli/sql_text.h"

#include <utility>

namespace latium::cli {

namespace {

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

}  // namespace

// A doubled quote inside of quotes ends them and begins them again: nothing has to be done for it.
void SqlSplitter::take(char c) {
  const char before = std::exchange(before_, c);
  switch (state_) {
    case State::code:
      if (c == ';') {
        complete_ = true;
        return;
      }
      if (before == '-' && c == '-') {
        state_ = State::line_comment;
      } else if (before == '/' && c == '*') {
        state_ = State::block_comment;
        before_ = 0;  // "/*/" does not end it
      } else if (c == '\'') {
        state_ = State::single;
      } else if (c == '"') {
        state_ = State::quoted;
      } else if (c == '`') {
        state_ = State::back;
      } else if (c == '[') {
        state_ = State::bracket;
      }
      // The first half of what may be the sign of a comment is a word only if the second does not follow.
      if (state_ == State::code || state_ == State::line_comment || state_ == State::block_comment) {
        const bool half = before == '-' || before == '/';
        if (state_ == State::code && (half || (!is_space(c) && c != '-' && c != '/'))) has_words_ = true;
      } else {
        has_words_ = true;
      }
      break;
    case State::single:
      if (c == '\'') state_ = State::code;
      break;
    case State::quoted:
      if (c == '"') state_ = State::code;
      break;
    case State::back:
      if (c == '`') state_ = State::code;
      break;
    case State::bracket:
      if (c == ']') state_ = State::code;
      break;
    case State::line_comment:
      if (c == '\n') state_ = State::code;
      break;
    case State::block_comment:
      if (before == '*' && c == '/') {
        state_ = State::code;
        before_ = 0;
      }
      break;
  }
  statement_ += c;
}

std::vector<std::string> SqlSplitter::add(std::string_view text) {
  std::vector<std::string> out;
  for (const char c : text) {
    take(c);
    if (!complete_) continue;
    if (std::string whole = finish(); !whole.empty()) out.push_back(std::move(whole));
  }
  return out;
}

std::string SqlSplitter::finish() {
  // A sign of a comment that never became one is part of the statement.
  const bool words = has_words_ || (state_ == State::code && (before_ == '-' || before_ == '/'));
  std::string out = words ? std::move(statement_) : std::string();
  clear();
  std::size_t begin = 0;
  while (begin < out.size() && is_space(out[begin])) ++begin;
  while (out.size() > begin && is_space(out.back())) out.pop_back();
  return out.substr(begin);
}

}  // namespace latium::cli
