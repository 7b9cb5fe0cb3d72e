#include "node/register_access.h"

#include <algorithm>
#include <utility>

#include "node/tenants.h"
#include "replication/bounds.h"

namespace latium {

namespace {

Result<void> check_live(const TenantHandle& tenant) {
  if (!tenant.dropped()) return {};
  return fail(ErrorCode::unknown_tenant, "tenant '" + tenant.name + "' was dropped: create it again, and ask for a new handle");
}

Result<void> check_change(BytesView key, const CasCommand& command) {
  LATIUM_CHECKED(check_key(key));
  if (!command.value || command.value->size() <= kRegisterBytesMax) return {};
  return fail(ErrorCode::invalid_argument, "the value of register " + printable(key, 64) + " has " +
                                               std::to_string(command.value->size()) +
                                               " bytes: registers hold at most 1 MiB (1048576 bytes)");
}

}  // namespace

Task<ReadOutcome> get_register(Cluster& cluster, std::shared_ptr<const TenantHandle> tenant, Bytes key, bool local,
                               MonotonicTime deadline) {
  LATIUM_CO_CHECKED(check_key(key));
  LATIUM_CO_CHECKED(check_live(*tenant));
  RegisterKey at = user_register(tenant->id, tenant->partitions, key);
  if (local) co_return co_await cluster.registers().read_local(std::move(at), deadline);
  co_return co_await cluster.registers().read(std::move(at), deadline);
}

Task<ReadOutcome> get_register(Cluster& cluster, std::string tenant, Bytes key, bool local, MonotonicTime deadline) {
  LATIUM_CO_CHECKED(check_key(key));
  LATIUM_CO_TRY(auto handle, co_await find_tenant(cluster, std::move(tenant), deadline));
  co_return co_await get_register(cluster, std::move(handle), std::move(key), local, deadline);
}

Result<std::optional<RegisterState>> get_register_here(const Cluster& cluster, Engine& engine, const TenantHandle& tenant,
                                                       BytesView key) {
  LATIUM_CHECKED(check_key(key));
  LATIUM_CHECKED(check_live(tenant));
  const RegisterKey at = user_register(tenant.id, tenant.partitions, key);
  const auto nodes = tenant.replicas(*cluster.ring());
  const auto replicas = nodes->replicas(at.partition);
  if (std::ranges::find(replicas, cluster.self()) == replicas.end()) return std::optional<RegisterState>();
  LATIUM_TRY(const ReadResult found, engine.get(Family::registers, at.stored(), ReadMode::may_block));
  if (found.presence == Presence::found) {
    auto state = decode_last_chosen(found.value);
    if (!state) return fail(state.error().code, state.error().message + " (" + at.describe() + ")");
    return std::optional<RegisterState>(*std::move(state));
  }
  // Nothing there, or dropped since the check above?
  LATIUM_CHECKED(check_live(tenant));
  return std::optional<RegisterState>(std::in_place);
}

Task<CommandOutcome> change_register(Cluster& cluster, std::shared_ptr<const TenantHandle> tenant, Bytes key, CasCommand command,
                                     RequestId request, MonotonicTime deadline) {
  LATIUM_CO_CHECKED(check_change(key, command));
  LATIUM_CO_CHECKED(check_live(*tenant));
  if (!request) request = cluster.registers().new_request_id();
  co_return co_await cluster.registers().execute(user_register(tenant->id, tenant->partitions, key), std::move(command), request,
                                                 deadline);
}

Task<CommandOutcome> change_register(Cluster& cluster, std::string tenant, Bytes key, CasCommand command, RequestId request,
                                     MonotonicTime deadline) {
  LATIUM_CO_CHECKED(check_change(key, command));
  LATIUM_CO_TRY(auto handle, co_await find_tenant(cluster, std::move(tenant), deadline));
  co_return co_await change_register(cluster, std::move(handle), std::move(key), std::move(command), request, deadline);
}

}  // namespace latium
