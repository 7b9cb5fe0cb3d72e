// SimHost: a machine with a disk and a clock, on which a process is started, killed, paused and started again.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "net/transport.h"
#include "runtime/runtime.h"
#include "store/memory_engine.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/sim_runtime.h"
#include "tests/sim/simulation.h"

namespace latium::sim {

/// The world of one process. Outlives it.
struct NodeSeams {
  Runtime& runtime;
  Transport& transport;
  Engine& engine;
};

/// What runs on a host: a node, a client. Loop thread only.
class Process {
 public:
  virtual ~Process() = default;
  /// Ends every task that the process owns. Asked once, then the process is destroyed. Also of a killed process, as its
  /// coroutines must end before their memory goes; by then its seams are dead: writes, messages and events go nowhere,
  /// every wait ends at once, so nothing that an orderly shutdown does can reach disk or network.
  virtual Task<void> stop() = 0;
};

using ProcessFactory = std::function<std::unique_ptr<Process>(NodeSeams)>;

enum class Crash {
  process,  ///< kill -9: what was written survives, peers see their connections reset
  machine,  ///< power cut: what was not synced is gone (SimulatedDisk::crash), peers find out by keepalive
};

class SimHost {
 public:
  struct Options {
    std::string name;  ///< unique in the run
    std::string site = "site";
    PeerIdentity identity;
    MemoryEngine::Options engine;  ///< runtime and seed are filled in
    bool fault_points = false;     ///< LATIUM's fault points are live in its processes
  };

  SimHost(Simulation& simulation, SimNetwork& network, Options options, ProcessFactory factory);
  /// Kills what runs.
  ~SimHost();
  SimHost(const SimHost&) = delete;
  SimHost& operator=(const SimHost&) = delete;

  /// Opens the disk and builds the process. Errors: those of MemoryEngine::open. Precondition: not running.
  Result<void> start();
  /// At once; nothing of the process has any effect from here on. Not from inside the process. Nothing when not running.
  void kill(Crash how);
  /// Lets the process stop by itself, then closes its engine; running() is true until then.
  void stop();
  /// SIGSTOP and SIGCONT: timers, messages and disk wait.
  void pause();
  void resume();
  /// An empty disk. Precondition: not running.
  void replace_disk();

  bool running() const { return incarnation_ != nullptr; }
  bool paused() const;
  /// Of the running process.
  Process& process();
  Engine& engine();
  SimTransport& transport();
  SimRuntime& runtime();

  void set_fault_points(bool enabled);
  SimulatedDisk& disk() { return disk_; }
  SimClock& clock() { return clock_; }
  HostId id() const { return id_; }
  const std::string& name() const { return options_.name; }

 private:
  class Incarnation;

  Simulation& simulation_;
  SimNetwork& network_;
  Options options_;
  ProcessFactory factory_;
  HostId id_;
  Random random_;
  SimClock clock_;
  SimulatedDisk disk_;
  std::uint64_t starts_ = 0;
  std::shared_ptr<Incarnation> incarnation_;
};

}  // namespace latium::sim
