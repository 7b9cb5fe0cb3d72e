#include "node/replica_service.h"

#include <algorithm>
#include <set>
#include <utility>

#include "node/join.h"
#include "node/message.h"
#include "proto/cluster.pb.h"
#include "proto/repair.pb.h"
#include "proto/wire.pb.h"
#include "replication/envelope.h"
#include "ring/partition.h"
#include "runtime/offload.h"

namespace latium {

namespace {

constexpr std::size_t kStepsAMessage = 16384;
constexpr std::uint32_t kListLimit = 1000;
constexpr Duration kJoinTimeout = std::chrono::seconds(30);

template <class Response>
Bytes refuse(replica::Refusal refusal) {
  Response response;
  *response.mutable_refusal() = std::move(refusal);
  return response.SerializeAsString();
}

Result<void> same_map(const Cluster& cluster, Epoch epoch) {
  if (cluster.epoch() == epoch) return {};
  return fail(ErrorCode::stale_topology, "the map of the cluster has changed meanwhile: retry");
}

Result<WriteLevel> level_of(std::uint32_t number) {
  if (number >= 1 && number <= 4) return static_cast<WriteLevel>(number);
  return fail(ErrorCode::invalid_argument, "a write asks for level " + std::to_string(number) + ", which is not known here");
}

// A step on a register that this node does not hold under the map in use is a bug of the sender, or an attack: nothing of a
// tenant may lie outside its placement.
Result<void> check_holds(const Cluster& cluster, const RegisterKey& key) {
  LATIUM_TRY(const ReplicaSet set, cluster.replicas(key.tenant, key.partition));
  if (set.index_of(cluster.self()) < set.size()) return {};
  return fail(ErrorCode::invalid_argument, "node " + to_hex(cluster.self().value) + " is no replica of " + key.describe());
}

Task<Bytes> serve_registers(Cluster& cluster, Bytes bytes) {
  // Many small messages in one, which live and die together.
  google::protobuf::Arena arena;
  LATIUM_CO_TRY(auto* const parsed, parse_request<replica::RegistersRequest>(bytes, arena));
  auto& request = *parsed;
  if (request.items_size() > static_cast<int>(kStepsAMessage)) {
    co_return fail(ErrorCode::invalid_argument, "more steps on registers in one message than " + std::to_string(kStepsAMessage));
  }
  std::set<std::uint32_t> tenants;
  for (const auto& item : request.items()) tenants.insert(item.key().tenant());
  LATIUM_CO_TRY(auto refusal, co_await check_envelope(cluster, std::move(*request.mutable_envelope()), std::move(tenants)));
  if (refusal) co_return refuse<replica::RegistersResponse>(*std::move(refusal));
  const Epoch epoch = cluster.epoch();
  std::vector<ReplicaItem> items;
  items.reserve(static_cast<std::size_t>(request.items_size()));
  for (const auto& message : request.items()) {
    LATIUM_CO_TRY(ReplicaItem item, from_message(message));
    LATIUM_CO_CHECKED(check_holds(cluster, item.key));
    items.push_back(std::move(item));
  }
  const auto answers =
      co_await cluster.replica().handle(std::move(items), [&cluster, epoch] { return same_map(cluster, epoch); });
  if (!answers) co_return fail(answers.error());
  auto& response = *google::protobuf::Arena::CreateMessage<replica::RegistersResponse>(&arena);
  for (const auto& answer : *answers) to_message(answer, *response.add_answers());
  co_return response.SerializeAsString();
}

Task<Bytes> serve_forward(Cluster& cluster, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_TRY(auto request, parse_request<replica::ForwardRequest>(bytes));
  LATIUM_CO_TRY(auto refusal, co_await check_envelope(cluster, std::move(*request.mutable_envelope()), {request.key().tenant()}));
  if (refusal) co_return refuse<replica::ForwardResponse>(*std::move(refusal));
  LATIUM_CO_TRY(RegisterKey key, from_message(request.key()));
  LATIUM_CO_TRY(RegisterCommand command, from_message(request.command()));
  LATIUM_CO_TRY(const CommandOutcome outcome,
                co_await cluster.registers().execute_forwarded(std::move(key), std::move(command),
                                                               {request.request_high(), request.request_low()}, deadline));
  replica::ForwardResponse response;
  response.set_applied(outcome.result.applied);
  response.set_row_refusal(static_cast<std::uint32_t>(outcome.result.refusal));
  response.set_not_before(outcome.result.not_before.value);
  to_message(outcome.result.state, *response.mutable_state());
  to_message(outcome.stats, *response.mutable_stats());
  co_return response.SerializeAsString();
}

Task<Bytes> serve_list(Cluster& cluster, Bytes bytes) {
  LATIUM_CO_TRY(auto request, parse_request<replica::ListRequest>(bytes));
  LATIUM_CO_TRY(auto refusal, co_await check_envelope(cluster, std::move(*request.mutable_envelope()), {request.tenant()}));
  if (refusal) co_return refuse<replica::ListResponse>(*std::move(refusal));
  const PartitionId partition{static_cast<std::uint16_t>(request.partition())};
  LATIUM_CO_TRY(const RegisterPage page,
                co_await cluster.replica().list(TenantId{request.tenant()}, partition, request.prefix(), request.after(),
                                                std::clamp(request.limit(), 1u, kListLimit)));
  replica::ListResponse response;
  for (const auto& entry : page.entries) {
    auto& out = *response.add_registers();
    out.set_key(entry.key);
    out.mutable_accepted()->set_stamp(entry.accepted.stamp.value);
    out.mutable_accepted()->set_node(entry.accepted.node.value);
    out.mutable_accepted()->set_attempt(entry.accepted.attempt);
    to_message(entry.state, *out.mutable_state());
  }
  response.set_more(page.more);
  co_return response.SerializeAsString();
}

Task<Bytes> serve_buckets(NodeCore& core, Bytes bytes) {
  google::protobuf::Arena arena;
  LATIUM_CO_TRY(auto* const request, parse_request<replica::BucketsRequest>(bytes, arena));
  if (request->items_size() > static_cast<int>(kStepsAMessage)) {
    co_return fail(ErrorCode::invalid_argument, "more steps on keys in one message than " + std::to_string(kStepsAMessage));
  }
  Cluster& cluster = core.cluster();
  std::set<std::uint32_t> tenants;
  for (const auto& item : request->items()) tenants.insert(item.key().tenant());
  LATIUM_CO_TRY(auto refusal, co_await check_envelope(cluster, std::move(*request->mutable_envelope()), std::move(tenants)));
  if (refusal) co_return refuse<replica::BucketsResponse>(*std::move(refusal));
  const Epoch epoch = cluster.epoch();
  std::vector<BucketItem> items;
  items.reserve(static_cast<std::size_t>(request->items_size()));
  for (const auto& message : request->items()) {
    LATIUM_CO_TRY(BucketItem item, from_message(message));
    items.push_back(std::move(item));
  }
  const auto answers =
      co_await core.buckets().replica().handle(std::move(items), [&cluster, epoch] { return same_map(cluster, epoch); });
  if (!answers) co_return fail(answers.error());
  auto& response = *google::protobuf::Arena::CreateMessage<replica::BucketsResponse>(&arena);
  for (const auto& answer : *answers) to_message(answer, *response.add_answers());
  co_return response.SerializeAsString();
}

Task<Bytes> serve_bucket_forward(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_TRY(auto request, parse_request<replica::BucketForwardRequest>(bytes));
  LATIUM_CO_TRY(auto refusal,
                co_await check_envelope(core.cluster(), std::move(*request.mutable_envelope()), {request.key().tenant()}));
  if (refusal) co_return refuse<replica::BucketForwardResponse>(*std::move(refusal));
  LATIUM_CO_TRY(DataKey key, from_message(request.key()));
  LATIUM_CO_TRY(const WriteLevel level, level_of(request.level()));
  BucketWrite what{.value = std::nullopt,
                   .context = std::move(*request.mutable_context()),
                   .expires_ms = request.expires_ms(),
                   .level = level,
                   .site = request.level_site(),
                   .durability = request.buffered() ? Durability::buffered : Durability::sync,
                   .stamp = Hlc{request.stamp()}};
  if (request.has_value()) what.value = std::move(*request.mutable_value());
  LATIUM_CO_TRY(const BucketWritten written,
                co_await core.buckets().buckets().coordinate(std::move(key), std::move(what), deadline));
  replica::BucketForwardResponse response;
  response.set_stamp(written.stamp.value);
  response.set_context(written.context);
  response.set_existed(written.existed);
  response.set_newest(written.newest.value);
  response.set_kept_nowhere(written.kept_nowhere);
  to_message(written.stats, *response.mutable_stats());
  co_return response.SerializeAsString();
}

Task<Bytes> serve_bucket_scan(NodeCore& core, Bytes bytes) {
  LATIUM_CO_TRY(auto request, parse_request<replica::BucketScanRequest>(bytes));
  LATIUM_CO_TRY(auto refusal,
                co_await check_envelope(core.cluster(), std::move(*request.mutable_envelope()), {request.tenant()}));
  if (refusal) co_return refuse<replica::BucketScanResponse>(*std::move(refusal));
  LATIUM_CO_CHECKED(check_bucket_name(request.bucket()));
  const TenantId tenant{request.tenant()};
  std::vector<PartitionId> partitions;
  for (const std::uint32_t partition : request.partitions()) {
    if (partition >= kMaxPartitions) co_return fail(ErrorCode::invalid_argument, "a scan asks for an impossible partition");
    partitions.push_back(PartitionId{static_cast<std::uint16_t>(partition)});
  }
  replica::BucketScanResponse response;
  response.set_bucket_known(core.buckets().bucket_exists(tenant, request.bucket()));
  LATIUM_CO_TRY(BucketPage page, co_await core.buckets().replica().page(
                                     tenant, request.bucket(), std::move(partitions), request.prefix(), request.after(),
                                     std::clamp<std::size_t>(request.limit(), 1, kScanLimitMax)));
  for (BucketPage::Entry& entry : page.entries) {
    auto& out = *response.add_entries();
    out.set_key(std::move(entry.key));
    out.set_versions(encode_versions(entry.held));
  }
  response.set_more(page.more);
  co_return response.SerializeAsString();
}

// The receiving side of what copies tell each other to find and mend their differences.
template <class Request, class Response, class Serve>
Task<Bytes> serve_repair(Cluster& cluster, Bytes bytes, std::set<std::uint32_t> (*tenants_of)(const Request&), Serve serve) {
  LATIUM_CO_TRY(auto request, parse_request<Request>(bytes));
  LATIUM_CO_TRY(auto refusal, co_await check_envelope(cluster, std::move(*request.mutable_envelope()), tenants_of(request)));
  if (refusal) co_return refuse<Response>(*std::move(refusal));
  LATIUM_CO_TRY(const Response response, co_await serve(request));
  co_return response.SerializeAsString();
}

std::set<std::uint32_t> tenants_of_roots(const repair::TreeRootsRequest& request) {
  std::set<std::uint32_t> out;
  for (const auto& each : request.partitions()) out.insert(each.tenant());
  return out;
}
template <class Request>
std::set<std::uint32_t> tenant_of_partition(const Request& request) {
  return {request.partition().tenant()};
}
template <class Request>
std::set<std::uint32_t> tenant_of(const Request& request) {
  return {request.tenant()};
}

Task<Bytes> serve_tree_roots(NodeCore& core, Bytes bytes) {
  return serve_repair<repair::TreeRootsRequest, repair::TreeRootsResponse>(
      core.cluster(), std::move(bytes), tenants_of_roots,
      [&core](const auto& request) { return core.buckets().anti_entropy().answer_roots(request); });
}
Task<Bytes> serve_tree_leaves(NodeCore& core, Bytes bytes) {
  return serve_repair<repair::TreeLeavesRequest, repair::TreeLeavesResponse>(
      core.cluster(), std::move(bytes), tenant_of_partition<repair::TreeLeavesRequest>,
      [&core](const auto& request) { return core.buckets().exchange().answer_leaves(request); });
}
Task<Bytes> serve_tree_differences(NodeCore& core, Bytes bytes) {
  return serve_repair<repair::TreeDifferencesRequest, repair::TreeDifferencesResponse>(
      core.cluster(), std::move(bytes), tenant_of_partition<repair::TreeDifferencesRequest>,
      [&core](const auto& request) { return core.buckets().exchange().answer_differences(request); });
}
Task<Bytes> serve_collection_mark(NodeCore& core, Bytes bytes) {
  return serve_repair<repair::CollectionMarkRequest, repair::CollectionMarkResponse>(
      core.cluster(), std::move(bytes), tenant_of<repair::CollectionMarkRequest>,
      [&core](const auto& request) { return core.buckets().collection().answer_mark(request); });
}
Task<Bytes> serve_collection_know(NodeCore& core, Bytes bytes) {
  return serve_repair<repair::CollectionKnowRequest, repair::CollectionKnowResponse>(
      core.cluster(), std::move(bytes), tenant_of<repair::CollectionKnowRequest>,
      [&core](const auto& request) { return core.buckets().collection().answer_know(request); });
}

Task<Bytes> serve_gossip(LivenessService& liveness, NodeId peer, Bytes message) {
  co_return liveness.handle(peer, message);
}

Task<Bytes> serve_info(Cluster& cluster) {
  const auto map = cluster.ring();
  if (!map->epoch()) co_return fail(ErrorCode::unavailable, "this node has not joined its cluster yet: ask another one");
  cluster::ClusterInfoResponse response;
  response.set_cluster_id(map->topology().cluster.value);
  co_return response.SerializeAsString();
}

Task<Bytes> serve_join(Cluster& cluster, NodeId peer, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_TRY(const auto request, parse_request<cluster::JoinRequest>(bytes));
  TopologyNode newcomer{.id = NodeId{request.node_id()},
                        .site = request.site(),
                        .rack = request.rack(),
                        .weight_milli = request.weight_milli(),
                        .storage = request.storage(),
                        .state = NodeState::joining,
                        .address = request.address()};
  if (newcomer.id != peer) co_return fail(ErrorCode::invalid_argument, "a node can only ask to be taken in itself");
  LATIUM_CO_CHECKED(check_name("site", newcomer.site));
  if (!newcomer.rack.empty()) LATIUM_CO_CHECKED(check_name("rack", newcomer.rack));
  LATIUM_CO_CHECKED(Address::parse(newcomer.address));
  deadline = std::min(deadline, saturating_add(cluster.runtime().clock.monotonic_now(), kJoinTimeout));
  LATIUM_CO_TRY(const Topology topology, co_await take_in(cluster, std::move(newcomer), deadline));
  cluster::JoinResponse response;
  response.set_topology(encode_topology(topology));
  co_return response.SerializeAsString();
}

Task<Bytes> serve_topology(Cluster& cluster, Bytes bytes) {
  LATIUM_CO_TRY(const auto request, parse_request<cluster::TopologyFetchRequest>(bytes));
  if (!request.topology().empty()) LATIUM_CO_CHECKED(co_await cluster.adopt_topology(request.topology()));
  cluster::TopologyFetchResponse response;
  if (Epoch{request.epoch()} < cluster.epoch()) response.set_topology(cluster.encoded_topology());
  co_return response.SerializeAsString();
}

Task<Bytes> serve_dropped(Cluster& cluster, Bytes bytes) {
  LATIUM_CO_TRY(const auto request, parse_request<cluster::TenantDroppedRequest>(bytes));
  if (request.tenant() == 0) co_return fail(ErrorCode::invalid_argument, "there is no tenant 0");
  LATIUM_CO_CHECKED(co_await offload<void>(cluster.runtime(),
                                           [&cluster, id = TenantId{request.tenant()}] { return cluster.catalog().drop(id); }));
  co_return cluster::TenantDroppedResponse().SerializeAsString();
}

// The answer holds for all that this node ever does.
Task<Bytes> serve_table_changed(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_TRY(const auto request, parse_request<cluster::TableChangedRequest>(bytes));
  const NodeId self = core.cluster().self();
  if (NodeId{request.node_id()} != self) {
    co_return fail(ErrorCode::invalid_argument, "this is node " + to_hex(self.value) + ", which was not asked");
  }
  LATIUM_CO_CHECKED(
      co_await core.tables().give_up({.tenant = TenantId{request.tenant()}}, request.key(), request.version(), deadline));
  co_return cluster::TableChangedResponse().SerializeAsString();
}

}  // namespace

bool is_between_nodes(Method method) {
  return method >= wire::METHOD_CLUSTER_INFO;
}

Task<Bytes> serve_node(NodeCore& core, Method method, NodeId peer, Bytes request, MonotonicTime deadline) {
  Cluster& cluster = core.cluster();
  switch (method) {
    case wire::METHOD_GOSSIP:
      return serve_gossip(core.liveness(), peer, std::move(request));
    case wire::METHOD_REGISTERS:
      return serve_registers(cluster, std::move(request));
    case wire::METHOD_REGISTER_FORWARD:
      return serve_forward(cluster, std::move(request), deadline);
    case wire::METHOD_REGISTER_LIST:
      return serve_list(cluster, std::move(request));
    case wire::METHOD_BUCKETS:
      return serve_buckets(core, std::move(request));
    case wire::METHOD_BUCKET_FORWARD:
      return serve_bucket_forward(core, std::move(request), deadline);
    case wire::METHOD_BUCKET_SCAN:
      return serve_bucket_scan(core, std::move(request));
    case wire::METHOD_TREE_ROOTS:
      return serve_tree_roots(core, std::move(request));
    case wire::METHOD_TREE_LEAVES:
      return serve_tree_leaves(core, std::move(request));
    case wire::METHOD_TREE_DIFFERENCES:
      return serve_tree_differences(core, std::move(request));
    case wire::METHOD_COLLECTION_MARK:
      return serve_collection_mark(core, std::move(request));
    case wire::METHOD_COLLECTION_KNOW:
      return serve_collection_know(core, std::move(request));
    case wire::METHOD_CLUSTER_INFO:
      return serve_info(cluster);
    case wire::METHOD_JOIN:
      return serve_join(cluster, peer, std::move(request), deadline);
    case wire::METHOD_TOPOLOGY_FETCH:
      return serve_topology(cluster, std::move(request));
    case wire::METHOD_TENANT_DROPPED:
      return serve_dropped(cluster, std::move(request));
    case wire::METHOD_TABLE_CHANGED:
      return serve_table_changed(core, std::move(request), deadline);
    default:
      break;
  }
  const auto unsupported = [](Method asked) -> Task<Bytes> {
    co_return fail(ErrorCode::unsupported,
                   "this node does not know request " + std::to_string(asked) + ": it may be older than its caller");
  };
  return unsupported(method);
}

}  // namespace latium
