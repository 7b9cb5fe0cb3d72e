// The clients of a cluster: what those of the simulator and those of real processes share.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "net/transport.h"
#include "runtime/task_group.h"
#include "tests/sim/history.h"
#include "tests/sim/sim_host.h"

namespace latium::sim {

inline constexpr const char* kRunTenant = "acme";

struct RunTenant {
  std::string name;
  std::string placement;
};

/// What a client of a run is given.
struct ClientSeams {
  Runtime& runtime;
  Transport& transport;
  std::function<Duration()> now;  ///< for the history
  std::vector<Address> nodes;
  History& history;
  int number;
  Duration pause_max = std::chrono::milliseconds(1'500);  ///< between two turns of a client
  std::vector<RunTenant> tenants = usual_tenants();       ///< made first, in this order

  static std::vector<RunTenant> usual_tenants() { return {{kRunTenant, "rennes:1,paris:1,lyon:1"}}; }
};

/// A client: acts until it is told to conclude, then until everything has answered once more.
class ClusterClient : public Process {
 public:
  explicit ClusterClient(ClientSeams seams);

  /// Once, when the object is whole.
  void start();

  void conclude() { concluding_ = true; }
  /// From the next turn on: how long it may pause between two.
  void set_pause(Duration pause_max) { seams_.pause_max = pause_max; }
  bool ready() const { return ready_; }
  bool finished() const { return finished_; }
  /// Of the last call after healing that failed.
  const std::string& last_error() const { return last_error_; }

  Task<void> stop() override;

 protected:
  /// One operation, or a few; the faults are on.
  virtual Awaitable<void> act() = 0;
  /// After healing: false = ask again.
  virtual Awaitable<bool> finish() = 0;

  /// To a random node. 4 s unless more is asked for.
  Task<Bytes> call(Method method, Bytes request, Duration timeout = std::chrono::seconds(4));
  /// To that one of nodes().
  Task<Bytes> call_node(std::size_t node, Method method, Bytes request, Duration timeout = std::chrono::seconds(4));
  std::size_t nodes() const { return seams_.nodes.size(); }
  Awaitable<void> pause(Duration low, Duration high);
  Random& random() { return seams_.runtime.random; }
  Duration now() const { return seams_.now(); }
  History& history() { return seams_.history; }
  int number() const { return seams_.number; }
  const std::vector<RunTenant>& tenants() const { return seams_.tenants; }
  std::string last_error_;

 private:
  Task<void> work();
  Task<void> make_tenants();

  ClientSeams seams_;
  bool ready_ = false;
  bool concluding_ = false;
  bool finished_ = false;
  TaskGroup tasks_;
};

}  // namespace latium::sim
