// Fault points: places in production code where a simulated run makes a rare path common (tiny batches, early timeouts).
// Source: FoundationDB's "buggify" (Zhou et al., SIGMOD 2021, section 4.2), without its globals.
#pragma once

#include <string_view>

namespace latium {

class FaultPoints {
 public:
  virtual ~FaultPoints() = default;
  /// True when the rare path at `site` is to be taken now. A real node: never.
  virtual bool fires(std::string_view site) = 0;
};

/// What real nodes use.
class NoFaultPoints final : public FaultPoints {
 public:
  bool fires(std::string_view) override { return false; }
};

}  // namespace latium
