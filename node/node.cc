// The public Node, over Node::Impl.
#include "latium/node.h"

#include <map>
#include <utility>

#include "node/bucket_impl.h"
#include "node/node_impl.h"
#include "node/register_copy.h"
#include "node/tenants.h"
#include "ring/partition.h"

namespace latium {

namespace {

TenantInfo to_info(const Tenant& tenant) {
  return {tenant.name, tenant.placement.to_string(), tenant.partitions, tenant.buckets};
}

Result<std::shared_ptr<Logger>> open_logger(const LogOptions& options) {
  static const std::map<std::string, Severity, std::less<>> kLevels = {
      {"debug", Severity::debug}, {"info", Severity::info}, {"warn", Severity::warn}, {"error", Severity::error}};
  return Logger::open({.level = kLevels.find(options.level)->second,
                       .format = options.format == "json" ? Logger::Format::json : Logger::Format::text,
                       .file = options.file});
}

}  // namespace

Result<Node> Node::open(NodeOptions options) {
  LATIUM_CHECKED(options.validate());
  LATIUM_TRY(auto logger, open_logger(options.log));
  auto impl = std::make_shared<Impl>(std::move(options), std::move(logger));
  LATIUM_CHECKED(impl->start());
  return Node(std::move(impl));
}

Node::Node(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Node::Node(Node&&) noexcept = default;
Node& Node::operator=(Node&& other) noexcept {
  std::swap(impl_, other.impl_);
  return *this;
}

Node::~Node() {
  // Buckets may keep the Impl alive; the node stops now all the same. An error is in the log.
  if (impl_) (void)impl_->stop();
}

Result<TenantInfo> Node::create_tenant(std::string_view name, TenantOptions options) {
  LATIUM_TRY(const Tenant tenant,
             impl_->run<Tenant>(latium::create_tenant(impl_->core->cluster(), impl_->options.site, std::string(name),
                                                      options.placement, options.partitions, impl_->patience())));
  return to_info(tenant);
}

Result<std::vector<TenantInfo>> Node::tenants() const {
  std::vector<TenantInfo> out;
  LATIUM_TRY(const auto tenants, impl_->run<std::vector<Tenant>>(list_tenants(impl_->core->cluster(), impl_->patience())));
  for (const Tenant& tenant : tenants) {
    const auto known = impl_->core->catalog().describe(tenant.name);
    out.push_back(to_info(known && known->id == tenant.id ? *known : tenant));
  }
  return out;
}

Result<TenantInfo> Node::tenant(std::string_view name) const {
  LATIUM_CHECKED(impl_->know_tenant(name));
  LATIUM_TRY(const Tenant tenant, impl_->core->catalog().describe(name));
  return to_info(tenant);
}

Result<void> Node::drop_tenant(std::string_view name) {
  return impl_->run<void>(latium::drop_tenant(impl_->core->cluster(), std::string(name), impl_->patience()));
}

Result<Bucket> Node::bucket(std::string_view tenant, std::string_view name) {
  LATIUM_CHECKED(impl_->know_tenant(tenant));
  LATIUM_TRY(auto handle, impl_->core->catalog().bucket(tenant, name));
  return Bucket(std::make_shared<Bucket::Impl>(impl_, std::move(handle)));
}

NodeStatus Node::status() const {
  return impl_->status();
}

Result<void> Node::stop() {
  return impl_->stop();
}

}  // namespace latium
