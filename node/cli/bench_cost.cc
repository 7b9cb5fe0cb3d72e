#include "node/cli/bench_cost.h"

#include <algorithm>
#include <utility>

#include "proto/client.pb.h"
#include "proto/wire.pb.h"

namespace latium::cli {

Result<CostMeter> CostMeter::start(Context& context) {
  LATIUM_TRY(const auto topology, context.read<client::TopologyResponse>(wire::METHOD_TOPOLOGY, client::TopologyRequest()));
  CostMeter meter(context.options.timeout);
  for (const auto& node : topology.nodes()) {
    RemoteClient::Options to{.node = {}, .tls = context.options.tls};
    LATIUM_TRY(to.node, Address::parse(node.address()));
    LATIUM_TRY(auto client, RemoteClient::open(std::move(to)));
    meter.nodes_.push_back(std::move(client));
  }
  LATIUM_TRY(meter.before_, meter.total());
  return meter;
}

Result<ClusterWork> CostMeter::total() const {
  ClusterWork sum;
  for (const auto& node : nodes_) {
    LATIUM_TRY(const auto status,
               node->call<client::StatusResponse>(wire::METHOD_STATUS, client::StatusRequest(), node->after(timeout_)));
    if (!status.has_work()) {
      return fail(ErrorCode::invalid_argument,
                  "node " + status.listen() + " is of version " + status.version() + ", which does not tell its work: update it");
    }
    const client::Work& work = status.work();
    sum.log_syncs += work.log_syncs();
    sum.commit_groups += work.commit_groups();
    sum.commit_batches += work.commit_batches();
    sum.requests += work.requests_to_nodes();
    sum.bytes += work.net_bytes_sent() + work.net_bytes_received();
  }
  return sum;
}

Result<ClusterWork> CostMeter::read(const std::vector<NodeClients>& clients) const {
  LATIUM_TRY(ClusterWork work, total());
  std::uint64_t to_clients = 0;
  for (const NodeClients& each : clients) to_clients += each.client->bytes_moved();
  if (work.log_syncs < before_.log_syncs || work.requests < before_.requests || work.bytes < before_.bytes) {
    return fail(ErrorCode::unavailable, "a node was restarted meanwhile: what it did before is not known");
  }
  work.log_syncs -= before_.log_syncs;
  work.commit_groups -= before_.commit_groups;
  work.commit_batches -= before_.commit_batches;
  work.requests -= before_.requests;
  work.bytes -= before_.bytes;
  // What two nodes exchange both of them count.
  work.bytes = (work.bytes - std::min(work.bytes, to_clients)) / 2;
  return work;
}

}  // namespace latium::cli
