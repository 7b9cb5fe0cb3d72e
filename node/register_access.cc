#include "node/register_access.h"

#include <utility>

#include "node/tenants.h"
#include "replication/bounds.h"

namespace latium {

Task<ReadOutcome> get_register(Cluster& cluster, std::string tenant, Bytes key, bool local, MonotonicTime deadline) {
  LATIUM_CO_CHECKED(check_key(key));
  LATIUM_CO_TRY(const auto handle, co_await find_tenant(cluster, std::move(tenant), deadline));
  RegisterKey at = user_register(handle->id, handle->partitions, key);
  if (local) co_return co_await cluster.registers().read_local(std::move(at), deadline);
  co_return co_await cluster.registers().read(std::move(at), deadline);
}

Task<CommandOutcome> change_register(Cluster& cluster, std::string tenant, Bytes key, CasCommand command, RequestId request,
                                     MonotonicTime deadline) {
  LATIUM_CO_CHECKED(check_key(key));
  if (command.value && command.value->size() > kRegisterBytesMax) {
    co_return fail(ErrorCode::invalid_argument, "the value of register " + printable(key, 64) + " has " +
                                                    std::to_string(command.value->size()) +
                                                    " bytes: registers hold at most 1 MiB (1048576 bytes)");
  }
  LATIUM_CO_TRY(const auto handle, co_await find_tenant(cluster, std::move(tenant), deadline));
  if (!request) request = cluster.registers().new_request_id();
  co_return co_await cluster.registers().execute(user_register(handle->id, handle->partitions, key), std::move(command), request,
                                                 deadline);
}

}  // namespace latium
