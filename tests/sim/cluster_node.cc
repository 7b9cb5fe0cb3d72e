#include "tests/sim/cluster_node.h"

#include <utility>

#include "base/hlc.h"
#include "node/client_service.h"
#include "node/node_core.h"
#include "runtime/deadline.h"

namespace latium::sim {

namespace {

constexpr Duration kRestartAfter = std::chrono::seconds(1);
constexpr std::size_t kServedRequests = 1024;
constexpr ClusterId kCluster{77};

class ClusterNode final : public Process, public RequestHandler {
 public:
  ClusterNode(NodeSeams seams, std::size_t number, std::string site, std::vector<Address> addresses, NodeWork work,
              UpkeepOptions upkeep, SwimOptions liveness)
      : seams_(seams),
        number_(number),
        site_(std::move(site)),
        addresses_(std::move(addresses)),
        work_(std::move(work)),
        upkeep_(upkeep),
        liveness_(liveness),
        tasks_(seams.runtime.executor, 1) {
    LATIUM_CHECK(tasks_.spawn(keep_starting()).has_value());
  }

  Task<void> stop() override {
    tasks_.cancel();
    LATIUM_CO_CHECKED(co_await tasks_.join());
    LATIUM_CO_CHECKED(co_await seams_.transport.stop());
    if (service_) LATIUM_CO_CHECKED(co_await service_->stop());
    if (core_) LATIUM_CO_CHECKED(co_await core_->stop());
    co_return Result<void>();
  }

  NodeCore* core() { return core_.get(); }

  void handle(IncomingRequest request) override {
    if (service_) return service_->handle(std::move(request));
    std::move(request).respond(fail(ErrorCode::unavailable, "the node is starting"));
  }

 private:
  Task<void> keep_starting() {
    LATIUM_CO_CHECKED(seams_.transport.listen(addresses_[number_], *this));
    while (true) {
      if (co_await start()) {
        if (work_) co_return co_await work_(*core_, number_);
        co_return Result<void>();
      }
      if (service_) LATIUM_CO_CHECKED(co_await service_->stop());
      if (core_) LATIUM_CO_CHECKED(co_await core_->stop());
      service_.reset();
      core_.reset();
      LATIUM_CO_CHECKED(co_await sleep_for(seams_.runtime, kRestartAfter));
    }
  }

  Task<void> start() {
    NodeIdentity identity{NodeId{number_ + 1}, kCluster, Incarnation{1}, site_, number_ > 0};
    CoreOptions options;
    options.upkeep = upkeep_;
    options.liveness = liveness_;
    for (std::size_t i = 0; i < addresses_.size(); ++i) {
      if (i != number_) options.seeds.push_back(addresses_[i]);
    }
    LATIUM_CO_TRY(core_,
                  NodeCore::open(seams_.runtime, seams_.engine, seams_.transport, hlc_, std::move(identity), std::move(options)));
    service_ = std::make_unique<ClientService>(*core_, kServedRequests);
    co_return co_await core_->join(addresses_[number_].to_string());
  }

  NodeSeams seams_;
  std::size_t number_;
  std::string site_;
  std::vector<Address> addresses_;
  NodeWork work_;
  UpkeepOptions upkeep_;
  SwimOptions liveness_;
  HlcClock hlc_;
  std::unique_ptr<NodeCore> core_;
  std::unique_ptr<ClientService> service_;
  TaskGroup tasks_;
};

}  // namespace

std::unique_ptr<Process> cluster_node(NodeSeams seams, std::size_t number, std::string site, std::vector<Address> addresses,
                                      NodeWork work, UpkeepOptions upkeep, SwimOptions liveness) {
  return std::make_unique<ClusterNode>(seams, number, std::move(site), std::move(addresses), std::move(work), upkeep, liveness);
}

NodeCore* core_of(Process& node) {
  return static_cast<ClusterNode&>(node).core();
}

}  // namespace latium::sim
