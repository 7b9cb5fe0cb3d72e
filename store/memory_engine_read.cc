// The reading half of MemoryEngine.
#include <algorithm>
#include <utility>

#include "store/memory_engine.h"

namespace latium {

class MemoryEngine::PinnedSnapshot final : public Snapshot {
 public:
  // With the lock held; released without it.
  explicit PinnedSnapshot(MemoryEngine& engine) : engine_(engine), at_(engine.table_.pin()) {}
  ~PinnedSnapshot() override {
    const std::lock_guard lock(engine_.disk_.mutex_);
    engine_.table_.unpin(at_);
  }
  MemoryTable::Sequence at() const { return at_; }

 private:
  MemoryEngine& engine_;
  MemoryTable::Sequence at_;
};

// Copies the entry that it stands on, so that writes may go on around it.
class MemoryEngine::TableCursor final : public Cursor {
 public:
  // With the lock held. `fails_after`: steps until an injected read error.
  TableCursor(MemoryEngine& engine, Family family, KeyRange range, MemoryTable::Sequence at, std::shared_ptr<const Snapshot> pin,
              std::optional<std::uint64_t> fails_after)
      : engine_(engine), family_(family), end_(std::move(range.end)), at_(at), pin_(std::move(pin)), fails_after_(fails_after) {
    key_ = std::move(range.begin);
    step(false);
  }

  bool valid() const override { return valid_; }
  BytesView key() const override { return key_; }
  BytesView value() const override { return value_; }
  Result<void> status() const override { return status_; }
  void next() override {
    const std::lock_guard lock(engine_.disk_.mutex_);
    step(true);
  }

 private:
  void step(bool after) {
    valid_ = false;
    if (auto usable = engine_.usable(); !usable) {
      status_ = std::move(usable);
      return;
    }
    if (fails_after_ && (*fails_after_)-- == 0) {
      status_ = fail(ErrorCode::io_error, "table: a read failed during a scan: retry");
      return;
    }
    const auto entry = engine_.table_.next(family_, key_, after, end_, at_);
    if (!entry) return;
    if (engine_.disk_.rotten_.contains({family_, Bytes(entry->key)})) {
      status_ = fail(ErrorCode::corruption, "table: key " + printable(entry->key) + " fails its checksum: repair this replica");
      return;
    }
    Bytes key(entry->key);
    value_ = entry->value;
    key_ = std::move(key);
    valid_ = true;
  }

  MemoryEngine& engine_;
  Family family_;
  Bytes end_;
  MemoryTable::Sequence at_;
  std::shared_ptr<const Snapshot> pin_;  // its own; null when the caller's snapshot holds the moment
  std::optional<std::uint64_t> fails_after_;
  bool valid_ = false;
  Bytes key_;
  Bytes value_;
  Result<void> status_;
};

Result<ReadResult> MemoryEngine::read(Family family, BytesView key, ReadMode mode, MemoryTable::Sequence at) {
  LATIUM_CHECKED(usable());
  const bool rotten = !disk_.rotten_.empty() && disk_.rotten_.contains({family, Bytes(key)});
  if (mode == ReadMode::cached_only && (rotten || (family == Family::data && random_.chance(options_.not_cached_rate)))) {
    ++statistics_.read_cache_misses;
    return ReadResult{Presence::not_cached, {}};
  }
  if (mode == ReadMode::may_block && random_.chance(disk_.faults_.read_error_rate)) {
    return fail(ErrorCode::io_error, "table: reading key " + printable(key) + " failed: retry");
  }
  const Bytes* value = table_.find(family, key, at);
  if (value == nullptr) return ReadResult{Presence::absent, {}};
  if (rotten) return fail(ErrorCode::corruption, "table: key " + printable(key) + " fails its checksum: repair this replica");
  return ReadResult{Presence::found, *value};
}

Result<ReadResult> MemoryEngine::get(Family family, BytesView key, ReadMode mode, const Snapshot* snapshot) {
  const std::lock_guard lock(disk_.mutex_);
  return read(family, key, mode, snapshot ? static_cast<const PinnedSnapshot*>(snapshot)->at() : table_.latest());
}

std::vector<Result<ReadResult>> MemoryEngine::multi_get(Family family, std::span<const Bytes> keys, const Snapshot* snapshot) {
  const std::lock_guard lock(disk_.mutex_);
  const auto at = snapshot ? static_cast<const PinnedSnapshot*>(snapshot)->at() : table_.latest();
  std::vector<Result<ReadResult>> results;
  results.reserve(keys.size());
  for (const Bytes& key : keys) results.push_back(read(family, key, ReadMode::may_block, at));
  return results;
}

Result<std::unique_ptr<Cursor>> MemoryEngine::scan(Family family, KeyRange range, const Snapshot* snapshot) {
  const std::lock_guard lock(disk_.mutex_);
  LATIUM_CHECKED(usable());
  std::optional<std::uint64_t> fails_after;
  if (random_.chance(disk_.faults_.read_error_rate)) fails_after = random_.below(100);
  std::shared_ptr<const PinnedSnapshot> pin;
  if (snapshot == nullptr) pin = std::make_shared<const PinnedSnapshot>(*this);
  const auto at = pin ? pin->at() : static_cast<const PinnedSnapshot*>(snapshot)->at();
  return std::make_unique<TableCursor>(*this, family, std::move(range), at, std::move(pin), fails_after);
}

std::shared_ptr<const Snapshot> MemoryEngine::snapshot() {
  const std::lock_guard lock(disk_.mutex_);
  return std::make_shared<const PinnedSnapshot>(*this);
}

}  // namespace latium
