#include <algorithm>
#include <utility>

#include "node/handlers.h"
#include "node/message.h"
#include "node/register_access.h"
#include "node/tenants.h"
#include "proto/client.pb.h"
#include "proto/wire.pb.h"
#include "replication/bounds.h"

namespace latium {

namespace {

constexpr std::uint64_t kTtlMaxMs = 24ull * 3600 * 1000;

void fill(client::Stats& out, const CallStats& stats) {
  out.set_round_trips(stats.round_trips);
  out.set_wan_round_trips(stats.wan_round_trips);
  out.set_replicas_asked(stats.replicas_asked);
  out.set_bytes(stats.bytes);
}

Bytes encode(const LockOutcome& outcome) {
  client::LockResponse response;
  response.set_done(outcome.done);
  response.set_owner(outcome.lock.owner);
  response.set_token(outcome.lock.token);
  response.set_expires_ms(outcome.lock.expires_ms);
  fill(*response.mutable_stats(), outcome.stats);
  return response.SerializeAsString();
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
Task<Bytes> ask_home(NodeCore& core, NodeId home, Method method, Bytes request, MonotonicTime deadline) {
  LATIUM_CO_TRY(const PeerView peer, core.cluster().peer(home));
  co_return co_await core.cluster().transport().call(peer.address, method, std::move(request), {.deadline = deadline});
}

bool try_here(const Result<Bytes>& answer) {
  return !answer && answer.error().code == ErrorCode::unavailable && answer.error().certainty == Certainty::not_applied;
}

}  // namespace

Task<Bytes> handle_register_get(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_TRY(const auto request, parse_request<client::RegisterGetRequest>(bytes));
  LATIUM_CO_TRY(const ReadOutcome found, co_await get_register(core.cluster(), request.tenant(), request.key(),
                                                               request.consistency() == client::CONSISTENCY_LOCAL, deadline));
  client::RegisterGetResponse response;
  response.set_exists(found.state.present);
  response.set_value(found.state.value);
  response.set_version(found.state.version);
  fill(*response.mutable_stats(), found.stats);
  co_return response.SerializeAsString();
}

Task<Bytes> handle_register_cas(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_TRY(const auto request, parse_request<client::RegisterCasRequest>(bytes));
  if (!client::RegisterCasRequest::Expect_IsValid(request.expect())) {
    co_return fail(ErrorCode::invalid_argument,
                   "this node does not know what the request expects: it may be older than its caller");
  }
  CasCommand command{static_cast<CasCommand::Expect>(request.expect()), request.expected_value(), request.expected_version(),
                     std::nullopt};
  if (request.has_value()) command.value = request.value();
  LATIUM_CO_TRY(const CommandOutcome outcome,
                co_await change_register(core.cluster(), request.tenant(), request.key(), std::move(command),
                                         {request.request_high(), request.request_low()}, deadline));
  client::RegisterCasResponse response;
  response.set_ok(outcome.result.applied);
  response.set_version(outcome.result.state.version);
  response.set_exists(outcome.result.state.present);
  if (!outcome.result.applied) response.set_value(outcome.result.state.value);
  fill(*response.mutable_stats(), outcome.stats);
  co_return response.SerializeAsString();
}

Task<Bytes> handle_lock_acquire(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_TRY(auto request, parse_request<client::LockAcquireRequest>(bytes));
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
  co_return encode(outcome);
}

Task<Bytes> handle_lock_renew(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_TRY(const auto request, parse_request<client::LockRenewRequest>(bytes));
  LATIUM_CO_TRY(const auto ttl, check_ttl(request.ttl_ms()));
  LATIUM_CO_TRY(RegisterKey key, co_await find_lock(core, request.tenant(), request.name(), deadline));
  LATIUM_CO_TRY(const LockOutcome outcome,
                co_await core.locks().renew(std::move(key), request.owner(), request.token(), ttl, deadline));
  co_return encode(outcome);
}

Task<Bytes> handle_lock_release(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_TRY(auto request, parse_request<client::LockReleaseRequest>(bytes));
  LATIUM_CO_TRY(RegisterKey key, co_await find_lock(core, request.tenant(), request.name(), deadline));
  const NodeId home = core.locks().home(key);
  if (home != core.identity().node && !request.at_home()) {
    request.set_at_home(true);
    auto answer = co_await ask_home(core, home, wire::METHOD_LOCK_RELEASE, request.SerializeAsString(), deadline);
    if (!try_here(answer)) co_return answer;
  }
  LATIUM_CO_TRY(const LockOutcome outcome,
                co_await core.locks().release(std::move(key), request.owner(), request.token(), deadline));
  co_return encode(outcome);
}

Task<Bytes> handle_lock_show(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_TRY(const auto request, parse_request<client::LockShowRequest>(bytes));
  LATIUM_CO_TRY(RegisterKey key, co_await find_lock(core, request.tenant(), request.name(), deadline));
  LATIUM_CO_TRY(const LockOutcome outcome, co_await core.locks().show(std::move(key), deadline));
  co_return encode(outcome);
}

}  // namespace latium
