// The recorded boots of a real controller (examples/data/boot_trace.jsonl), as statements of SQL.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "latium/value.h"

namespace latium::testing {

struct TracedStatement {
  std::string database;
  std::string sql;
  std::vector<Value> parameters{};
  int shape = -1;             ///< -1: BEGIN and its like, and what makes tables
  std::int64_t rows = -1;     ///< that it returned; -1: not recorded
  std::int64_t changed = -1;  ///< that it changed
};

struct BootTrace {
  std::vector<TracedStatement> setup;  ///< tables, indexes and the rows before the first boot
  std::vector<TracedStatement> boots;
};

BootTrace read_boot_trace();

}  // namespace latium::testing
