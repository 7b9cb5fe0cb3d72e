#include <utility>

#include "node/handlers.h"
#include "node/lock_access.h"
#include "node/message.h"
#include "proto/client.pb.h"

namespace latium {

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
