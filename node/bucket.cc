// The public Bucket: translates between the public types and KeyValue's.
#include "latium/bucket.h"

#include <utility>

#include "node/bucket_impl.h"

namespace latium {

static_assert(kMaxKeyBytes == kKeyBytesMax && kMaxValueBytes == kValueBytesMax);

namespace {

Durability durability_of(WriteOptions options) {
  return options.durability == WriteDurability::buffered ? Durability::buffered : Durability::sync;
}

std::optional<Found> to_found(std::optional<Record> record) {
  if (!record) return std::nullopt;
  return Found{std::move(record->value), Version{record->version.value}};
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

// Puts a conversion between a task's result and the callback that takes the public type.
template <class Public, class Internal, class Convert>
Callback<Internal> converted(Callback<Public> done, Convert convert) {
  return [done = std::move(done), convert](Result<Internal> result) mutable {
    if (!result) return done(fail(std::move(result).error()));
    done(convert(*std::move(result)));
  };
}

}  // namespace

Bucket::Bucket(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<Version> Bucket::put(std::string_view key, std::string_view value, WriteOptions options) {
  LATIUM_TRY(const Hlc version, impl_->node->settle(impl_->kv().put(*impl_->handle, key, value, durability_of(options))));
  return Version{version.value};
}

void Bucket::put_async(std::string key, std::string value, WriteOptions options, Callback<Version> done) {
  impl_->node->run_async<Hlc>(impl_->kv().put_async(impl_->handle, std::move(key), std::move(value), durability_of(options)),
                              converted<Version, Hlc>(std::move(done), [](Hlc version) { return Version{version.value}; }));
}

Result<std::optional<Found>> Bucket::get(std::string_view key) {
  LATIUM_TRY(auto record, impl_->node->settle(impl_->kv().get(*impl_->handle, key)));
  return to_found(std::move(record));
}

void Bucket::get_async(std::string key, Callback<std::optional<Found>> done) {
  impl_->node->run_async<std::optional<Record>>(
      impl_->kv().get_async(impl_->handle, std::move(key)),
      converted<std::optional<Found>, std::optional<Record>>(std::move(done), to_found));
}

Result<bool> Bucket::remove(std::string_view key, WriteOptions options) {
  return impl_->node->settle(impl_->kv().remove(*impl_->handle, key, durability_of(options)));
}

void Bucket::remove_async(std::string key, WriteOptions options, Callback<bool> done) {
  impl_->node->run_async<bool>(impl_->kv().remove_async(impl_->handle, std::move(key), durability_of(options)), std::move(done));
}

Result<ScanPage> Bucket::scan(ScanOptions options) {
  // Cursors must be gone before the engine closes; single reads and writes are the engine's own business.
  const internal::Gate::Pass pass(impl_->node->gate);
  if (!pass) return fail(Node::Impl::stopped_error());
  LATIUM_TRY(auto page, impl_->node->settle(impl_->kv().scan(
                            *impl_->handle, {std::move(options.prefix), std::move(options.after), options.limit})));
  return to_page(std::move(page));
}

void Bucket::scan_async(ScanOptions options, Callback<ScanPage> done) {
  impl_->node->run_async<ScanResult>(
      impl_->kv().scan_async(impl_->handle, {std::move(options.prefix), std::move(options.after), options.limit}),
      converted<ScanPage, ScanResult>(std::move(done), to_page));
}

const std::string& Bucket::tenant() const {
  return impl_->handle->tenant->name;
}
const std::string& Bucket::name() const {
  return impl_->handle->name;
}

}  // namespace latium
