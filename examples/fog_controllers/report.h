// What a run came to, for people and as JSON.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "examples/fog_controllers/controller.h"

namespace fog {

struct SiteReport {
  std::string site;
  std::int64_t nodes = 0;
  Tally tally;
  std::int64_t boots_while_cut = 0;  ///< that began and ended while the site was cut off
  std::int64_t instances = 0;        ///< that are there afterwards, as another site's node counts them
  std::int64_t expected_instances = 0;
};

struct RunReport {
  std::vector<SiteReport> sites;
  std::string replicas;  ///< "home" or "three"
  std::string killed;    ///< "rennes-2"; empty: no node
  std::string cut;       ///< a site; empty: none
  double seconds = 0;    ///< of the boots, all sites together

  /// Every boot came to its end, and every instance is there.
  bool right() const;
};

/// As printf has it.
[[gnu::format(printf, 1, 2)]] std::string text(const char* format, ...);

/// The value below which `share` of them lie; 0 of none.
double percentile(std::vector<double> values, double share);

void print_table(std::ostream& out, const RunReport& report);
std::string to_json(const RunReport& report);

}  // namespace fog
