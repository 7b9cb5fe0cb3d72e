#include "store/rocks_views.h"

#include <string>
#include <utility>

namespace latium::internal {
namespace {

/// Whether every key in the range has the same prefix, so that the tables' prefix filters can be asked.
bool inside_one_prefix(const KeyRange& range) {
  if (range.begin.size() < kDataPrefixBytes || range.end.empty()) return false;
  const BytesView prefix = BytesView(range.begin).substr(0, kDataPrefixBytes);
  const Bytes after = prefix_end(prefix);
  return after.empty() || range.end <= after;
}

}  // namespace

RocksCursor::RocksCursor(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* handle, Family family, KeyRange range,
                         const Snapshot* snapshot, std::atomic<std::int64_t>& alive)
    : live_(alive), family_(family), range_(std::move(range)), upper_(to_slice(range_.end)) {
  rocksdb::ReadOptions options;
  options.snapshot = rocks_snapshot(snapshot);
  if (!range_.end.empty()) options.iterate_upper_bound = &upper_;
  if (family == Family::data && inside_one_prefix(range_)) {
    options.prefix_same_as_start = true;
  } else {
    options.total_order_seek = true;
  }
  iterator_.reset(db.NewIterator(options, handle));
  iterator_->Seek(to_slice(range_.begin));
}

void RocksCursor::next() {
  iterator_->Next();
}

Result<void> RocksCursor::status() const {
  const rocksdb::Status status = iterator_->status();
  if (status.ok()) [[likely]]
    return {};
  return fail(to_error(status, "scanning the family " + std::string(to_string(family_)) + " from the key " +
                                   printable(range_.begin) + " to " + printable(range_.end)));
}

}  // namespace latium::internal
