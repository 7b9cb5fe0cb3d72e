// A real node: the core with its surroundings, in the order in which they start.
#pragma once

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "latium/node.h"
#include "net/tcp_transport.h"
#include "node/client_service.h"
#include "node/expired_values.h"
#include "node/fault_switch.h"
#include "node/metrics.h"
#include "node/node_core.h"
#include "runtime/event_loop.h"
#include "runtime/gate.h"
#include "store/rocks_engine.h"

namespace latium {

/// Stands where a service is asked for before there is one. Set before anything is served.
class LateHandler final : public RequestHandler {
 public:
  void set(RequestHandler& handler) { handler_ = &handler; }
  void handle(IncomingRequest request) override { handler_->handle(std::move(request)); }
  void cancelled(std::uint64_t connection_id, std::uint64_t request_id) override {
    handler_->cancelled(connection_id, request_id);
  }

 private:
  RequestHandler* handler_ = nullptr;
};

/// Shared by the Node and by the Buckets it handed out, so that a late call finds a stopped node and not a dead one.
struct Node::Impl : std::enable_shared_from_this<Node::Impl> {
  explicit Impl(NodeOptions given, std::shared_ptr<Logger> log);
  ~Impl();

  /// Ordered start: store, identity, core, loop, transport, metrics. On an error, what had started is stopped.
  Result<void> start();
  /// Ordered stop; see node_impl.cc. Idempotent, any thread but the loop's.
  Result<void> stop();

  NodeStatus status();

  /// Runs `task` on the loop and hands its result to `done`, there.
  template <class T>
  void run_async(Task<T> task, Callback<T> done);

  /// Runs `task` on the loop and waits for its result, on another thread. From the loop: `invalid_argument`.
  template <class T>
  Result<T> run(Task<T> task) {
    if (loop.on_loop())
      return fail(ErrorCode::invalid_argument, "a blocking call from a node's own callback: use the form with a callback");
    std::promise<Result<T>> promise;
    auto outcome = promise.get_future();
    run_async<T>(std::move(task), [&promise](Result<T> result) { promise.set_value(std::move(result)); });
    return outcome.get();
  }
  /// The deadline of a call that comes without one.
  MonotonicTime patience() { return saturating_add(loop.runtime().clock.monotonic_now(), std::chrono::seconds(10)); }
  /// The tenant, whose record is here when it returns. `unknown_tenant`.
  Result<std::shared_ptr<TenantHandle>> know_tenant(std::string_view name);

  /// What a call answers when the engine closed under it.
  template <class T>
  Result<T> settle(Result<T> result) const {
    if (!result && result.error().code == ErrorCode::cancelled) return fail(stopped_error(result.error().certainty));
    return result;
  }
  static Error stopped_error(Certainty certainty = Certainty::not_applied) {
    return Error(ErrorCode::unavailable, certainty, "the node is stopping or stopped: open it again");
  }

  const NodeOptions options;
  const std::shared_ptr<Logger> logger;
  EventLoop loop;
  HlcClock hlc;
  ExpiredValues expired;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<TcpTransport> transport;
  LateHandler late_service;
  std::unique_ptr<FaultSwitch> faults;  // over the transport, with enable_faults
  std::unique_ptr<NodeCore> core;
  std::unique_ptr<SqlService> sql;  // its sessions keep this object alive until stop()
  std::unique_ptr<ClientService> service;
  std::unique_ptr<MetricsEndpoint> metrics;
  Address listening;

  // Held while a closure is posted to the loop, so that stop() posts its own after all of them, and while cursors live.
  internal::Gate gate;
  std::optional<TaskGroup> local_tasks;

 private:
  template <class T>
  static Task<void> finish_with(Task<T> task, Callback<T> done) {
    Result<T> result = co_await std::move(task);
    if (!result && result.error().code == ErrorCode::cancelled) result = fail(stopped_error(result.error().certainty));
    done(std::move(result));
    co_return Result<void>();
  }

  /// What the node listens and calls through, and stops.
  Transport& wire() { return faults ? faults->transport() : *transport; }
  Result<void> check_certificate();
  IdentityRequest identity_request() const;
  Result<void> open_store();
  Result<void> open_core();
  void open_service();
  Result<void> open_transport(const NodeIdentity& identity);
  Task<void> enter_cluster();
  Result<void> serve();
  Task<void> shut_loop_side();

  std::mutex stop_lock_;
  bool started_ = false;
  bool stopped_ = false;
};

template <class T>
void Node::Impl::run_async(Task<T> task, Callback<T> done) {
  const internal::Gate::Pass pass(gate);
  if (!pass) return done(fail(stopped_error()));
  boost::asio::post(loop.context(), [this, task = std::move(task), done = std::move(done)]() mutable {
    if (!local_tasks->has_room()) {
      return done(fail(ErrorCode::overloaded, "too many calls in progress on this node: retry with backoff"));
    }
    const auto spawned = local_tasks->spawn(finish_with<T>(std::move(task), std::move(done)));
    LATIUM_CHECK(spawned.has_value(), "a group with room refuses nothing");
  });
}

}  // namespace latium
