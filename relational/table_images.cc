#include "relational/table_images.h"

#include <algorithm>

namespace latium {

std::shared_ptr<const TableImage> TableImages::find(TenantId tenant, const TableSchema& schema) {
  const std::lock_guard lock(lock_);
  const auto found = images_.find({tenant, schema.id});
  if (found == images_.end() || found->second.image->schema().version != schema.version) return nullptr;
  found->second.used = ++uses_;
  return found->second.image;
}

bool TableImages::has(TenantId tenant, TableId table) const {
  const std::lock_guard lock(lock_);
  return images_.contains({tenant, table});
}

void TableImages::drop(std::map<Name, Kept>::iterator kept) {
  bytes_ -= kept->second.image->bytes();
  images_.erase(kept);
}

void TableImages::put(TenantId tenant, std::shared_ptr<const TableImage> image) {
  const std::lock_guard lock(lock_);
  const Name name{tenant, image->schema().id};
  if (const auto old = images_.find(name); old != images_.end()) drop(old);
  bytes_ += image->bytes();
  images_.emplace(name, Kept{std::move(image), ++uses_});
  while (bytes_ > kBytesMax) {
    drop(std::ranges::min_element(images_, {}, [](const auto& each) { return each.second.used; }));
  }
}

void TableImages::note_too_large(TenantId tenant, TableId table, MonotonicTime now) {
  const std::lock_guard lock(lock_);
  if (too_large_.size() >= kTooLargeMax) too_large_.clear();
  too_large_.insert_or_assign(Name{tenant, table}, now + kTooLargeFor);
}

bool TableImages::is_too_large(TenantId tenant, TableId table, MonotonicTime now) const {
  const std::lock_guard lock(lock_);
  const auto found = too_large_.find({tenant, table});
  return found != too_large_.end() && now < found->second;
}

}  // namespace latium
