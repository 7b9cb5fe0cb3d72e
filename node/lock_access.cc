#include "node/lock_access.h"

#include <algorithm>
#include <utility>

#include "node/tenants.h"
#include "proto/wire.pb.h"
#include "replication/bounds.h"

namespace latium {

namespace {

constexpr std::uint64_t kTtlMaxMs = 24ull * 3600 * 1000;

client::LockResponse to_response(const LockOutcome& outcome) {
  client::LockResponse response;
  response.set_done(outcome.done);
  response.set_owner(outcome.lock.owner);
  response.set_token(outcome.lock.token);
  response.set_expires_ms(outcome.lock.expires_ms);
  client::Stats& stats = *response.mutable_stats();
  stats.set_round_trips(outcome.stats.round_trips);
  stats.set_wan_round_trips(outcome.stats.wan_round_trips);
  stats.set_replicas_asked(outcome.stats.replicas_asked);
  stats.set_bytes(outcome.stats.bytes);
  return response;
}

Result<std::chrono::milliseconds> check_ttl(std::uint64_t ttl_ms) {
  if (ttl_ms >= 1 && ttl_ms <= kTtlMaxMs) return std::chrono::milliseconds(ttl_ms);
  return fail(ErrorCode::invalid_argument, "a lock's time to live of " + std::to_string(ttl_ms) + " ms must be 1 ms to 24 h");
}

Task<RegisterKey> find_lock(NodeCore& core, std::string tenant, Bytes name, MonotonicTime deadline) {
  LATIUM_CO_CHECKED(check_key(name));
  LATIUM_CO_TRY(const auto handle, co_await find_tenant(core.cluster(), std::move(tenant), deadline));
  co_return lock_register(handle->id, handle->partitions, name);
}

// Those who wait queue in one place: where the lock's commands run.
Task<client::LockResponse> ask_home(NodeCore& core, NodeId home, Method method, Bytes request, MonotonicTime deadline) {
  LATIUM_CO_TRY(const PeerView peer, core.cluster().peer(home));
  LATIUM_CO_TRY(const Bytes bytes,
                co_await core.cluster().transport().call(peer.address, method, std::move(request), {.deadline = deadline}));
  client::LockResponse response;
  if (!response.ParseFromString(bytes)) {
    co_return fail(ErrorCode::corruption, Certainty::unknown, "the answer of node " + to_hex(home.value) + " does not parse");
  }
  client::Stats& stats = *response.mutable_stats();
  stats.set_round_trips(stats.round_trips() + 1);
  if (!peer.same_site) stats.set_wan_round_trips(stats.wan_round_trips() + 1);
  co_return response;
}

bool try_here(const Result<client::LockResponse>& answer) {
  return !answer && answer.error().code == ErrorCode::unavailable && answer.error().certainty == Certainty::not_applied;
}

}  // namespace

Task<client::LockResponse> acquire_lock(NodeCore& core, client::LockAcquireRequest request, MonotonicTime deadline) {
  LATIUM_CO_TRY(const auto ttl, check_ttl(request.ttl_ms()));
  if (request.owner().empty()) co_return fail(ErrorCode::invalid_argument, "a lock needs an owner: say who asks");
  LATIUM_CO_TRY(RegisterKey key, co_await find_lock(core, request.tenant(), request.name(), deadline));
  RequestId id{request.request_high(), request.request_low()};
  if (!id) id = core.cluster().registers().new_request_id();
  const NodeId home = core.locks().home(key);
  if (home != core.identity().node && !request.at_home()) {
    request.set_at_home(true);
    request.set_request_high(id.high);
    request.set_request_low(id.low);
    auto answer = co_await ask_home(core, home, wire::METHOD_LOCK_ACQUIRE, request.SerializeAsString(), deadline);
    if (!try_here(answer)) co_return answer;
  }
  const auto wait = std::chrono::milliseconds(std::min(request.wait_ms(), kTtlMaxMs));
  const MonotonicTime wait_until = std::min(deadline, saturating_add(core.runtime().clock.monotonic_now(), wait));
  LATIUM_CO_TRY(const LockOutcome outcome,
                co_await core.locks().acquire(std::move(key), request.owner(), ttl, id, wait_until, deadline));
  co_return to_response(outcome);
}

Task<client::LockResponse> renew_lock(NodeCore& core, client::LockRenewRequest request, MonotonicTime deadline) {
  LATIUM_CO_TRY(const auto ttl, check_ttl(request.ttl_ms()));
  LATIUM_CO_TRY(RegisterKey key, co_await find_lock(core, request.tenant(), request.name(), deadline));
  LATIUM_CO_TRY(const LockOutcome outcome,
                co_await core.locks().renew(std::move(key), request.owner(), request.token(), ttl, deadline));
  co_return to_response(outcome);
}

Task<client::LockResponse> release_lock(NodeCore& core, client::LockReleaseRequest request, MonotonicTime deadline) {
  LATIUM_CO_TRY(RegisterKey key, co_await find_lock(core, request.tenant(), request.name(), deadline));
  const NodeId home = core.locks().home(key);
  if (home != core.identity().node && !request.at_home()) {
    request.set_at_home(true);
    auto answer = co_await ask_home(core, home, wire::METHOD_LOCK_RELEASE, request.SerializeAsString(), deadline);
    if (!try_here(answer)) co_return answer;
  }
  LATIUM_CO_TRY(const LockOutcome outcome,
                co_await core.locks().release(std::move(key), request.owner(), request.token(), deadline));
  co_return to_response(outcome);
}

Task<client::LockResponse> show_lock(NodeCore& core, client::LockShowRequest request, MonotonicTime deadline) {
  LATIUM_CO_TRY(RegisterKey key, co_await find_lock(core, request.tenant(), request.name(), deadline));
  LATIUM_CO_TRY(const LockOutcome outcome, co_await core.locks().show(std::move(key), deadline));
  co_return to_response(outcome);
}

}  // namespace latium
