#include "store/rocks_health.h"

#include <rocksdb/experimental.h>

#include <algorithm>
#include <utility>

namespace latium::internal {
namespace {

bool only_removes(const WriteBatch& batch) {
  return std::ranges::none_of(batch.operations(),
                              [](const WriteBatch::Operation& operation) { return operation.kind == WriteBatch::Kind::put; });
}

// In looks of the commit thread.
constexpr int kLongestResumeWait = 64;

}  // namespace

RocksHealth::RocksHealth(const RocksOptions& options, std::shared_ptr<rocksdb::FileSystem> file_system)
    : events_(options.events),
      directory_(options.directory),
      file_system_(std::move(file_system)),
      least_room_bytes_(2 * options.write_buffer_bytes),
      look_every_bytes_(options.write_buffer_bytes / 4),
      // More than the least, so that the state does not flap.
      reserve_(file_system_, options.directory, options.reserve_bytes, 3 * options.write_buffer_bytes) {}

void RocksHealth::look_for_room() {
  std::uint64_t free = 0;
  if (!file_system_->GetFreeSpace(directory_, rocksdb::IOOptions(), &free, nullptr).ok() || free >= least_room_bytes_) return;
  {
    std::scoped_lock lock(mutex_);
    if (state_.load() != State::writable || !wake_) return;
    last_error_ = std::to_string(free) + " bytes are left";
    state_ = State::removes_only;
    needs_recovery_ = true;
    wake_();
  }
  emit(Severity::warn, "store_disk_full", directory_);
}

void RocksHealth::attach(rocksdb::DB* db, std::vector<rocksdb::ColumnFamilyHandle*> families, std::function<void()> wake) {
  {
    std::scoped_lock lock(mutex_);
    db_ = db;
    families_ = std::move(families);
    wake_ = std::move(wake);
  }
  // Without room for the reserve the engine works, only deletes on a full disk do not.
  if (const Result<void> filled = reserve_.fill(); !filled) emit(Severity::warn, "disk_reserve_missing", filled.error().message);
  // An error since the opening found nobody to wake.
  std::scoped_lock lock(mutex_);
  if (needs_recovery_) wake_();
}

void RocksHealth::detach() {
  std::scoped_lock lock(mutex_);
  db_ = nullptr;
  families_.clear();
  wake_ = nullptr;
}

std::optional<Error> RocksHealth::refusal(const WriteBatch& batch, bool waits) {
  const State state = state_.load(std::memory_order_acquire);
  if (state == State::writable) return std::nullopt;
  if ((state == State::removes_only || (state == State::stopped && waits)) && only_removes(batch)) {
    removes_taken_.store(true, std::memory_order_release);
    return std::nullopt;
  }
  std::scoped_lock lock(mutex_);
  return Error(ErrorCode::read_only, reason_text());
}

EngineHealth RocksHealth::health() {
  if (writable()) return {};
  std::scoped_lock lock(mutex_);
  return {EngineHealth::State::read_only, reason_text()};
}

std::string RocksHealth::reason_text() {
  switch (state_.load()) {
    case State::writable:
      break;
    case State::stopped:
    case State::removes_only:
      return "the disk of " + directory_ + " is full (" + last_error_ + "): " +
             (fatal_ ? "free or add space, then restart the node"
                     : "delete keys, or free or add space; writes resume by themselves");
    case State::failed:
      return "the disk of " + directory_ + " failed (" + last_error_ + "): check it; " +
             (fatal_ ? "then restart the node" : "writes resume by themselves");
  }
  return "writes have just resumed: retry";
}

void RocksHealth::OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) {
  const rocksdb::Status::Severity severity = error->severity();
  const std::string text = error->ToString();
  {
    std::scoped_lock lock(mutex_);
    ++errors_;
    last_error_ = text;
    if (severity >= rocksdb::Status::Severity::kFatalError) {
      fatal_ = true;
      state_ = State::failed;
    } else if (severity >= rocksdb::Status::Severity::kHardError && state_ != State::failed) {
      state_ = error->IsNoSpace() ? State::stopped : State::failed;
    }
    if (severity >= rocksdb::Status::Severity::kHardError) flush_failed_ = reason == rocksdb::BackgroundErrorReason::kFlush;
    // Softer errors stop compactions only; writes go on, and the commit thread resumes the compactions.
    needs_recovery_ = !fatal_;
    if (wake_) wake_();
  }
  emit(severity >= rocksdb::Status::Severity::kFatalError ? Severity::error : Severity::warn, "store_background_error", text);
}

void RocksHealth::OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status error, bool* auto_recovery) {
  error.PermitUncheckedError();
  *auto_recovery = false;
}

std::uint64_t RocksHealth::errors_seen() {
  std::scoped_lock lock(mutex_);
  return errors_;
}

bool RocksHealth::advance(State to, std::uint64_t seen) {
  std::scoped_lock lock(mutex_);
  if (errors_ != seen) return false;
  state_ = to;
  if (to == State::writable) needs_recovery_ = false;
  return true;
}

bool RocksHealth::try_recover() {
  if (!needs_recovery()) return false;
  {
    std::scoped_lock lock(mutex_);
    // Once set, it is valid until detach(), which comes after this thread's end; so are the families.
    if (db_ == nullptr) return false;
  }
  const State before = state_.load();
  const bool recovered = before == State::stopped || before == State::removes_only ? recover_from_full() : recover_from_failure();
  if (recovered && before != State::writable) emit(Severity::info, "store_writable_again", directory_);
  return !recovered;
}

bool RocksHealth::resume() {
  if (log_is_sound()) return db_->Resume().ok();
  std::uint64_t entries = 0;
  std::uint64_t immutable = 0;
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    std::uint64_t value = 0;
    if (db_->GetIntProperty(family, rocksdb::DB::Properties::kNumEntriesActiveMemTable, &value)) entries += value;
    if (db_->GetIntProperty(family, rocksdb::DB::Properties::kNumImmutableMemTable, &value)) immutable += value;
  }
  {
    std::scoped_lock lock(mutex_);
    // RocksDB 7.8 leaves a failed log only by flushing, and stops the process when it writes to that log again: with nothing to
    // flush it would stay on it. And a flush that was scheduled, but had not begun, is forgotten: waiting for it never ends.
    if (!flush_failed_ && (entries == 0 || immutable > 0)) fatal_ = true;
    if (fatal_) {
      needs_recovery_ = false;
      return false;
    }
  }
  return db_->Resume().ok();
}

bool RocksHealth::recover_from_full() {
  const std::uint64_t seen = errors_seen();
  if (state_.load() == State::stopped) reserve_.release();
  // Also when removes are taken: a compaction may have stopped for lack of room since.
  if (!resume() || !advance(State::removes_only, seen)) return false;
  // Where this meets the full disk, RocksDB has stopped again: that is an error since.
  make_deletes_count();
  return reserve_.fill().has_value() && advance(State::writable, seen);
}

void RocksHealth::make_deletes_count() {
  // A delete takes room until it meets what it deletes: write it out, which frees the log, and have it compacted. Compactions
  // cannot be paused here: RocksDB 7.8 would log that, and does not survive a full disk in the middle of it.
  if (!removes_taken_.exchange(false)) return;
  rocksdb::FlushOptions options;
  options.allow_write_stall = true;
  if (!db_->Flush(options, families_).ok()) return;  // reported through OnBackgroundError
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    rocksdb::experimental::SuggestCompactRange(db_, family, nullptr, nullptr).PermitUncheckedError();
  }
}

bool RocksHealth::recover_from_failure() {
  const std::uint64_t seen = errors_seen();
  if (state_.load() == State::writable) {
    // Compactions stopped and will, most likely, stop again: each try costs as much of the disk as is free.
    if (--looks_until_resume_ > 0) return false;
    resume_wait_ = std::min(2 * resume_wait_, kLongestResumeWait);
    looks_until_resume_ = resume_wait_;
  }
  return resume() && advance(State::writable, seen);
}

void RocksHealth::report(std::string_view event, const Error& error) {
  emit(Severity::error, event, error.message);
}

void RocksHealth::emit(Severity severity, std::string_view name, std::string text) {
  if (events_ != nullptr && events_->enabled(severity)) events_->emit(severity, name, {{"what", std::move(text)}});
}

}  // namespace latium::internal
