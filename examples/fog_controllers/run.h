// Run: controllers of several sites boot instances, while a node is killed and a site is cut off.
#pragma once

#include <iosfwd>

#include "examples/fog_controllers/report.h"
#include "examples/fog_controllers/sites.h"

namespace fog {

struct RunOptions {
  SitesOptions sites;
  std::size_t boots = 9;  ///< of each controller
  bool three = false;     ///< each tenant has a replica in every site; else all its replicas are at home
  /// As if transactions ran one after the other; else what was only read may change until the commit.
  bool serializable = false;
  bool kill = true;  ///< a latiumd, in the second third
  bool cut = true;   ///< the second site, in the last third
  std::uint64_t seed = 1;
  std::chrono::milliseconds patience{60'000};  ///< longest that one transaction is done again
  /// The site is cut off until it has booted so many meanwhile; with `three` its controller waits.
  std::int64_t boots_while_cut = 2;
  /// Longest that it is cut off.
  std::chrono::milliseconds cut_for{10'000};
};

/// Tells `out` what happens. An error: the cluster or the tables could not be made.
Result<RunReport> run(const Trace& trace, RunOptions options, std::ostream& out);

}  // namespace fog
