// The public TenantRegisters: translates between the public types and those of the registers' protocol.
#include "latium/registers.h"

#include <utility>

#include "node/call_options.h"
#include "node/node_impl.h"
#include "node/register_access.h"
#include "replication/bounds.h"

namespace latium {

static_assert(kMaxRegisterBytes == kRegisterBytesMax);

struct TenantRegisters::Impl {
  NodeCore& core() const { return *node->core; }

  const std::shared_ptr<Node::Impl> node;
  const std::shared_ptr<const TenantHandle> tenant;
};

namespace {

RegisterValue to_value(RegisterState state, const CallStats& stats) {
  RegisterValue out{std::nullopt, state.version, to_cost(stats)};
  if (state.present) out.value = std::move(state.value);
  return out;
}

CasCommand to_command(const Expected& expected, std::optional<std::string> value) {
  return {static_cast<CasCommand::Expect>(expected.kind()), expected.value(), expected.version(), std::move(value)};
}
static_assert(static_cast<int>(Expected::Kind::absent) == static_cast<int>(CasCommand::Expect::absent));
static_assert(static_cast<int>(Expected::Kind::value) == static_cast<int>(CasCommand::Expect::value));
static_assert(static_cast<int>(Expected::Kind::version) == static_cast<int>(CasCommand::Expect::version));

using Tenant = std::shared_ptr<const TenantHandle>;

Task<RegisterValue> get_task(NodeCore& core, Tenant tenant, std::string key, RegisterReadOptions options) {
  LATIUM_CO_TRY(const MonotonicTime deadline, deadline_of(core.runtime(), options.timeout));
  const bool local = options.consistency == Consistency::local;
  LATIUM_CO_TRY(ReadOutcome found, co_await get_register(core.cluster(), std::move(tenant), std::move(key), local, deadline));
  co_return to_value(std::move(found.state), found.stats);
}

Task<RegisterChange> change_task(NodeCore& core, Tenant tenant, std::string key, CasCommand command,
                                 RegisterWriteOptions options) {
  LATIUM_CO_TRY(const MonotonicTime deadline, deadline_of(core.runtime(), options.timeout));
  LATIUM_CO_TRY(CommandOutcome outcome,
                co_await change_register(core.cluster(), std::move(tenant), std::move(key), std::move(command), {}, deadline));
  CommandResult& result = outcome.result;
  RegisterChange out{result.applied, result.state.version, std::nullopt, to_cost(outcome.stats)};
  if (!result.applied && result.state.present) out.value = std::move(result.state.value);
  co_return out;
}

}  // namespace

Result<TenantRegisters> Node::registers(std::string_view tenant) {
  LATIUM_TRY(auto handle, impl_->know_tenant(tenant));
  return TenantRegisters(std::make_shared<TenantRegisters::Impl>(impl_, std::move(handle)));
}

TenantRegisters::TenantRegisters(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<RegisterValue> TenantRegisters::get(std::string_view key, RegisterReadOptions options) {
  if (options.consistency == Consistency::local) {
    LATIUM_CHECKED(deadline_of(impl_->node->loop.runtime(), options.timeout));
    LATIUM_TRY(auto here,
               impl_->node->settle(get_register_here(impl_->core().cluster(), impl_->core().engine(), *impl_->tenant, key)));
    if (here) return to_value(*std::move(here), {.replicas_asked = 1});
  }
  return impl_->node->run<RegisterValue>(get_task(impl_->core(), impl_->tenant, std::string(key), options));
}

void TenantRegisters::get_async(std::string key, RegisterReadOptions options, Callback<RegisterValue> done) {
  impl_->node->run_async<RegisterValue>(get_task(impl_->core(), impl_->tenant, std::move(key), options), std::move(done));
}

Result<RegisterChange> TenantRegisters::cas(std::string_view key, Expected expected, std::string_view value,
                                            RegisterWriteOptions options) {
  return impl_->node->run<RegisterChange>(
      change_task(impl_->core(), impl_->tenant, std::string(key), to_command(expected, std::string(value)), options));
}

void TenantRegisters::cas_async(std::string key, Expected expected, std::string value, RegisterWriteOptions options,
                                Callback<RegisterChange> done) {
  impl_->node->run_async<RegisterChange>(
      change_task(impl_->core(), impl_->tenant, std::move(key), to_command(expected, std::move(value)), options),
      std::move(done));
}

Result<RegisterChange> TenantRegisters::remove(std::string_view key, Expected expected, RegisterWriteOptions options) {
  return impl_->node->run<RegisterChange>(
      change_task(impl_->core(), impl_->tenant, std::string(key), to_command(expected, std::nullopt), options));
}

void TenantRegisters::remove_async(std::string key, Expected expected, RegisterWriteOptions options,
                                   Callback<RegisterChange> done) {
  impl_->node->run_async<RegisterChange>(
      change_task(impl_->core(), impl_->tenant, std::move(key), to_command(expected, std::nullopt), options), std::move(done));
}

const std::string& TenantRegisters::tenant() const {
  return impl_->tenant->name;
}

}  // namespace latium
