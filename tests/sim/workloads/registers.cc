#include "tests/sim/workloads/registers.h"

#include <memory>
#include <utility>
#include <vector>

#include "proto/client.pb.h"
#include "proto/wire.pb.h"
#include "tests/sim/linearizability.h"
#include "tests/sim/workloads/cluster_run.h"

namespace latium::sim {

namespace {

struct Habits {
  std::size_t keys = 3;
  double reads = 0.4;
  double removes = 0.15;  // of the changes
  double whatever = 0.2;  // of the changes: those that expect nothing
  double together = 0;    // of the operations: those on the key that all clients have to do with at that time
};

// Registers are made and removed again and again, often by several at the same moment.
constexpr Habits kMakers{.keys = 8, .reads = 0.2, .removes = 0.5, .whatever = 0.6, .together = 0.7};
constexpr Duration kTogether = std::chrono::seconds(3);

class RegisterClient final : public ClusterClient {
 public:
  RegisterClient(ClientSeams seams, const Habits& habits)
      : ClusterClient(std::move(seams)), habits_(habits), seen_(habits.keys) {}

 private:
  Awaitable<void> act() override {
    const bool together = habits_.together > 0 && random().chance(habits_.together);
    const std::size_t key = together ? static_cast<std::size_t>(now() / kTogether) % habits_.keys : random().below(habits_.keys);
    random().chance(habits_.reads) ? (void)co_await read(key) : co_await change(key);
  }
  Awaitable<bool> finish() override {
    for (; read_at_end_ < habits_.keys; ++read_at_end_) {
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
    if (random().chance(1 - habits_.removes)) operation.value = std::to_string(number()) + "-" + std::to_string(requests_);
    if (random().chance(habits_.whatever)) {
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

  const Habits habits_;
  std::uint64_t requests_ = 0;
  std::size_t read_at_end_ = 0;
  std::vector<std::optional<Bytes>> seen_;
};

}  // namespace

std::unique_ptr<ClusterClient> register_client(ClientSeams seams) {
  return std::make_unique<RegisterClient>(std::move(seams), Habits());
}

RunReport registers(const RunOptions& options) {
  return run_cluster(options, register_client, [](const History& history) { return check_registers(history); });
}

RunReport made_registers(const RunOptions& options) {
  const auto maker = [](ClientSeams seams) { return std::make_unique<RegisterClient>(std::move(seams), kMakers); };
  return run_cluster(options, maker, [](const History& history) { return check_registers(history); });
}

}  // namespace latium::sim
