// Outage: a site is cut off for hours or days of virtual time, as a fibre that was dug up does it, while the rest goes on.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "tests/sim/sim_host.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/simulation.h"

namespace latium::sim {

class Outage {
 public:
  /// `set_pause`: how long clients may pause between two turns. All that is given outlives it. Everything else is whole when it
  /// begins.
  Outage(Simulation& simulation, SimNetwork& network, std::vector<SimHost*> nodes, std::function<void(Duration)> set_pause);

  /// From the cut to the moment when the network is whole, all nodes run and their clocks are right. False: the run has failed.
  bool play();

 private:
  void strike();
  void start(SimHost& host);
  /// The disk of a node that does not run: its buckets are gone, with all that it kept for others. What makes it a member of the
  /// cluster and a replica of registers is not: a node that lost that is another node.
  void lose_buckets(SimHost& host);

  Simulation& simulation_;
  SimNetwork& network_;
  const std::vector<SimHost*> nodes_;
  const std::function<void(Duration)> set_pause_;
  Random random_;
  std::map<SimHost*, Duration> jumped_;
  SimHost* unlucky_ = nullptr;  // it will lose its buckets when it dies next
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace latium::sim
