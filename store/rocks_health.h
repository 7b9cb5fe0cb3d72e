// RocksHealth: whether RocksDB takes writes, and the way back when its disk was full or failed. RocksDB latches such errors.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/listener.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "store/disk_reserve.h"
#include "store/rocks_internal.h"

namespace latium::internal {

/// RocksDB tells it of errors, on any thread; the commit thread calls try_recover(). States and transitions:
///
///   writable --little room left--> removes_only --room again, reserve back--> writable
///   writable, removes_only --no room at all--> stopped --reserve given up, RocksDB resumed--> removes_only
///   writable, removes_only --other error--> failed --RocksDB resumed--> writable
///
/// The first line is the usual one: RocksDB never meets a full disk that this engine fills. When it does, RocksDB 7.8 cannot
/// always be resumed (see resume()); then, and after errors that it calls fatal, only a restart helps, and the reason says so.
class RocksHealth final : public rocksdb::EventListener {
 public:
  RocksHealth(const RocksOptions& options, std::shared_ptr<rocksdb::FileSystem> file_system);

  /// Before attach(): makes room for the opening of a database on a full disk.
  void give_up_reserve() { reserve_.release(); }
  /// Before the first write. `wake` makes the commit thread call try_recover() soon.
  void attach(rocksdb::DB* db, std::vector<rocksdb::ColumnFamilyHandle*> families, std::function<void()> wake);
  /// Before the database closes: try_recover() does nothing from here on, and nobody is woken.
  void detach();

  bool writable() const { return state_.load(std::memory_order_acquire) == State::writable; }
  /// Whether RocksDB takes anything at all.
  bool log_is_sound() const {
    const State state = state_.load(std::memory_order_acquire);
    return state == State::writable || state == State::removes_only;
  }
  /// Any thread: `bytes` were written. Now and then looks how much room is left.
  void note_written(std::size_t bytes) {
    const std::uint64_t before = written_.fetch_add(bytes, std::memory_order_relaxed);
    if (before / look_every_bytes_ != (before + bytes) / look_every_bytes_) [[unlikely]]
      look_for_room();
  }
  /// The error to answer this batch with at once, if it cannot be written now. On a full disk, batches of removes only pass
  /// as soon as the reserve has made room; `waits`: the caller can wait for that.
  std::optional<Error> refusal(const WriteBatch& batch, bool waits);
  EngineHealth health();

  /// Commit thread. True while there is something to recover from: call again later.
  bool try_recover();
  bool needs_recovery() const { return needs_recovery_.load(std::memory_order_acquire); }

  /// Any thread: an event of severity error.
  void report(std::string_view event, const Error& error);

  const char* Name() const override { return "latium.health"; }
  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override;
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason reason, rocksdb::Status error, bool* auto_recovery) override;

 private:
  enum class State : std::uint8_t { writable, removes_only, stopped, failed };

  void look_for_room();
  /// Has RocksDB take writes again. False when it does not, or must not be asked.
  bool resume();
  bool recover_from_full();
  bool recover_from_failure();
  /// Moves on unless another error came in since `seen`.
  bool advance(State to, std::uint64_t seen);
  void make_deletes_count();
  std::uint64_t errors_seen();
  std::string reason_text();  // mutex held
  void emit(Severity severity, std::string_view name, std::string text);

  EventSink* events_;
  std::string directory_;
  std::shared_ptr<rocksdb::FileSystem> file_system_;
  const std::uint64_t least_room_bytes_;
  const std::uint64_t look_every_bytes_;
  DiskReserve reserve_;

  std::atomic<State> state_{State::writable};
  std::atomic<bool> needs_recovery_{false};
  std::atomic<bool> removes_taken_{false};
  std::atomic<std::uint64_t> written_{0};

  // Commit thread: between tries to resume compactions. Grows for the engine's life: a disk that fills up once does again.
  int resume_wait_ = 1;
  int looks_until_resume_ = 1;

  std::mutex mutex_;  // guards what follows; never held during a call of RocksDB
  rocksdb::DB* db_ = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
  std::function<void()> wake_;
  std::uint64_t errors_ = 0;
  std::string last_error_;
  bool fatal_ = false;
  bool flush_failed_ = false;  // what stopped RocksDB was a flush
};

}  // namespace latium::internal
