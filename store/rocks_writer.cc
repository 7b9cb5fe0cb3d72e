#include "store/rocks_writer.h"

#include "base/check.h"

namespace latium::internal {

void RocksWriter::append(const WriteBatch& batch, rocksdb::WriteBatch& out) const {
  values_.begin_write(batch);
  for (const WriteBatch::Operation& operation : batch.operations()) {
    rocksdb::ColumnFamilyHandle* family = families_[static_cast<std::size_t>(operation.family)];
    rocksdb::Status status;
    switch (operation.kind) {
      case WriteBatch::Kind::put:
        status = out.Put(family, to_slice(operation.key), to_slice(operation.value));
        break;
      case WriteBatch::Kind::remove:
        status = out.Delete(family, to_slice(operation.key));
        break;
      case WriteBatch::Kind::merge_xor:
        status = out.Merge(family, to_slice(operation.key), to_slice(operation.value));
        break;
      case WriteBatch::Kind::remove_range:
        // RocksDB refuses an empty range only after it has logged it, which would fail the whole group.
        if (operation.key < operation.value) status = out.DeleteRange(family, to_slice(operation.key), to_slice(operation.value));
        break;
    }
    LATIUM_CHECK(status.ok(), "a batch without size limit takes every operation");
  }
}

Result<void> RocksWriter::apply(rocksdb::WriteBatch& batch, std::size_t bytes, bool sync) {
  rocksdb::WriteOptions options;
  options.sync = sync;
  const UncountedHere uncounted;
  const rocksdb::Status status = db_.Write(options, &batch);
  if (!status.ok()) [[unlikely]]
    return fail(to_error(status, "writing a batch", Certainty::unknown));
  health_.note_written(bytes);
  counters_.written_bytes.fetch_add(bytes, std::memory_order_relaxed);
  if (sync) counters_.syncs.fetch_add(1, std::memory_order_relaxed);
  return {};
}

}  // namespace latium::internal
