// The `latium` command as a function: everything that it touches is handed in.
#pragma once

#include <atomic>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "node/cli/line_source.h"

namespace latium::cli {

struct Environment {
  std::string node;  ///< the value of LATIUM_NODE; empty: not set
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  /// Called by commands that end in good order when interrupted; the flag is set by the interruption. Null: never.
  std::function<const std::atomic<bool>*()> watch_interrupts;
  /// Lines of whoever sits at the terminal; called once at most, by a command that talks. Null: nobody does.
  std::function<std::unique_ptr<LineSource>()> edit_lines{};
};

/// Runs one command; `args` without the program's name. Returns the exit status: 0 done, 1 refused, 2 wrong usage,
/// 3 unavailable, 4 unknown outcome. Errors are one line on `err`, a JSON object with --json.
int run_latium(std::vector<std::string> args, std::istream& in, std::ostream& out, std::ostream& err,
               const Environment& environment);

}  // namespace latium::cli
