#include "tests/sim/workloads/locks.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "proto/client.pb.h"
#include "proto/wire.pb.h"
#include "tests/sim/lock_checker.h"
#include "tests/sim/workloads/cluster_run.h"

namespace latium::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kLocks = 2;

class LockClient final : public ClusterClient {
 public:
  LockClient(ClientSeams seams, LockResources& resources) : ClusterClient(std::move(seams)), resources_(resources) {}

 private:
  struct Held {
    Bytes name;
    std::uint64_t token = 0;
  };

  Awaitable<void> act() override {
    const auto held = co_await acquire(lock_name(random().below(kLocks)), milliseconds(random().between(0, 3'000)));
    if (!held) co_return;
    for (std::uint64_t writes = random().below(4); writes > 0; --writes) {
      // Now and then for longer than the lease: another may have the lock by then.
      co_await pause(milliseconds(0), random().chance(0.2) ? seconds(20) : seconds(1));
      if (random().chance(0.3) && !co_await keep(*held, "renew")) co_return;
      co_await write(*held);
    }
    if (random().chance(0.7)) (void)co_await keep(*held, "release");
  }

  Awaitable<bool> finish() override {
    for (; had_at_end_ < kLocks; ++had_at_end_) {
      const auto held = co_await acquire(lock_name(had_at_end_), seconds(5));
      if (!held) co_return false;
      co_await write(*held);
      (void)co_await keep(*held, "release");
    }
    co_return true;
  }

  static Bytes lock_name(std::size_t lock) { return "lock" + std::to_string(lock); }
  Bytes owner() const { return "owner" + std::to_string(number()); }

  Operation operation(std::string op, Bytes lock) const {
    Operation operation;
    operation.process = number();
    operation.op = std::move(op);
    operation.key = std::move(lock);
    operation.owner = owner();
    return operation;
  }

  Awaitable<std::optional<Held>> acquire(Bytes lock, Duration wait) {
    client::LockAcquireRequest request;
    request.set_tenant(kRunTenant);
    request.set_name(lock);
    request.set_owner(owner());
    request.set_ttl_ms(static_cast<std::uint64_t>(random().between(1'000, 10'000)));
    request.set_wait_ms(static_cast<std::uint64_t>(wait / milliseconds(1)));
    request.set_request_high(static_cast<std::uint64_t>(number()) + 1);
    request.set_request_low(++requests_);
    // Who is not told asks again under the same id, now and then: it must get the lock that it has, or a later one.
    do {
      Operation begun = operation("acquire", lock);
      begun.ttl_ms = static_cast<std::int64_t>(request.ttl_ms());
      const std::size_t id = history().begin(std::move(begun), now());
      const auto answer = co_await call(wire::METHOD_LOCK_ACQUIRE, request.SerializeAsString(), wait + seconds(4));
      if (answer) co_return acquired(id, std::move(lock), *answer);
      history().end_error(id, answer.error(), now());
      last_error_ = answer.error().message;
    } while (random().chance(0.5));
    co_return std::nullopt;
  }

  std::optional<Held> acquired(std::size_t id, Bytes lock, const Bytes& answer) {
    client::LockResponse response;
    LATIUM_CHECK(response.ParseFromString(answer));
    history().operation(id).applied = response.done();
    if (response.done()) {
      history().operation(id).token = response.token();
      history().operation(id).expires_ms = static_cast<std::int64_t>(response.expires_ms());
    }
    history().end_ok(id, now());
    if (!response.done()) {
      last_error_ = "held by " + response.owner();
      return std::nullopt;
    }
    return Held{std::move(lock), response.token()};
  }

  // renew or release. False = lost, or not told.
  Awaitable<bool> keep(Held held, std::string op) {
    Bytes request;
    if (op == "renew") {
      client::LockRenewRequest renew;
      renew.set_tenant(kRunTenant);
      renew.set_name(held.name);
      renew.set_owner(owner());
      renew.set_token(held.token);
      renew.set_ttl_ms(static_cast<std::uint64_t>(random().between(1'000, 10'000)));
      request = renew.SerializeAsString();
    } else {
      client::LockReleaseRequest release;
      release.set_tenant(kRunTenant);
      release.set_name(held.name);
      release.set_owner(owner());
      release.set_token(held.token);
      request = release.SerializeAsString();
    }
    Operation begun = operation(op, held.name);
    begun.token = held.token;
    const std::size_t id = history().begin(std::move(begun), now());
    const auto answer = co_await call(op == "renew" ? wire::METHOD_LOCK_RENEW : wire::METHOD_LOCK_RELEASE, std::move(request));
    if (!answer) {
      history().end_error(id, answer.error(), now());
      co_return false;
    }
    client::LockResponse response;
    LATIUM_CHECK(response.ParseFromString(*answer));
    history().operation(id).applied = response.done();
    history().end_ok(id, now());
    co_return response.done();
  }

  // Under way for a while in both directions, as to a server of its own.
  Awaitable<void> write(Held held) {
    Operation begun = operation("guarded_write", held.name);
    begun.token = held.token;
    const std::size_t id = history().begin(std::move(begun), now());
    co_await pause(milliseconds(1), milliseconds(500));
    std::uint64_t& highest = resources_[held.name];
    history().operation(id).applied = held.token >= highest;
    highest = std::max(highest, held.token);
    co_await pause(milliseconds(1), milliseconds(100));
    history().end_ok(id, now());
  }

  LockResources& resources_;
  std::uint64_t requests_ = 0;
  std::size_t had_at_end_ = 0;
};

}  // namespace

std::unique_ptr<ClusterClient> lock_client(ClientSeams seams, LockResources& resources) {
  return std::make_unique<LockClient>(std::move(seams), resources);
}

RunReport locks(const RunOptions& options) {
  LockResources resources;
  const auto make = [&resources](ClientSeams seams) { return lock_client(std::move(seams), resources); };
  return run_cluster(options, make, check_locks);
}

}  // namespace latium::sim
