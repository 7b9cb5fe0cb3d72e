#include "store/commit_thread.h"

#include <semaphore>
#include <string>

namespace latium::internal {
namespace {

// A group's memory is kept for the next one up to this size: most groups are far below, and an idle node should be small.
constexpr std::size_t kKeptGroupBytes = 256 * 1024;
constexpr std::size_t kKeptWaiting = 1024;
// While the engine recovers and deletes stream in, it is not idle for an interval: look after so many rounds, too.
constexpr std::uint32_t kRoundsBetweenLooks = 64;

}  // namespace

CommitThread::CommitThread(const RocksOptions& options, RocksWriter& writer)
    : options_(options), writer_(writer), thread_([this] { run(); }) {}

void CommitThread::submit(WriteBatch batch, Durability durability, WriteDone done) {
  if (std::optional<Error> refusal = writer_.refusal(batch, true)) {
    Answers answers;
    answers.emplace_back(std::move(done), fail(*std::move(refusal)));
    return answer(std::move(answers));
  }
  const std::size_t bytes = RocksWriter::encoded_bytes(batch);
  bool notify = false;
  {
    std::unique_lock lock(mutex_);
    if (stopping_) {
      lock.unlock();
      return refuse(std::move(done), ErrorCode::cancelled, "the engine is closed");
    }
    if (!has_room(bytes)) {
      lock.unlock();
      return refuse(std::move(done), ErrorCode::overloaded,
                    "the commit queue of " + options_.directory + " is full: retry with backoff, or write less at once");
    }
    notify = queue_.empty();
    queue_.push_back({std::move(batch), durability, std::move(done)});
    ++waiting_batches_;
    waiting_bytes_ += bytes;
  }
  if (notify) changed_.notify_one();
}

bool CommitThread::has_room(std::size_t bytes) const {
  return waiting_batches_ < options_.queue_batches && (waiting_batches_ == 0 || waiting_bytes_ + bytes <= options_.queue_bytes);
}

std::optional<Result<void>> CommitThread::write_synced(WriteBatch& batch) {
  const std::size_t bytes = RocksWriter::encoded_bytes(batch);
  Result<void> outcome;
  std::binary_semaphore answered(0);
  bool notify = false;
  {
    std::scoped_lock lock(mutex_);
    if (stopping_ || !has_room(bytes)) return std::nullopt;
    notify = queue_.empty();
    const auto wake_caller = [&outcome, &answered](Result<void> result) {
      outcome = std::move(result);
      answered.release();
    };
    queue_.push_back({std::move(batch), Durability::sync, wake_caller, true});
    ++waiting_batches_;
    waiting_bytes_ += bytes;
  }
  if (notify) changed_.notify_one();
  answered.acquire();
  return outcome;
}

void CommitThread::wake() {
  {
    std::scoped_lock lock(mutex_);
    look_at_health_ = true;
  }
  changed_.notify_one();
}

void CommitThread::stop() {
  std::scoped_lock stop_lock(stop_mutex_);
  {
    std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void CommitThread::run() {
  std::vector<Waiting> work;
  while (take(work)) {
    for (std::size_t next = 0; next < work.size();) next = commit_group(work, next);
    work.clear();
    if (work.capacity() > kKeptWaiting) std::vector<Waiting>().swap(work);
    if (group_.GetDataSize() > kKeptGroupBytes) group_ = rocksdb::WriteBatch();
  }
}

bool CommitThread::take(std::vector<Waiting>& work) {
  std::unique_lock lock(mutex_);
  const auto something = [this] { return !queue_.empty() || stopping_ || look_at_health_; };
  if (writer_.health().needs_recovery() && !stopping_) {
    const bool idle = !changed_.wait_for(lock, options_.recovery_interval, something);
    if (idle || ++rounds_since_look_ >= kRoundsBetweenLooks) look_at_health_ = true;
  } else {
    changed_.wait(lock, something);
  }
  if (std::exchange(look_at_health_, false) && !stopping_) {
    rounds_since_look_ = 0;
    lock.unlock();
    writer_.health().try_recover();
    lock.lock();
  }
  work.swap(queue_);
  return !work.empty() || !stopping_;
}

std::size_t CommitThread::commit_group(std::vector<Waiting>& work, std::size_t first) {
  Answers answers;
  Answers in_place;
  answers.reserve(work.size() - first);
  group_.Clear();
  std::size_t bytes = 0;
  std::size_t written_bytes = 0;
  bool sync = false;
  std::size_t next = first;
  std::vector<const WriteBatch*> appended;
  for (; next < work.size(); ++next) {
    Waiting& waiting = work[next];
    const std::size_t size = RocksWriter::encoded_bytes(waiting.batch);
    if (next > first && bytes + size > options_.group_bytes) break;
    bytes += size;
    if (std::optional<Error> refusal = writer_.refusal(waiting.batch, false)) {
      (waiting.in_place ? in_place : answers).emplace_back(std::move(waiting.done), fail(*std::move(refusal)));
      continue;
    }
    writer_.append(waiting.batch, group_);
    appended.push_back(&waiting.batch);
    written_bytes += waiting.batch.size_bytes();
    sync = sync || waiting.durability == Durability::sync;
    (waiting.in_place ? in_place : answers).emplace_back(std::move(waiting.done), Result<void>());
  }

  // An empty group is still written when its sync is asked for.
  Result<void> written;
  if (group_.Count() > 0 || sync) {
    groups_.fetch_add(1, std::memory_order_relaxed);
    batches_.fetch_add(answers.size() + in_place.size(), std::memory_order_relaxed);
    written = writer_.apply(group_, written_bytes, sync);
    if (!written) {
      for (Answers* all : {&answers, &in_place}) {
        for (auto& [done, result] : *all) {
          if (result) result = written;
        }
      }
    }
  }
  for (const WriteBatch* batch : appended) writer_.settle(*batch, written.has_value());
  {
    std::scoped_lock lock(mutex_);
    waiting_batches_ -= next - first;
    waiting_bytes_ -= bytes;
  }
  for (auto& [done, result] : in_place) done(std::move(result));
  if (!answers.empty()) answer(std::move(answers));
  return next;
}

void CommitThread::answer(Answers answers) {
  options_.completion_executor([answers = std::move(answers)]() mutable {
    for (auto& [done, result] : answers) done(std::move(result));
  });
}

void CommitThread::refuse(WriteDone done, ErrorCode code, std::string message) {
  Answers answers;
  answers.emplace_back(std::move(done), fail(code, std::move(message)));
  answer(std::move(answers));
}

}  // namespace latium::internal
