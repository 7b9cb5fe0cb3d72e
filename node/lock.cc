// The public Lock: what its holder knows of it, and its calls.
#include "latium/lock.h"

#include <atomic>
#include <utility>

#include "node/call_options.h"
#include "node/lock_access.h"
#include "node/node_impl.h"

namespace latium {

struct Lock::Impl {
  enum class State : std::uint8_t { held, released, lost };

  NodeCore& core() const { return *node->core; }

  const std::shared_ptr<Node::Impl> node;
  const std::string tenant;
  const std::string name;
  const std::string owner;
  const LockOptions options;
  const std::uint64_t token;
  std::atomic<std::uint64_t> expires_ms;
  std::atomic<State> state{State::held};
};

namespace {

using Held = std::shared_ptr<Lock::Impl>;

std::chrono::system_clock::time_point to_time(std::uint64_t ms) {
  return std::chrono::system_clock::time_point(std::chrono::milliseconds(ms));
}

LockInfo to_info(client::LockResponse response, bool held) {
  const client::Stats& stats = response.stats();
  return {held,
          std::move(*response.mutable_owner()),
          response.token(),
          to_time(response.expires_ms()),
          {stats.round_trips(), stats.wan_round_trips(), stats.replicas_asked(), stats.bytes()}};
}

std::string lock_text(std::string_view tenant, std::string_view name) {
  return "lock '" + printable(name, 64) + "' of tenant '" + printable(tenant, 64) + "'";
}

std::unexpected<Error> held_by_another(const std::string& tenant, const std::string& name, const client::LockResponse& response) {
  return fail(ErrorCode::conflict, lock_text(tenant, name) + " is held by '" + printable(response.owner(), 64) + "' with token " +
                                       std::to_string(response.token()) + " until " + std::to_string(response.expires_ms()) +
                                       " ms of the Unix epoch: wait longer, or try again then");
}

Result<void> check_held(const Lock::Impl& lock) {
  switch (lock.state.load()) {
    case Lock::Impl::State::held:
      return {};
    case Lock::Impl::State::released:
      return fail(ErrorCode::conflict, lock_text(lock.tenant, lock.name) + " was given back: take it again");
    case Lock::Impl::State::lost:
      break;
  }
  return fail(ErrorCode::conflict,
              lock_text(lock.tenant, lock.name) + " with token " + std::to_string(lock.token) + " is lost: take it again");
}

std::unexpected<Error> lose(Lock::Impl& lock, const client::LockResponse& response) {
  lock.state = Lock::Impl::State::lost;
  std::string text = lock_text(lock.tenant, lock.name) + " with token " + std::to_string(lock.token) + " is lost: ";
  text += response.owner().empty() ? "it was given back or has run out"
                                   : "'" + printable(response.owner(), 64) + "' has token " + std::to_string(response.token());
  return fail(ErrorCode::conflict, text + "; stop what it protects, and take it again");
}

Task<LockInfo> renew_task(Held lock) {
  LATIUM_CO_CHECKED(check_held(*lock));
  LATIUM_CO_TRY(const MonotonicTime deadline, deadline_of(lock->core().runtime(), lock->options.timeout));
  client::LockRenewRequest request;
  request.set_tenant(lock->tenant);
  request.set_name(lock->name);
  request.set_owner(lock->owner);
  request.set_token(lock->token);
  request.set_ttl_ms(static_cast<std::uint64_t>(lock->options.lease.count()));
  LATIUM_CO_TRY(auto response, co_await renew_lock(lock->core(), std::move(request), deadline));
  if (!response.done()) co_return lose(*lock, response);
  lock->expires_ms = response.expires_ms();
  co_return to_info(std::move(response), true);
}

Task<LockInfo> release_task(Held lock) {
  LATIUM_CO_CHECKED(check_held(*lock));
  LATIUM_CO_TRY(const MonotonicTime deadline, deadline_of(lock->core().runtime(), lock->options.timeout));
  client::LockReleaseRequest request;
  request.set_tenant(lock->tenant);
  request.set_name(lock->name);
  request.set_owner(lock->owner);
  request.set_token(lock->token);
  LATIUM_CO_TRY(auto response, co_await release_lock(lock->core(), std::move(request), deadline));
  if (!response.done()) co_return lose(*lock, response);
  lock->state = Lock::Impl::State::released;
  co_return to_info(std::move(response), false);
}

Task<LockInfo> show_task(NodeCore& core, std::string tenant, std::string name, MonotonicTime deadline) {
  client::LockShowRequest request;
  request.set_tenant(std::move(tenant));
  request.set_name(std::move(name));
  LATIUM_CO_TRY(auto response, co_await show_lock(core, std::move(request), deadline));
  const bool held = response.done();
  co_return to_info(std::move(response), held);
}

// A name that no other handle has.
std::string own_name(NodeCore& core, RequestId id) {
  return to_hex(core.identity().node.value) + "/" + to_hex(id.low);
}

Task<Held> acquire_task(std::shared_ptr<Node::Impl> node, std::string tenant, std::string name, LockOptions options) {
  NodeCore& core = *node->core;
  LATIUM_CO_CHECKED(check_duration("a lease", options.lease, std::chrono::milliseconds(1)));
  LATIUM_CO_CHECKED(check_duration("a wait", options.wait, std::chrono::milliseconds(0)));
  LATIUM_CO_TRY(const MonotonicTime patience, deadline_of(core.runtime(), options.timeout));
  // Whoever serves the lock keeps a tenth of the time for its answer.
  const MonotonicTime deadline = saturating_add(patience, options.wait * 10 / 9);
  const RequestId id = core.cluster().registers().new_request_id();
  const std::string owner = options.owner.empty() ? own_name(core, id) : options.owner;
  client::LockAcquireRequest request;
  request.set_tenant(tenant);
  request.set_name(name);
  request.set_owner(owner);
  request.set_ttl_ms(static_cast<std::uint64_t>(options.lease.count()));
  request.set_wait_ms(static_cast<std::uint64_t>(options.wait.count()));
  request.set_request_high(id.high);
  request.set_request_low(id.low);
  LATIUM_CO_TRY(const auto response, co_await acquire_lock(core, std::move(request), deadline));
  if (!response.done()) co_return held_by_another(tenant, name, response);
  co_return std::make_shared<Lock::Impl>(std::move(node), std::move(tenant), std::move(name), owner, std::move(options),
                                         response.token(), response.expires_ms());
}

}  // namespace

void Node::lock_async(std::string tenant, std::string name, LockOptions options, Callback<Lock> done) {
  impl_->run_async<Held>(acquire_task(impl_, std::move(tenant), std::move(name), std::move(options)),
                         [done = std::move(done)](Result<Held> taken) mutable {
                           if (!taken) return done(fail(std::move(taken).error()));
                           done(Lock(*std::move(taken)));
                         });
}

Result<Lock> Node::lock(std::string_view tenant, std::string_view name, LockOptions options) {
  LATIUM_TRY(auto taken, impl_->run<Held>(acquire_task(impl_, std::string(tenant), std::string(name), std::move(options))));
  return Lock(std::move(taken));
}

Result<LockInfo> Node::show_lock(std::string_view tenant, std::string_view name) {
  return impl_->run<LockInfo>(show_task(*impl_->core, std::string(tenant), std::string(name), impl_->patience()));
}

Lock::Lock(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Lock::Lock(Lock&&) noexcept = default;
Lock& Lock::operator=(Lock&& other) noexcept {
  if (this != &other) {
    give_back();
    impl_ = std::move(other.impl_);
  }
  return *this;
}
Lock::~Lock() {
  give_back();
}

void Lock::give_back() {
  if (!impl_ || impl_->state != Impl::State::held) return;
  // Whether it worked concerns nobody any more: the lease ends by itself.
  impl_->node->run_async<LockInfo>(release_task(impl_), [](const Result<LockInfo>&) {});
}

Result<LockInfo> Lock::renew() {
  return impl_->node->run<LockInfo>(renew_task(impl_));
}
void Lock::renew_async(Callback<LockInfo> done) {
  impl_->node->run_async<LockInfo>(renew_task(impl_), std::move(done));
}
Result<LockInfo> Lock::release() {
  return impl_->node->run<LockInfo>(release_task(impl_));
}
void Lock::release_async(Callback<LockInfo> done) {
  impl_->node->run_async<LockInfo>(release_task(impl_), std::move(done));
}

std::uint64_t Lock::token() const {
  return impl_->token;
}
std::chrono::system_clock::time_point Lock::expires() const {
  return to_time(impl_->expires_ms.load());
}
const std::string& Lock::owner() const {
  return impl_->owner;
}
const std::string& Lock::tenant() const {
  return impl_->tenant;
}
const std::string& Lock::name() const {
  return impl_->name;
}

}  // namespace latium
