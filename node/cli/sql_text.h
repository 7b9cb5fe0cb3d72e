// SQL as text: where one statement ends and the next begins. Nothing here knows what statements mean.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace latium::cli {

/// Takes pieces of text, gives out whole statements: what ends with a `;` outside of strings, quoted names and comments.
class SqlSplitter {
 public:
  /// The statements that `text` completes, without their `;`, in order; those with nothing but space and comments are left out.
  std::vector<std::string> add(std::string_view text);
  /// What is left, as a statement; empty when that is only space and comments.
  std::string finish();
  /// Whether something of a statement waits for its end.
  bool waits() const { return has_words_ || state_ != State::code; }
  void clear() { *this = SqlSplitter(); }

 private:
  enum class State { code, single, quoted, back, bracket, line_comment, block_comment };
  void take(char c);

  std::string statement_;
  State state_ = State::code;
  char before_ = 0;         // the character before, where two make a comment
  bool has_words_ = false;  // something that is no space and no comment
  bool complete_ = false;
};

}  // namespace latium::cli
