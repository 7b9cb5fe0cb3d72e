// An EventSink that keeps what it is told.
#pragma once

#include <string>
#include <vector>

#include "runtime/events.h"

namespace latium::testing {

class RecordingSink final : public EventSink {
 public:
  bool enabled(Severity /*severity*/) const override { return true; }
  void emit(Severity /*severity*/, std::string_view name, std::initializer_list<Field> fields) override {
    std::string line(name);
    for (const Field& field : fields) line += " " + std::string(field.name) + "=" + field.value;
    lines.push_back(std::move(line));
  }

  std::vector<std::string> lines;
};

}  // namespace latium::testing
