#include "node/client_service.h"

#include <utility>

#include "node/handlers.h"
#include "node/replica_service.h"
#include "proto/client.pb.h"
#include "proto/wire.pb.h"
#include "runtime/deadline.h"
#include "runtime/offload.h"

namespace latium {

namespace {

using Handler = Task<Bytes> (*)(NodeCore&, Bytes, MonotonicTime);

// Null: no such method.
Handler handler_of(Method method) {
  switch (method) {
    case wire::METHOD_KV_PUT:
      return handle_kv_put;
    case wire::METHOD_KV_PUT_MANY:
      return handle_kv_put_many;
    case wire::METHOD_KV_GET:
      return handle_kv_get;
    case wire::METHOD_KV_DELETE:
      return handle_kv_delete;
    case wire::METHOD_KV_SCAN:
      return handle_kv_scan;
    case wire::METHOD_FAULTS_SET:
      return handle_faults_set;
    case wire::METHOD_TENANT_CREATE:
      return handle_tenant_create;
    case wire::METHOD_TENANT_LIST:
      return handle_tenant_list;
    case wire::METHOD_TENANT_DESCRIBE:
      return handle_tenant_describe;
    case wire::METHOD_TENANT_DROP:
      return handle_tenant_drop;
    case wire::METHOD_REGISTER_GET:
      return handle_register_get;
    case wire::METHOD_REGISTER_CAS:
      return handle_register_cas;
    case wire::METHOD_LOCK_ACQUIRE:
      return handle_lock_acquire;
    case wire::METHOD_LOCK_RENEW:
      return handle_lock_renew;
    case wire::METHOD_LOCK_RELEASE:
      return handle_lock_release;
    case wire::METHOD_LOCK_SHOW:
      return handle_lock_show;
    case wire::METHOD_TABLE_CREATE:
      return handle_table_create;
    case wire::METHOD_TABLE_DROP:
      return handle_table_drop;
    case wire::METHOD_TABLE_LIST:
      return handle_table_list;
    case wire::METHOD_TABLE_DESCRIBE:
      return handle_table_describe;
    case wire::METHOD_TABLE_ALTER:
      return handle_table_alter;
    case wire::METHOD_TABLE_CHECK:
      return handle_table_check;
    case wire::METHOD_ROW_PUT:
      return handle_row_put;
    case wire::METHOD_ROW_GET:
      return handle_row_get;
    case wire::METHOD_ROW_DELETE:
      return handle_row_delete;
    case wire::METHOD_ROW_FIND:
      return handle_row_find;
    case wire::METHOD_TOPOLOGY:
      return handle_topology;
    case wire::METHOD_RING_SHOW:
      return handle_ring_show;
    case wire::METHOD_CONVERGENCE:
      return handle_convergence;
    case wire::METHOD_VERIFY:
      return handle_verify;
    case wire::METHOD_AUDIT:
      return handle_audit;
    default:
      return nullptr;
  }
}

// A tenth of the time is kept for the answer's way back: it says what the caller's own timeout cannot.
MonotonicTime working_deadline(NodeCore& core, MonotonicTime deadline) {
  if (deadline == kNever) return default_deadline(core);
  const MonotonicTime now = core.runtime().clock.monotonic_now();
  return deadline <= now ? deadline : now + (deadline - now) / 10 * 9;
}

constexpr int kMembersListed = 1000;

void fill_members(NodeCore& core, client::StatusResponse& out) {
  const LivenessCounts counts = core.liveness().counts();
  out.set_members_up(static_cast<std::uint32_t>(counts.up));
  out.set_members_suspect(static_cast<std::uint32_t>(counts.suspect));
  out.set_members_down(static_cast<std::uint32_t>(counts.down));
  const auto map = core.cluster().ring();
  for (const TopologyNode& node : map->topology().nodes) {
    const Liveness liveness = core.liveness().liveness(node.id);
    if (liveness == Liveness::up || out.not_up_size() == kMembersListed) continue;
    auto& listed = *out.add_not_up();
    listed.set_id(node.id.value);
    listed.set_address(node.address);
    listed.set_site(node.site);
    listed.set_liveness(std::string(to_string(liveness)));
  }
}

void fill_hints(NodeCore& core, client::StatusResponse& out) {
  const HintBook& book = core.buckets().hints();
  out.set_hints_count(book.count());
  out.set_hints_bytes(book.bytes());
  const auto map = core.cluster().ring();
  const std::uint64_t now_ms = core.runtime().clock.wall_ms();
  for (const auto& [node, account] : book.accounts()) {
    if ((account.count == 0 && account.dropped == 0) || out.hints_size() == kMembersListed) continue;
    auto& listed = *out.add_hints();
    const TopologyNode* const known = map->node(node);
    listed.set_node_id(node.value);
    if (known != nullptr) listed.set_address(known->address);
    listed.set_count(account.count);
    listed.set_bytes(account.bytes);
    if (account.count > 0 && now_ms > account.since_ms) listed.set_age_ms(now_ms - account.since_ms);
    listed.set_dropped(account.dropped);
  }
}

void fill_work(client::Work& out, const EngineStatistics& store, const TransportStatistics& transport) {
  out.set_log_syncs(store.syncs);
  out.set_commit_groups(store.commit_groups);
  out.set_commit_batches(store.commit_batches);
  out.set_requests_to_nodes(transport.requests_sent);
  out.set_net_bytes_sent(transport.bytes_sent);
  out.set_net_bytes_received(transport.bytes_received);
}

Task<Bytes> describe(NodeCore& core, ServiceInfo info, std::uint64_t requests) {
  LATIUM_CO_TRY(const NodeStatus status,
                co_await offload<NodeStatus>(core.runtime(), [&core]() -> Result<NodeStatus> { return describe_core(core); }));
  const EngineStatistics statistics = core.engine().statistics();
  client::StatusResponse response;
  response.set_node_id(core.identity().node.value);
  response.set_cluster_id(core.cluster().ring()->topology().cluster.value);
  response.set_site(status.site);
  response.set_rack(status.rack);
  response.set_state(status.state);
  response.set_state_reason(status.state_reason);
  response.set_epoch(status.epoch);
  response.set_uptime_ms(status.uptime_ms);
  response.set_tenants(static_cast<std::uint32_t>(status.tenants));
  response.set_keys(status.keys_estimate);
  response.set_incarnation(static_cast<std::uint32_t>(status.incarnation));
  response.set_version(std::string(program_version()));
  response.set_disk_bytes(status.disk_bytes);
  response.set_memory_bytes(status.memory_bytes);
  response.set_block_cache_bytes(statistics.block_cache_bytes);
  response.set_listen(info.listen);
  response.set_role(core.options().holds_replicas ? "storage" : "client");
  response.set_requests(requests);
  fill_members(core, response);
  fill_hints(core, response);
  const TransportStatistics transport = info.transport ? info.transport() : TransportStatistics();
  response.set_connections(transport.connections_open);
  fill_work(*response.mutable_work(), statistics, transport);
  co_return response.SerializeAsString();
}

}  // namespace

void ClientService::handle(IncomingRequest request) {
  ++statistics_.requests;
  if (refusal_) {
    ++statistics_.failures;
    return std::move(request).respond(fail(*refusal_));
  }
  if (request.method() == wire::METHOD_KV_GET) {
    get_in_place(std::move(request));
  } else {
    spawn(std::move(request));
  }
}

void ClientService::get_in_place(IncomingRequest request) {
  auto known = kv_get_cached(core_, request.payload());
  if (!known) {
    ++statistics_.failures;
    std::move(request).respond(fail(std::move(known).error()));
  } else if (*known) {
    std::move(request).respond(**std::move(known));
  } else {
    spawn(std::move(request));
  }
}

void ClientService::spawn(IncomingRequest request) {
  const Method method = request.method();
  Task<Bytes> work;
  if (method == wire::METHOD_STATUS) {
    work = describe(core_, info_, statistics_.requests);
  } else if (const Handler handler = handler_of(method); handler != nullptr) {
    work = handler(core_, request.take_payload(), working_deadline(core_, request.deadline()));
  } else if (sql_ != nullptr && SqlService::serves(method)) {
    const MonotonicTime deadline = request.deadline();
    work = with_deadline(core_.runtime(), working_deadline(core_, deadline), sql_->serve(method, request.take_payload()));
  } else if (is_between_nodes(method)) {
    if (request.peer().role != PeerRole::node) {
      ++statistics_.failures;
      return std::move(request).respond(
          fail(ErrorCode::unauthenticated, "request " + std::to_string(method) + " is for nodes of the cluster only"));
    }
    work = serve_node(core_, method, request.peer().node, request.take_payload(), working_deadline(core_, request.deadline()));
  } else {
    ++statistics_.failures;
    std::move(request).respond(fail(ErrorCode::unsupported, "this node does not know request " + std::to_string(method) +
                                                                ": it may be older than its caller"));
    return;
  }
  // A refused spawn destroys the request with its task; what answers then must be kept apart, so the group is asked first.
  if (!tasks_.has_room() || core_.runtime().faults.fires("client_service_is_full")) {
    ++statistics_.failures;
    ++statistics_.overloaded;
    std::move(request).respond(fail(ErrorCode::overloaded, "the node works on too many requests: retry with backoff"));
    return;
  }
  const RequestKey key(request.connection_id(), request.id());
  const auto spawned = tasks_.spawn(answer(Running(*this, key), std::move(request), std::move(work)));
  LATIUM_CHECK(spawned.has_value(), "a group with room refuses nothing");
  running_.emplace(key, *spawned);
}

// At the deadline the task is cancelled from outside, like by a caller that is gone: a race inside it would be a task more.
Task<void> ClientService::answer(Running /*running*/, IncomingRequest request, Task<Bytes> work) {
  bool expired = false;
  TimerId timer;
  if (request.deadline() != kNever) {
    timer = core_.runtime().timers.schedule(request.deadline(), [&] {
      expired = true;
      cancelled(request.connection_id(), request.id());
    });
  }
  Result<Bytes> response = co_await std::move(work);
  core_.runtime().timers.cancel(timer);
  // Asio may have posted the signal, and it must not meet a task that is gone.
  if (expired) co_await yield_now();
  if (expired && !response && response.error().code == ErrorCode::cancelled) {
    response = fail(ErrorCode::deadline_exceeded, response.error().certainty, "the deadline passed");
  }
  if (!response) ++statistics_.failures;
  std::move(request).respond(std::move(response));
  co_return Result<void>();
}

void ClientService::cancelled(std::uint64_t connection_id, std::uint64_t request_id) {
  const auto found = running_.find({connection_id, request_id});
  if (found != running_.end()) tasks_.cancel(found->second);
}

Task<void> ClientService::stop() {
  tasks_.cancel();
  co_return co_await tasks_.join();
}

}  // namespace latium
