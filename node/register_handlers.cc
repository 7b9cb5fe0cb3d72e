#include <utility>

#include "node/handlers.h"
#include "node/lock_access.h"
#include "node/message.h"
#include "node/register_access.h"
#include "proto/client.pb.h"

namespace latium {

namespace {

void fill(client::Stats& out, const CallStats& stats) {
  out.set_round_trips(stats.round_trips);
  out.set_wan_round_trips(stats.wan_round_trips);
  out.set_replicas_asked(stats.replicas_asked);
  out.set_bytes(stats.bytes);
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
  LATIUM_CO_TRY(const client::LockResponse response, co_await acquire_lock(core, std::move(request), deadline));
  co_return response.SerializeAsString();
}

Task<Bytes> handle_lock_renew(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_TRY(auto request, parse_request<client::LockRenewRequest>(bytes));
  LATIUM_CO_TRY(const client::LockResponse response, co_await renew_lock(core, std::move(request), deadline));
  co_return response.SerializeAsString();
}

Task<Bytes> handle_lock_release(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_TRY(auto request, parse_request<client::LockReleaseRequest>(bytes));
  LATIUM_CO_TRY(const client::LockResponse response, co_await release_lock(core, std::move(request), deadline));
  co_return response.SerializeAsString();
}

Task<Bytes> handle_lock_show(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_TRY(auto request, parse_request<client::LockShowRequest>(bytes));
  LATIUM_CO_TRY(const client::LockResponse response, co_await show_lock(core, std::move(request), deadline));
  co_return response.SerializeAsString();
}

}  // namespace latium
