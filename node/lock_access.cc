#include "node/lock_access.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "node/call_stats.h"
#include "node/tenants.h"
#include "proto/wire.pb.h"
#include "replication/bounds.h"
#include "replication/peer_watch.h"

namespace latium {

namespace {

constexpr std::uint64_t kTtlMaxMs = 24ull * 3600 * 1000;

client::LockResponse to_response(const LockOutcome& outcome) {
  client::LockResponse response;
  response.set_done(outcome.done);
  response.set_owner(outcome.lock.owner);
  response.set_token(outcome.lock.token);
  response.set_expires_ms(outcome.lock.expires_ms);
  fill(*response.mutable_stats(), outcome.stats);
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

// What the home said, with the way there.
Result<std::optional<client::LockResponse>> parse_answer(NodeId home, const PeerView& peer, const Bytes& bytes) {
  client::LockResponse response;
  if (!response.ParseFromString(bytes)) {
    return fail(ErrorCode::corruption, Certainty::unknown, "the answer of node " + to_hex(home.value) + " does not parse");
  }
  client::Stats& stats = *response.mutable_stats();
  stats.set_round_trips(stats.round_trips() + 1);
  if (!peer.same_site) stats.set_wan_round_trips(stats.wan_round_trips() + 1);
  return response;
}

// What one node is given of the time, so that another can still be asked.
MonotonicTime part_of(Runtime& runtime, MonotonicTime deadline) {
  const MonotonicTime now = runtime.clock.monotonic_now();
  return deadline <= now ? deadline : now + (deadline - now) / 3;
}

// Whether another node may do better. Commands on locks may be run twice, so it does not matter whether this one was run.
bool ask_another(const Error& error) {
  return error.code == ErrorCode::unavailable || error.code == ErrorCode::unknown_outcome ||
         error.code == ErrorCode::stale_topology;
}

// Those who wait queue in one place: where the lock's commands run. Asks the homes in turn, and the next one when one is silent
// or cannot get through. Nothing: run it here. `passed_over`: one was asked, and may have run it. `request` is made anew for
// each.
Task<std::optional<client::LockResponse>> ask_homes(NodeCore& core, const RegisterKey& key, Method method,
                                                    const std::function<Bytes()>& request, MonotonicTime deadline,
                                                    bool& passed_over) {
  Runtime& runtime = core.runtime();
  Transport& transport = core.cluster().transport();
  for (const NodeId home : core.locks().homes(key)) {
    if (home == core.identity().node) break;
    const auto peer = core.cluster().peer(home);
    if (!peer) continue;
    auto answer = co_await watch_peer(runtime, transport, peer->address, silence_allowed(runtime, deadline),
                                      transport.call(peer->address, method, request(), {.deadline = deadline}));
    if (answer) co_return parse_answer(home, *peer, *answer);
    if (!ask_another(answer.error())) co_return fail(std::move(answer).error());
    passed_over = true;
  }
  co_return std::nullopt;
}

}  // namespace

Task<client::LockResponse> acquire_lock(NodeCore& core, client::LockAcquireRequest request, MonotonicTime deadline) {
  LATIUM_CO_TRY(const auto ttl, check_ttl(request.ttl_ms()));
  if (request.owner().empty()) co_return fail(ErrorCode::invalid_argument, "a lock needs an owner: say who asks");
  const MonotonicTime began = core.runtime().clock.monotonic_now();
  LATIUM_CO_TRY(RegisterKey key, co_await find_lock(core, request.tenant(), request.name(), deadline));
  RequestId id{request.request_high(), request.request_low()};
  if (!id) id = core.cluster().registers().new_request_id();
  const bool at_home = request.at_home();
  if (!at_home) {
    request.set_at_home(true);
    request.set_request_high(id.high);
    request.set_request_low(id.low);
    bool passed_over = false;
    // Of the wait, what is left after those that were silent.
    const std::function<Bytes()> rest = [&core, &request, began] {
      const auto gone =
          std::chrono::duration_cast<std::chrono::milliseconds>(core.runtime().clock.monotonic_now() - began).count();
      client::LockAcquireRequest left = request;
      left.set_wait_ms(request.wait_ms() - std::min(request.wait_ms(), static_cast<std::uint64_t>(gone)));
      return left.SerializeAsString();
    };
    LATIUM_CO_TRY(auto answer, co_await ask_homes(core, key, wire::METHOD_LOCK_ACQUIRE, rest, deadline, passed_over));
    if (answer) co_return *std::move(answer);
  }
  const auto wait = std::chrono::milliseconds(std::min(request.wait_ms(), kTtlMaxMs));
  const MonotonicTime wait_until = std::min(deadline, saturating_add(began, wait));
  // Another node can try when this one does not get through.
  const Duration patience = at_home ? part_of(core.runtime(), deadline) - core.runtime().clock.monotonic_now() : Duration::max();
  LATIUM_CO_TRY(const LockOutcome outcome,
                co_await core.locks().acquire(std::move(key), request.owner(), ttl, id, {wait_until, patience}, deadline));
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
  bool passed_over = false;
  if (!request.at_home()) {
    request.set_at_home(true);
    const std::function<Bytes()> whole = [&request] { return request.SerializeAsString(); };
    LATIUM_CO_TRY(auto answer, co_await ask_homes(core, key, wire::METHOD_LOCK_RELEASE, whole, deadline, passed_over));
    if (answer) {
      // Free, with the caller's token: the one that was passed over had released it.
      if (passed_over && answer->owner().empty() && answer->token() == request.token()) answer->set_done(true);
      co_return *std::move(answer);
    }
  } else {
    deadline = part_of(core.runtime(), deadline);
  }
  LATIUM_CO_TRY(LockOutcome outcome, co_await core.locks().release(std::move(key), request.owner(), request.token(), deadline));
  outcome.done = outcome.done || (passed_over && outcome.lock.owner.empty() && outcome.lock.token == request.token());
  co_return to_response(outcome);
}

Task<client::LockResponse> show_lock(NodeCore& core, client::LockShowRequest request, MonotonicTime deadline) {
  LATIUM_CO_TRY(RegisterKey key, co_await find_lock(core, request.tenant(), request.name(), deadline));
  LATIUM_CO_TRY(const LockOutcome outcome, co_await core.locks().show(std::move(key), deadline));
  co_return to_response(outcome);
}

}  // namespace latium
