// ClientService: serves the methods of latium.wire.Method that clients may call. One handler a method, in
// kv_handlers.cc and tenant_handlers.cc; status in client_service.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "net/transport.h"
#include "node/node_core.h"
#include "node/sql_service.h"
#include "runtime/task_group.h"

namespace latium {

struct ServiceStatistics {
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;
  std::uint64_t overloaded = 0;  ///< of the failures, those for want of room
};

/// What status reports beside what the core knows.
struct ServiceInfo {
  std::string listen;
  std::function<TransportStatistics()> transport;
};

/// Loop thread only. The core outlives it; join stop() before it dies.
class ClientService final : public RequestHandler {
 public:
  /// `max_tasks`: requests worked on at once over all connections; above it `overloaded`.
  ClientService(NodeCore& core, std::size_t max_tasks) : core_(core), tasks_(core.runtime().executor, max_tasks) {}

  void handle(IncomingRequest request) override;

  void set_info(ServiceInfo info) { info_ = std::move(info); }
  /// What serves SQL, and outlives this; without it those requests are `unsupported`.
  void set_sql(SqlService& sql) { sql_ = &sql; }
  /// Cancels what waits and joins what runs; new requests are answered `overloaded`. Stop the transport first.
  Task<void> stop();

  /// From now on every request is answered with `error`.
  void refuse_new(Error error) { refusal_ = std::move(error); }
  /// Requests that are being worked on.
  std::size_t in_progress() const { return tasks_.size(); }

  /// The caller of a request is gone: what has not begun for it will not.
  void cancelled(std::uint64_t connection_id, std::uint64_t request_id) override;

  const ServiceStatistics& statistics() const { return statistics_; }

 private:
  using RequestKey = std::pair<std::uint64_t, std::uint64_t>;  // connection, request

  // Listed while its task lives, whether that ever starts or not: it is an argument of the task.
  class Running {
   public:
    Running(ClientService& service, RequestKey key) : service_(&service), key_(key) {}
    Running(Running&& other) noexcept : service_(std::exchange(other.service_, nullptr)), key_(std::move(other.key_)) {}
    Running& operator=(Running&&) = delete;
    ~Running() {
      if (service_ != nullptr) service_->running_.erase(key_);
    }

   private:
    ClientService* service_;
    RequestKey key_;
  };

  Task<void> answer(Running running, IncomingRequest request, Task<Bytes> work);
  // Answers in place when the value is in memory; this is the path that has to be fast.
  void get_in_place(IncomingRequest request);
  void spawn(IncomingRequest request);

  NodeCore& core_;
  ServiceInfo info_;
  SqlService* sql_ = nullptr;
  ServiceStatistics statistics_;
  std::optional<Error> refusal_;
  std::map<RequestKey, TaskId> running_;
  TaskGroup tasks_;  // last: its tasks refer to what is above
};

}  // namespace latium
