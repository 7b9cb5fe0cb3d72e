#include "node/node_impl.h"

#include <cmath>
#include <filesystem>
#include <future>
#include <utility>

#include "node/database_impl.h"
#include "node/status.h"
#include "node/tenants.h"
#include "runtime/deadline.h"
#include "runtime/spawn.h"

namespace latium {

namespace {

// Calls of embedding threads, and of all connections together, that may be in progress; each holds a coroutine frame.
constexpr std::size_t kMaxLocalCalls = 16384;
constexpr std::size_t kMaxServedRequests = 65536;

// Runs `task` on the loop and waits for it, from another thread.
Result<void> run_blocking(EventLoop& loop, Task<void> task) {
  LATIUM_CHECK(!loop.on_loop(), "a node is not started or stopped from its own callbacks");
  std::promise<Result<void>> promise;
  auto outcome = promise.get_future();
  boost::asio::post(loop.context(), [&loop, task = std::move(task), promise = std::move(promise)]() mutable {
    start_task(loop.runtime().executor, std::move(task), boost::asio::cancellation_slot(),
               [promise = std::move(promise)](Result<void> result) mutable { promise.set_value(std::move(result)); });
  });
  return outcome.get();
}

EventLoop::Options loop_options(const NodeOptions& options, std::shared_ptr<Logger> logger) {
  return {.pool_threads = options.blocking_threads, .pool_queue = 4096, .seed = 0, .logger = std::move(logger)};
}

Result<void> make_directory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    return fail(ErrorCode::io_error, "cannot make the data directory '" + path + "' (" + error.message() +
                                         "): give a directory that this user may write, with --data-dir");
  }
  return {};
}

// Nothing is worked on, and every answer has left: an acknowledgement that is cut off would be an unknown outcome.
Task<void> wait_until_idle(NodeCore& core, const ClientService& service, const TcpTransport* transport, const TaskGroup& local,
                           MonotonicTime until) {
  Runtime& runtime = core.runtime();
  const auto busy = [&] {
    return service.in_progress() > 0 || local.size() > 0 || (transport != nullptr && transport->unsent_bytes() > 0);
  };
  while (busy() && runtime.clock.monotonic_now() < until) {
    LATIUM_CO_CHECKED(co_await sleep_for(runtime, std::chrono::milliseconds(5)));
  }
  co_return Result<void>();
}

}  // namespace

Node::Impl::Impl(NodeOptions given, std::shared_ptr<Logger> log)
    : options(std::move(given)),
      logger(std::move(log)),
      loop(loop_options(options, logger)),
      hlc(std::chrono::milliseconds(options.max_clock_offset_ms)),
      expired(loop.runtime().clock) {
  local_tasks.emplace(loop.runtime().executor, kMaxLocalCalls);
}

Node::Impl::~Impl() {
  if (const Result<void> stopped = stop(); !stopped) {
    logger->log(Severity::warn, "stop_failed", {{"error", stopped.error().message}});
  }
}

Result<void> Node::Impl::start() {
  LATIUM_CHECKED(check_certificate());
  LATIUM_CHECKED(open_store());
  LATIUM_CHECKED(open_core());
  loop.start();
  LATIUM_CHECKED(serve());
  if (!options.metrics.empty()) {
    LATIUM_TRY(metrics, MetricsEndpoint::open(options.metrics, *core, *service, transport.get(), loop));
  }
  started_ = true;
  logger->log(Severity::info, "node_started",
              {{"node", to_hex(core->identity().node.value)},
               {"cluster", to_hex(core->identity().cluster.value)},
               {"site", options.site},
               {"data_dir", options.data_dir},
               {"listen", listening.port == 0 ? "" : listening.to_string()},
               {"metrics", metrics ? metrics->address() : ""}});
  return {};
}

// Before a new data directory gets an identity: a wrong certificate or a misspelt site must not become its site for good.
Result<void> Node::Impl::check_certificate() {
  if (options.tls.empty()) return {};
  LATIUM_TRY(const auto tls,
             TlsContext::load({options.tls.cert, options.tls.key, options.tls.ca}, loop.runtime().clock.wall_ms()));
  const CertificateIdentity& own = tls->own_identity();
  if (own.role == PeerRole::node && own.site == options.site) return {};
  return fail(ErrorCode::unauthenticated, "certificate '" + options.tls.cert + "' is for " +
                                              (own.role == PeerRole::node ? "site '" + own.site + "'" : "a client") +
                                              ", not for site '" + options.site +
                                              "': give this site's certificate, or correct the site");
}

Result<void> Node::Impl::open_store() {
  LATIUM_CHECKED(make_directory(options.data_dir));
  // Before the store makes its files.
  if (!std::filesystem::exists(options.data_dir + "/db/CURRENT")) LATIUM_CHECKED(check_may_create(identity_request()));
  RocksOptions store;
  store.directory = options.data_dir + "/db";
  store.block_cache_bytes = options.block_cache_bytes;
  store.write_buffer_bytes = options.write_buffer_bytes;
  store.events = &loop.runtime().events;
  store.completion_executor = [this](std::move_only_function<void()> completion) {
    boost::asio::post(loop.context(), std::move(completion));
  };
  store.is_over = [this](BytesView key, BytesView value) { return expired.contain(key, value); };
  LATIUM_TRY(engine, open_rocks_engine(std::move(store)));
  return {};
}

IdentityRequest Node::Impl::identity_request() const {
  IdentityRequest request{.site = options.site,
                          .bootstrap = options.bootstrap,
                          .has_seeds = !options.seeds.empty(),
                          .cluster = std::nullopt,
                          .data_dir = options.data_dir};
  if (!options.cluster_id.empty()) request.cluster = ClusterId{*from_hex(options.cluster_id)};
  return request;
}

Result<void> Node::Impl::open_core() {
  // Before the loop starts, its generator is this thread's.
  LATIUM_TRY(NodeIdentity identity, load_or_create_identity(*engine, identity_request(), loop.runtime().random));
  LATIUM_CHECKED(open_transport(identity));
  CoreOptions core_options{.rack = options.rack,
                           .weight_milli = static_cast<std::uint32_t>(std::lround(options.weight * 1000)),
                           .holds_replicas = options.role == NodeRole::storage,
                           .max_clock_offset = std::chrono::milliseconds(options.max_clock_offset_ms)};
  core_options.upkeep.hints = {.bytes_a_node = options.hints_max_bytes_a_node, .bytes = options.hints_max_bytes};
  for (const std::string& seed : options.seeds) {
    LATIUM_TRY(Address address, Address::parse(seed));
    core_options.seeds.push_back(std::move(address));
  }
  LATIUM_TRY(core, NodeCore::open(loop.runtime(), *engine, wire(), hlc, std::move(identity), std::move(core_options)));
  if (options.role == NodeRole::client && core->catalog().size() > 0) {
    return fail(ErrorCode::invalid_argument, "data directory '" + options.data_dir +
                                                 "' holds tenants, which a node of role client may not: start it as storage");
  }
  expired.set_catalog(core->catalog());
  open_service();
  return {};
}

void Node::Impl::open_service() {
  // Not shared: the service is this object's own, and a session that is being opened keeps it.
  auto open_session = [self = weak_from_this()](const std::string& tenant, const SqlOptions& session) -> Result<SqlSession> {
    const auto impl = self.lock();
    if (!impl) return fail(stopped_error());
    LATIUM_TRY(auto handle, impl->know_tenant(tenant));
    return Database(std::make_shared<Database::Impl>(impl, std::move(handle))).sql(session);
  };
  sql = std::make_unique<SqlService>(loop.runtime(), std::move(open_session));
  service = std::make_unique<ClientService>(*core, kMaxServedRequests);
  service->set_sql(*sql);
  late_service.set(*service);
}

Result<void> Node::Impl::open_transport(const NodeIdentity& identity) {
  TcpTransportOptions settings;
  settings.hello.cluster = identity.cluster;
  settings.hello.node = identity.node;
  settings.hello.incarnation = identity.incarnation;
  settings.hello.role = PeerRole::node;
  settings.hello.site = options.site;
  settings.limits.max_incoming = options.max_connections;
  settings.limits.max_requests_per_connection = options.max_requests_per_connection;
  if (options.tls.empty()) {
    settings.security = Plaintext{};
  } else {
    settings.security = TlsFiles{options.tls.cert, options.tls.key, options.tls.ca};
  }
  LATIUM_TRY(transport, TcpTransport::create(loop.runtime(), hlc, std::move(settings)));
  if (options.enable_faults) {
    faults = std::make_unique<FaultSwitch>(loop.runtime(), *transport, late_service, !options.tls.empty());
    logger->log(Severity::warn, "faults_enabled", {{"reason", "option enable_faults: requests may cut this node off"}});
  }
  return {};
}

Result<void> Node::Impl::serve() {
  if (!options.listen.empty()) {
    LATIUM_TRY(const Address address, Address::parse(options.listen));
    RequestHandler& handler = faults ? faults->handler() : late_service;
    std::promise<Result<Address>> promise;
    boost::asio::post(loop.context(), [&] { promise.set_value(wire().listen(address, handler)); });
    LATIUM_TRY(listening, promise.get_future().get());
    service->set_info({.listen = listening.to_string(), .transport = [this] { return transport->statistics(); }});
  }
  return run_blocking(loop, enter_cluster());
}

Task<void> Node::Impl::enter_cluster() {
  std::string address = options.advertise;
  if (address.empty() && listening.port != 0) address = listening.to_string();
  LATIUM_CO_CHECKED(co_await core->join(std::move(address)));
  Hello hello;
  hello.cluster = core->cluster().ring()->topology().cluster;
  hello.node = core->identity().node;
  hello.incarnation = core->identity().incarnation;
  hello.role = PeerRole::node;
  hello.site = options.site;
  co_return transport->set_hello(std::move(hello));
}

// Requests that have begun are answered, at most stop_timeout_ms long; then connections close and what is left is cancelled.
Task<void> Node::Impl::shut_loop_side() {
  service->refuse_new(stopped_error());
  const auto until = saturating_add(loop.runtime().clock.monotonic_now(), std::chrono::milliseconds(options.stop_timeout_ms));
  LATIUM_CO_CHECKED(co_await wait_until_idle(*core, *service, transport.get(), *local_tasks, until));
  if (transport) LATIUM_CO_CHECKED(co_await wire().stop());
  local_tasks->cancel();
  LATIUM_CO_CHECKED(co_await local_tasks->join());
  LATIUM_CO_CHECKED(co_await service->stop());
  LATIUM_CO_CHECKED(co_await sql->stop());
  co_return co_await core->stop();
}

Result<void> Node::Impl::stop() {
  const std::lock_guard lock(stop_lock_);
  if (stopped_) return {};
  stopped_ = true;
  // From here on nobody holds a cursor and no closure is posted: those that were run before shut_loop_side.
  gate.close();
  metrics.reset();
  Result<void> result;
  if (loop.started() && service) result = run_blocking(loop, shut_loop_side());
  if (sql) sql->shut_down();
  loop.stop();
  if (core) {
    if (Result<void> closed = core->close(); !closed) result = std::move(closed);
  }
  if (engine) {
    if (Result<void> closed = engine->close(); !closed) result = std::move(closed);
  }
  if (started_) logger->log(Severity::info, "node_stopped", {{"data_dir", options.data_dir}});
  return result;
}

Result<std::shared_ptr<TenantHandle>> Node::Impl::know_tenant(std::string_view name) {
  if (auto known = core->catalog().find(name)) return known;
  return run<std::shared_ptr<TenantHandle>>(find_tenant(core->cluster(), std::string(name), patience()));
}

NodeStatus Node::Impl::status() {
  NodeStatus status = describe_core(*core);
  status.listen = listening.port == 0 ? std::string() : listening.to_string();
  if (gate.closed()) {
    status.state = "stopping";
    status.state_reason = "the node was told to stop";
  }
  return status;
}

}  // namespace latium
