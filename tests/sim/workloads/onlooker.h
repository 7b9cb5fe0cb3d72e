// Onlooker: the client of a run whose nodes do the work themselves. It makes the tenant, and waits for the end.
#pragma once

#include <string>
#include <utility>

#include "tests/sim/workloads/cluster_client.h"

namespace latium::sim {

/// Between the onlooker and the nodes; survives all of them.
struct Ending {
  bool ending = false;  ///< the faults are over: whoever has seen all there is to see says that it has `ended`
  bool ended = false;
  std::string last_error;  ///< why not yet
};

class Onlooker final : public ClusterClient {
 public:
  Onlooker(ClientSeams seams, Ending& ending) : ClusterClient(std::move(seams)), ending_(ending) {}

 private:
  Awaitable<void> act() override { co_await pause(std::chrono::milliseconds(500), std::chrono::seconds(1)); }
  Awaitable<bool> finish() override {
    ending_.ending = true;
    last_error_ = ending_.last_error;
    co_return ending_.ended;
  }

  Ending& ending_;
};

}  // namespace latium::sim
