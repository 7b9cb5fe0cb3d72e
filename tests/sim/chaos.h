// Chaos: draws what goes wrong in a run from its seed, does it, and undoes all of it at heal().
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "tests/sim/sim_host.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/simulation.h"

namespace latium::sim {

/// Which faults a run has. The kinds and ranges are those of docs/testing.md.
struct ChaosOptions {
  double loss = 0;
  double duplication = 0;
  double reordering = 0;
  double reset = 0;
  bool partitions = false;
  bool clogs = false;
  bool kills = false;
  bool pauses = false;
  bool disks = false;
  bool clocks = false;
  bool fault_points = false;
  Duration interval_max = std::chrono::seconds(10);  ///< between two faults, at most

  /// Each kind is on or off, with a rate of its own.
  static ChaosOptions draw(Random random);
};

/// Dies before what it torments. `victims`: hosts whose process, disk and clock it touches; the network suffers as a whole.
class Chaos {
 public:
  Chaos(Simulation& simulation, SimNetwork& network, std::vector<SimHost*> victims, ChaosOptions options);
  ~Chaos();
  Chaos(const Chaos&) = delete;
  Chaos& operator=(const Chaos&) = delete;

  /// Begins; one fault after the other until heal().
  void begin();
  /// Ends every fault: the network is whole and quick, every victim runs on a healthy disk. What a killed process lost
  /// stays lost.
  void heal();

 private:
  void next_fault();
  void strike();
  void partition();
  void clog();
  void kill();
  void pause();
  void hurt_disk();
  void disturb_clock();
  void start(SimHost& host);
  SimHost& victim();
  Duration within(Duration low, Duration high);
  void later(Duration delay, std::move_only_function<void()> action);

  Simulation& simulation_;
  SimNetwork& network_;
  std::vector<SimHost*> victims_;
  ChaosOptions options_;
  NetworkOptions healthy_;
  Random random_;
  std::map<SimHost*, Duration> jumped_;  // how far the wall clocks are off
  // Events check it: what was scheduled before heal(), or before this died, does nothing.
  std::shared_ptr<bool> active_ = std::make_shared<bool>(false);
};

}  // namespace latium::sim
