// The public Bucket: translates between the public types and those of the copies' protocol.
#include "latium/bucket.h"

#include <algorithm>
#include <utility>

#include "node/bucket_access.h"
#include "node/bucket_impl.h"
#include "node/call_options.h"
#include "replication/bounds.h"

namespace latium {

static_assert(kMaxKeyBytes == kKeyBytesMax && kMaxValueBytes == kValueBytesMax);
static_assert(static_cast<int>(Level::quorum) == static_cast<int>(WriteLevel::quorum));
static_assert(static_cast<int>(Level::local_quorum) == static_cast<int>(WriteLevel::local_quorum));

namespace {

using Handle = std::shared_ptr<BucketHandle>;

Durability durability_of(const WriteOptions& options) {
  return options.durability == WriteDurability::buffered ? Durability::buffered : Durability::sync;
}

std::optional<Found> to_found(NodeId self, std::optional<Record> record) {
  if (!record) return std::nullopt;
  Found found{.value = std::move(record->value), .version = Version{record->version.value}};
  found.context = encode_context_token(ContextToken{.context = {}, .stamp = record->version});
  found.cost.replicas_asked = 1;
  found.cost.bytes = found.value.size();
  found.replicas.push_back(self.value);
  return found;
}

// The newest first.
void put_values(std::vector<VersionedValue> values, std::string& value, Version& version, std::vector<std::string>& siblings) {
  const auto newest =
      std::ranges::max_element(values, {}, [](const VersionedValue& each) { return std::pair(each.stamp, each.dot); });
  value = std::move(newest->value);
  version = Version{newest->stamp.value};
  for (auto each = values.begin(); each != values.end(); ++each) {
    if (each != newest) siblings.push_back(std::move(each->value));
  }
}

std::optional<Found> to_found(BucketRead read) {
  if (read.values.empty()) return std::nullopt;
  Found found{.value = {}, .version = {}, .context = std::move(read.context), .cost = to_cost(read.stats)};
  put_values(std::move(read.values), found.value, found.version, found.siblings);
  for (const NodeId node : read.answered) found.replicas.push_back(node.value);
  for (const NodeId node : read.behind) found.behind.push_back(node.value);
  return found;
}

ScanPage to_page(BucketScan scan) {
  ScanPage page;
  page.more = scan.more;
  page.entries.reserve(scan.entries.size());
  for (auto& [key, values] : scan.entries) {
    Entry& entry = page.entries.emplace_back(Entry{.key = std::move(key), .value = {}, .version = {}});
    put_values(std::move(values), entry.value, entry.version, entry.siblings);
  }
  return page;
}

ScanPage to_page(ScanResult result) {
  ScanPage page;
  page.more = result.more;
  page.entries.reserve(result.items.size());
  for (ScanResult::Item& item : result.items) {
    page.entries.push_back({std::move(item.key), std::move(item.record.value), Version{item.record.version.value}});
  }
  return page;
}

Task<BucketWritten> write_task(NodeCore& core, Handle handle, std::string key, std::optional<std::string> value,
                               WriteOptions options) {
  LATIUM_CO_TRY(const MonotonicTime deadline, deadline_of(core.runtime(), options.timeout));
  if (options.ttl.count() < 0) co_return fail(ErrorCode::invalid_argument, "a ttl must not be negative");
  BucketWrite what{.value = std::move(value),
                   .context = std::move(options.context),
                   .level = static_cast<WriteLevel>(options.level),
                   .site = core.identity().site,
                   .durability = durability_of(options)};
  LATIUM_CO_TRY(what.expires_ms, expiry_of(core.runtime(), static_cast<std::uint64_t>(options.ttl.count())));
  co_return co_await put_key(core, std::move(handle), std::move(key), std::move(what), deadline);
}

Task<Written> put_task(NodeCore& core, Handle handle, std::string key, std::string value, WriteOptions options) {
  LATIUM_CO_TRY(BucketWritten written,
                co_await write_task(core, std::move(handle), std::move(key), std::move(value), std::move(options)));
  co_return Written{Version{written.stamp.value}, std::move(written.context), to_cost(written.stats)};
}

Task<bool> remove_task(NodeCore& core, Handle handle, std::string key, WriteOptions options) {
  LATIUM_CO_TRY(const BucketWritten written,
                co_await write_task(core, std::move(handle), std::move(key), std::nullopt, std::move(options)));
  co_return written.existed;
}

Task<std::optional<Found>> get_task(NodeCore& core, Handle handle, std::string key, ReadOptions options) {
  LATIUM_CO_TRY(const MonotonicTime deadline, deadline_of(core.runtime(), options.timeout));
  LATIUM_CO_TRY(BucketRead read,
                co_await get_key(core, std::move(handle), static_cast<ReadLevel>(options.level), std::move(key), deadline));
  co_return to_found(std::move(read));
}

Task<ScanPage> scan_task(NodeCore& core, Handle handle, ScanOptions options) {
  LATIUM_CO_TRY(const MonotonicTime deadline, deadline_of(core.runtime(), options.timeout));
  ScanRequest request{std::move(options.prefix), std::move(options.after), options.limit};
  LATIUM_CO_TRY(BucketScan scan,
                co_await scan_keys(core, std::move(handle), static_cast<ReadLevel>(options.level), std::move(request), deadline));
  co_return to_page(std::move(scan));
}

}  // namespace

Bucket::Bucket(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<Written> Bucket::put(std::string_view key, std::string_view value, WriteOptions options) {
  if (!is_served_directly(*impl_->handle) || !options.context.empty() || options.ttl.count() < 0) {
    return impl_->node->run<Written>(
        put_task(*impl_->node->core, impl_->handle, std::string(key), std::string(value), std::move(options)));
  }
  LATIUM_TRY(const std::uint64_t expires_ms,
             expiry_of(impl_->node->loop.runtime(), static_cast<std::uint64_t>(options.ttl.count())));
  LATIUM_TRY(const Hlc version,
             impl_->node->settle(impl_->kv().put(*impl_->handle, key, value, durability_of(options), expires_ms)));
  return Written{Version{version.value}, encode_context_token(ContextToken{.context = {}, .stamp = version}),
                 CallCost{.replicas_asked = 1, .bytes = key.size() + value.size()}};
}

void Bucket::put_async(std::string key, std::string value, WriteOptions options, Callback<Written> done) {
  impl_->node->run_async<Written>(
      put_task(*impl_->node->core, impl_->handle, std::move(key), std::move(value), std::move(options)), std::move(done));
}

Result<std::optional<Found>> Bucket::get(std::string_view key, ReadOptions options) {
  if (is_served_directly(*impl_->handle)) {
    LATIUM_TRY(auto record, impl_->node->settle(impl_->kv().get(*impl_->handle, key)));
    return to_found(impl_->node->core->identity().node, std::move(record));
  }
  LATIUM_TRY(auto here,
             impl_->node->settle(get_key_here(*impl_->node->core, *impl_->handle, static_cast<ReadLevel>(options.level), key)));
  if (here) return to_found(*std::move(here));
  return impl_->node->run<std::optional<Found>>(get_task(*impl_->node->core, impl_->handle, std::string(key), options));
}

void Bucket::get_async(std::string key, ReadOptions options, Callback<std::optional<Found>> done) {
  impl_->node->run_async<std::optional<Found>>(get_task(*impl_->node->core, impl_->handle, std::move(key), options),
                                               std::move(done));
}

Result<bool> Bucket::remove(std::string_view key, WriteOptions options) {
  if (is_served_directly(*impl_->handle) && options.context.empty()) {
    return impl_->node->settle(impl_->kv().remove(*impl_->handle, key, durability_of(options)));
  }
  return impl_->node->run<bool>(remove_task(*impl_->node->core, impl_->handle, std::string(key), std::move(options)));
}

void Bucket::remove_async(std::string key, WriteOptions options, Callback<bool> done) {
  impl_->node->run_async<bool>(remove_task(*impl_->node->core, impl_->handle, std::move(key), std::move(options)),
                               std::move(done));
}

Result<ScanPage> Bucket::scan(ScanOptions options) {
  if (!is_served_directly(*impl_->handle)) {
    return impl_->node->run<ScanPage>(scan_task(*impl_->node->core, impl_->handle, std::move(options)));
  }
  // Cursors must be gone before the engine closes; single reads and writes are the engine's own business.
  const internal::Gate::Pass pass(impl_->node->gate);
  if (!pass) return fail(Node::Impl::stopped_error());
  LATIUM_TRY(auto page, impl_->node->settle(impl_->kv().scan(
                            *impl_->handle, {std::move(options.prefix), std::move(options.after), options.limit})));
  return to_page(std::move(page));
}

void Bucket::scan_async(ScanOptions options, Callback<ScanPage> done) {
  impl_->node->run_async<ScanPage>(scan_task(*impl_->node->core, impl_->handle, std::move(options)), std::move(done));
}

const std::string& Bucket::tenant() const {
  return impl_->handle->tenant->name;
}
const std::string& Bucket::name() const {
  return impl_->handle->name;
}

}  // namespace latium
