// The event seam: what happened, in structured form. A real node logs it; the simulator hashes it into the run's trace,
// and a run with an event of severity error fails.
#pragma once

#include <initializer_list>
#include <string_view>

#include "base/log.h"

namespace latium {

/// Any thread.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual bool enabled(Severity severity) const = 0;
  /// `name`: constant snake_case text. Not on hot paths without a check of enabled().
  virtual void emit(Severity severity, std::string_view name, std::initializer_list<Field> fields) = 0;
};

}  // namespace latium
