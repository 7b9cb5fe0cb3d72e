// Sites: a cluster over a few sites on this machine. The first node of each site is inside this process, as a controller's is;
// the others are latiumd processes.
#pragma once

#include <latium/latium.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "examples/fog_controllers/processes.h"

namespace fog {

struct SitesOptions {
  std::filesystem::path directory;
  std::filesystem::path programs;  ///< where latiumd and latium are
  std::vector<std::size_t> nodes;  ///< of each site
};

struct Site {
  struct Other {
    std::vector<std::string> command;
    std::optional<Daemon> daemon;
  };
  std::string name;
  std::size_t size = 0;              ///< nodes
  std::optional<latium::Node> node;  ///< the controller's
  std::vector<Other> others;
};

class Sites {
 public:
  static latium::Result<Sites> start(SitesOptions options);
  Sites(Sites&&) = default;
  Sites& operator=(Sites&&) = default;

  std::vector<Site>& all() { return sites_; }
  /// kill -9 of a latiumd of some site. False: no site has one.
  bool kill_one();
  /// Starts it again over its data.
  latium::Result<void> start_killed();
  /// Nothing goes into or out of the site any more, until heal().
  latium::Result<void> cut(const std::string& site);
  latium::Result<void> heal();
  void stop();

  const std::string& killed() const { return killed_; }

 private:
  explicit Sites(SitesOptions options) : options_(std::move(options)) {}
  latium::Result<void> open(Site& site);
  latium::Result<void> set_rules(const std::string& cut_site);
  static std::vector<std::string> addresses(const Site& site);

  SitesOptions options_;
  std::vector<Site> sites_;
  std::string killed_;  // "rennes-2"
};

}  // namespace fog
