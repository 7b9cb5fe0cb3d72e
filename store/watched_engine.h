// WatchedEngine: an engine that tells somebody of each batch, before it is written and after.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "store/engine.h"

namespace latium {

/// Any thread, several at a time.
class WriteWatcher {
 public:
  virtual ~WriteWatcher() = default;
  /// Before anybody can read what the batch holds. What it answers is given to ended() once the batch has been written, or has
  /// not, and nobody has been told yet.
  virtual std::vector<std::uint32_t> begins(const WriteBatch& batch) = 0;
  virtual void ended(const std::vector<std::uint32_t>& begun) = 0;
};

/// The inner one outlives it. What was submitted keeps the watcher: it may be answered later than this dies.
class WatchedEngine final : public Engine {
 public:
  WatchedEngine(Engine& inner, std::shared_ptr<WriteWatcher> watcher) : inner_(inner), watcher_(std::move(watcher)) {}

  Result<ReadResult> get(Family family, BytesView key, ReadMode mode, const Snapshot* snapshot) override {
    return inner_.get(family, key, mode, snapshot);
  }
  std::vector<Result<ReadResult>> multi_get(Family family, std::span<const Bytes> keys, const Snapshot* snapshot) override {
    return inner_.multi_get(family, keys, snapshot);
  }
  Result<std::unique_ptr<Cursor>> scan(Family family, KeyRange range, const Snapshot* snapshot) override {
    return inner_.scan(family, std::move(range), snapshot);
  }
  std::shared_ptr<const Snapshot> snapshot() override { return inner_.snapshot(); }
  Result<void> write(WriteBatch batch, Durability durability) override {
    const auto begun = watcher_->begins(batch);
    Result<void> written = inner_.write(std::move(batch), durability);
    watcher_->ended(begun);
    return written;
  }
  void submit(WriteBatch batch, Durability durability, WriteDone done) override {
    auto begun = watcher_->begins(batch);
    if (begun.empty()) return inner_.submit(std::move(batch), durability, std::move(done));
    inner_.submit(std::move(batch), durability,
                  [watcher = watcher_, begun = std::move(begun), done = std::move(done)](Result<void> written) mutable {
                    watcher->ended(begun);
                    done(std::move(written));
                  });
  }
  Result<void> checkpoint(const std::string& directory) override { return inner_.checkpoint(directory); }
  EngineHealth health() override { return inner_.health(); }
  EngineStatistics statistics() override { return inner_.statistics(); }
  Result<void> close() override { return inner_.close(); }

 private:
  Engine& inner_;
  std::shared_ptr<WriteWatcher> watcher_;
};

}  // namespace latium
