#include "tests/sim/workloads/registers.h"

#include <memory>
#include <utility>

#include "proto/client.pb.h"
#include "proto/wire.pb.h"
#include "tests/sim/linearizability.h"
#include "tests/sim/workloads/cluster_run.h"

namespace latium::sim {

namespace {

constexpr std::size_t kKeys = 3;

class RegisterClient final : public ClusterClient {
 public:
  using ClusterClient::ClusterClient;

 private:
  Awaitable<void> act() override {
    const std::size_t key = random().below(kKeys);
    random().chance(0.4) ? (void)co_await read(key) : co_await change(key);
  }
  Awaitable<bool> finish() override {
    for (; read_at_end_ < kKeys; ++read_at_end_) {
      if (!co_await read(read_at_end_)) co_return false;
    }
    co_return true;
  }

  std::string key_name(std::size_t key) const { return "key" + std::to_string(key); }

  Awaitable<bool> read(std::size_t key) {
    client::RegisterGetRequest request;
    request.set_tenant(kRunTenant);
    request.set_key(key_name(key));
    const std::size_t id = history().begin(number(), "read", key_name(key), std::nullopt, now());
    const auto answer = co_await call(wire::METHOD_REGISTER_GET, request.SerializeAsString());
    if (!answer) {
      history().end_error(id, answer.error(), now());
      last_error_ = answer.error().message;
      co_return false;
    }
    client::RegisterGetResponse response;
    LATIUM_CHECK(response.ParseFromString(*answer));
    seen_[key] = response.exists() ? std::optional<Bytes>(response.value()) : std::nullopt;
    history().operation(id).value = seen_[key];
    history().end_ok(id, now());
    co_return true;
  }

  // A compare-and-set from what was seen last, or now and then whatever is there. Every value is written once.
  Awaitable<void> change(std::size_t key) {
    client::RegisterCasRequest request;
    request.set_tenant(kRunTenant);
    request.set_key(key_name(key));
    request.set_request_high(static_cast<std::uint64_t>(number()) + 1);
    request.set_request_low(++requests_);
    Operation operation;
    operation.process = number();
    operation.op = "cas";
    operation.key = key_name(key);
    if (random().chance(0.85)) operation.value = std::to_string(number()) + "-" + std::to_string(requests_);
    if (random().chance(0.2)) {
      operation.op = operation.value ? "write" : "remove";
      request.set_expect(client::RegisterCasRequest::EXPECT_ANYTHING);
    } else if (seen_[key]) {
      request.set_expect(client::RegisterCasRequest::EXPECT_VALUE);
      request.set_expected_value(*seen_[key]);
      operation.expected = seen_[key];
    } else {
      request.set_expect(client::RegisterCasRequest::EXPECT_ABSENT);
    }
    request.set_has_value(operation.value.has_value());
    if (operation.value) request.set_value(*operation.value);
    const bool conditional = operation.op == "cas";
    const std::optional<Bytes> written = operation.value;
    const std::size_t id = history().begin(std::move(operation), now());
    const auto answer = co_await call(wire::METHOD_REGISTER_CAS, request.SerializeAsString());
    if (!answer) {
      history().end_error(id, answer.error(), now());
      co_return;
    }
    client::RegisterCasResponse response;
    LATIUM_CHECK(response.ParseFromString(*answer));
    const std::optional<Bytes> there = response.exists() ? std::optional<Bytes>(response.value()) : std::nullopt;
    seen_[key] = response.ok() ? written : there;
    if (conditional) {
      history().operation(id).applied = response.ok();
      if (!response.ok()) history().operation(id).found = there;
    }
    history().end_ok(id, now());
  }

  std::uint64_t requests_ = 0;
  std::size_t read_at_end_ = 0;
  std::optional<Bytes> seen_[kKeys];
};

}  // namespace

std::unique_ptr<ClusterClient> register_client(ClientSeams seams) {
  return std::make_unique<RegisterClient>(std::move(seams));
}

RunReport registers(const RunOptions& options) {
  return run_cluster(options, register_client, [](const History& history) { return check_registers(history); });
}

}  // namespace latium::sim
