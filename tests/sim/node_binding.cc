#include "tests/sim/node_binding.h"

#include <utility>

#include "base/hlc.h"
#include "node/client_service.h"
#include "node/identity.h"
#include "node/node_core.h"
#include "node/tenants.h"
#include "proto/client.pb.h"
#include "proto/wire.pb.h"
#include "runtime/deadline.h"

namespace latium::sim {

namespace {

constexpr const char* kTenant = "acme";
constexpr const char* kBucket = "sim";
constexpr Duration kCallTimeout = std::chrono::seconds(2);
constexpr Duration kRestartAfter = std::chrono::seconds(1);
constexpr std::size_t kServedRequests = 256;
constexpr std::uint32_t kScanPage = 3;  // small, so that scans take several

/// latiumd without its process: opens the store, serves. One that cannot open it ends and is started again, as an init
/// system would do.
class NodeProcess final : public Process {
 public:
  NodeProcess(NodeSeams seams, Address address) : seams_(seams), address_(std::move(address)), tasks_(seams.runtime.executor, 1) {
    const auto spawned = tasks_.spawn(keep_starting());
    LATIUM_CHECK(spawned.has_value());
  }

  Task<void> stop() override {
    tasks_.cancel();
    LATIUM_CO_CHECKED(co_await tasks_.join());
    LATIUM_CO_CHECKED(co_await seams_.transport.stop());
    if (service_) LATIUM_CO_CHECKED(co_await service_->stop());
    if (core_) LATIUM_CO_CHECKED(co_await core_->stop());
    co_return Result<void>();
  }

 private:
  Task<void> keep_starting() {
    while (true) {
      if (co_await start()) co_return Result<void>();
      LATIUM_CO_CHECKED(co_await sleep_for(seams_.runtime, kRestartAfter));
    }
  }

  Task<void> start() {
    const IdentityRequest request{
        .site = "site", .bootstrap = true, .has_seeds = false, .cluster = std::nullopt, .data_dir = "simulated"};
    if (core_) (void)co_await core_->stop();
    core_.reset();
    LATIUM_CO_TRY(NodeIdentity identity, load_or_create_identity(seams_.engine, request, seams_.runtime.random));
    LATIUM_CO_TRY(core_,
                  NodeCore::open(seams_.runtime, seams_.engine, seams_.transport, hlc_, std::move(identity), CoreOptions{}));
    LATIUM_CO_CHECKED(co_await core_->join(address_.to_string()));
    if (!core_->catalog().find(kTenant)) {
      const MonotonicTime deadline = saturating_add(seams_.runtime.clock.monotonic_now(), kCallTimeout);
      const auto made = co_await create_tenant(core_->cluster(), "site", kTenant, "", 4, deadline);
      if (!made && made.error().code != ErrorCode::already_exists) co_return fail(made.error());
      LATIUM_CO_CHECKED((co_await find_tenant(core_->cluster(), kTenant, deadline)));
    }
    service_ = std::make_unique<ClientService>(*core_, kServedRequests);
    LATIUM_CO_CHECKED(seams_.transport.listen(address_, *service_));
    co_return Result<void>();
  }

  NodeSeams seams_;
  Address address_;
  HlcClock hlc_;
  std::unique_ptr<NodeCore> core_;
  std::unique_ptr<ClientService> service_;
  TaskGroup tasks_;
};

/// What `latium kv` does, one request after the other.
class NodeClient final : public KvClient {
 public:
  NodeClient(NodeSeams seams, Address server, NodeWrites writes)
      : seams_(seams),
        server_(std::move(server)),
        durability_(writes == NodeWrites::synced ? client::DURABILITY_SYNC : client::DURABILITY_BUFFERED) {}

  Task<void> put(Bytes key, Bytes value) override {
    auto request = addressed<client::KvPutRequest>();
    request.set_key(std::move(key));
    request.set_value(std::move(value));
    request.set_durability(durability_);
    LATIUM_CO_CHECKED(co_await call(wire::METHOD_KV_PUT, request.SerializeAsString()));
    co_return Result<void>();
  }

  Task<std::optional<Bytes>> get(Bytes key) override {
    auto request = addressed<client::KvGetRequest>();
    request.set_key(std::move(key));
    auto answer = co_await call(wire::METHOD_KV_GET, request.SerializeAsString());
    if (is_empty_bucket(answer)) co_return std::nullopt;
    LATIUM_CO_TRY(const Bytes bytes, std::move(answer));
    client::KvGetResponse response;
    LATIUM_CHECK(response.ParseFromString(bytes));
    if (response.values().empty()) co_return std::nullopt;
    co_return response.values(0);
  }

  Task<void> remove(Bytes key) override {
    auto request = addressed<client::KvDeleteRequest>();
    request.set_key(std::move(key));
    const auto answer = co_await call(wire::METHOD_KV_DELETE, request.SerializeAsString());
    if (!answer && !is_empty_bucket(answer)) co_return fail(answer.error());
    co_return Result<void>();
  }

  Task<std::vector<std::pair<Bytes, Bytes>>> scan(Bytes prefix) override {
    std::vector<std::pair<Bytes, Bytes>> found;
    auto request = addressed<client::KvScanRequest>();
    request.set_prefix(std::move(prefix));
    request.set_limit(kScanPage);
    for (;;) {
      auto answer = co_await call(wire::METHOD_KV_SCAN, request.SerializeAsString());
      if (is_empty_bucket(answer)) co_return found;
      LATIUM_CO_TRY(const Bytes bytes, std::move(answer));
      client::KvScanResponse response;
      LATIUM_CHECK(response.ParseFromString(bytes));
      for (const auto& item : response.items()) found.emplace_back(item.key(), item.value());
      if (!response.more()) co_return found;
      request.set_after(found.back().first);
    }
  }

 private:
  template <class Request>
  static Request addressed() {
    Request request;
    request.set_tenant(kTenant);
    request.set_bucket(kBucket);
    return request;
  }

  // Nothing was put yet: every key is absent.
  static bool is_empty_bucket(const Result<Bytes>& answer) { return !answer && answer.error().code == ErrorCode::unknown_bucket; }

  Task<Bytes> call(Method method, Bytes request) {
    const CallOptions options{saturating_add(seams_.runtime.clock.monotonic_now(), kCallTimeout)};
    co_return co_await seams_.transport.call(server_, method, std::move(request), options);
  }

  NodeSeams seams_;
  Address server_;
  client::Durability durability_;
};

}  // namespace

KvBinding node_binding(NodeWrites writes) {
  KvBinding binding;
  binding.relies_on_tcp = true;
  binding.server = [](NodeSeams seams, std::size_t number, std::vector<Address> addresses) {
    return std::make_unique<NodeProcess>(seams, addresses[number]);
  };
  binding.client = [writes](NodeSeams seams, std::vector<Address> addresses) {
    return std::make_unique<NodeClient>(seams, addresses.front(), writes);
  };
  return binding;
}

}  // namespace latium::sim
