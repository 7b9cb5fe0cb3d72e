// LineSource: lines of a person at a terminal, with editing and history.
#pragma once

#include <memory>
#include <optional>
#include <string>

namespace latium::cli {

class LineSource {
 public:
  virtual ~LineSource() = default;
  /// Shows `prompt` and waits for a line, given without its newline. Nothing at the end of the input.
  virtual std::optional<std::string> next(const std::string& prompt) = 0;
  /// What was interrupted has ended: the next interruption is of what comes now.
  virtual void forget_interrupt() = 0;
};

}  // namespace latium::cli
