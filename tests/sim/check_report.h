// CheckReport: what a checker says about a history.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace latium::sim {

struct CheckReport {
  std::size_t operations = 0;  ///< that were judged: a report on none says nothing about the store
  std::size_t keys = 0;
  std::vector<std::string> violations;  ///< each for people, of several lines
  std::vector<std::string> gave_up;     ///< keys that took too much work to judge: no pass

  bool valid() const { return violations.empty() && gave_up.empty(); }
  /// The first thing that is wrong; empty when valid.
  std::string first() const { return !violations.empty() ? violations.front() : !gave_up.empty() ? gave_up.front() : ""; }
};

}  // namespace latium::sim
