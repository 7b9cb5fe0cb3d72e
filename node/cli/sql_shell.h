// SqlShell: statements and dot commands, from a script or from a person.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "node/cli/context.h"
#include "node/cli/sql_output.h"
#include "node/cli/sql_remote.h"
#include "node/cli/sql_text.h"

namespace latium::cli {

class SqlShell {
 public:
  /// Both outlive it.
  SqlShell(Context& context, RemoteSql& sql, SqlMode mode) : context_(context), sql_(sql), mode_(mode) {}

  /// A line: a dot command, or some of a statement's text, of which it runs what is complete. The first error ends it.
  Result<void> line(const std::string& text);
  /// What is left of the text, as a statement.
  Result<void> finish();
  /// Forgets the text that waits for its end.
  void forget() { splitter_.clear(); }

  /// To show before the next line.
  std::string prompt() const;
  bool wants_to_end() const { return ends_; }

 private:
  Result<void> run(const std::string& statement);
  Result<void> dot(const std::string& text);
  Result<void> show(const std::string& statement);
  Result<void> totals();
  Result<void> set_flag(std::string_view name, std::string_view argument, bool& flag);

  Context& context_;
  RemoteSql& sql_;
  SqlMode mode_;
  SqlSplitter splitter_;
  bool shows_stats_ = false;
  bool shows_time_ = false;
  bool ends_ = false;
};

}  // namespace latium::cli
