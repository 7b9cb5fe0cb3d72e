// Placement: which sites may hold a tenant's data, and how many replicas in each.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace latium {

/// Names of tenants, buckets, sites and racks: 1 to 64 of a-z A-Z 0-9 . _ -, not starting with a dot or dash.
/// `what` is for the message: "tenant name".
Result<void> check_name(std::string_view what, std::string_view name);

/// What a site can offer to a placement.
struct SiteCapacity {
  std::string name;
  std::uint32_t storage_nodes = 0;
};

/// A tenant's rule. One of three forms, by `kind`:
///   per_site     'rennes:2,paris:1'              that many replicas in each named site
///   any_of       'any 3 of [rennes, paris]'      that many replicas spread over the named sites
///   everywhere   'everywhere: 1'                 that many replicas in every site of the cluster
struct Placement {
  enum class Kind : std::uint8_t { per_site, any_of, everywhere };
  struct Site {
    std::string name;
    std::uint32_t replicas = 0;  ///< per_site only
    friend bool operator==(const Site&, const Site&) = default;
  };

  Kind kind = Kind::per_site;
  std::vector<Site> sites;     ///< as named, sorted by name; empty for everywhere
  std::uint32_t replicas = 0;  ///< any_of: in all; everywhere: in each site

  /// `invalid_argument`, saying what is wrong and the three forms.
  static Result<Placement> parse(std::string_view text);

  /// The canonical text; parse() takes it back.
  std::string to_string() const;

  /// Whether the site may hold anything of the tenant.
  bool names(std::string_view site) const;

  /// Whether the sites can hold it now. `unsatisfiable_placement` lists everything that is missing.
  Result<void> check_satisfiable(const std::vector<SiteCapacity>& sites) const;

  friend bool operator==(const Placement&, const Placement&) = default;
};

/// Most replicas that a placement may ask for, in all or in one site.
inline constexpr std::uint32_t kMaxReplicas = 64;

}  // namespace latium
