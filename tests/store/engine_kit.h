// What the tests of the engines share: directories that vanish, an executor, events that can be waited for, short forms.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/rocks_engine.h"
#include "tests/support/temp_directory.h"

namespace latium::testing {

/// The loop of a test: closures wait here until the test's thread runs them.
class Completions {
 public:
  CompletionExecutor executor() {
    return [this](std::move_only_function<void()> closure) {
      std::scoped_lock lock(mutex_);
      closures_.push_back(std::move(closure));
      changed_.notify_one();
    };
  }

  /// Runs closures, waiting for more, until `done()`.
  template <class Done>
  void run_until(Done done) {
    while (!done()) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !closures_.empty(); });
      std::move_only_function<void()> closure = std::move(closures_.front());
      closures_.pop_front();
      ++closures_run_;
      lock.unlock();
      closure();
    }
  }

  std::size_t closures_run() const { return closures_run_; }

  /// submit() and its answer.
  Result<void> submit(Engine& engine, WriteBatch batch, Durability durability) {
    std::optional<Result<void>> answer;
    engine.submit(std::move(batch), durability, [&answer](Result<void> result) { answer.emplace(std::move(result)); });
    EXPECT_FALSE(answer.has_value()) << "answered inline";
    run_until([&answer] { return answer.has_value(); });
    return std::move(*answer);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::move_only_function<void()>> closures_;
  std::size_t closures_run_ = 0;
};

/// Keeps events.
class RecordedEvents final : public EventSink {
 public:
  bool enabled(Severity) const override { return true; }
  void emit(Severity severity, std::string_view name, std::initializer_list<Field> fields) override {
    std::string text(name);
    for (const Field& field : fields) text += " " + std::string(field.name) + "=" + field.value;
    std::scoped_lock lock(mutex_);
    events_.emplace_back(severity, std::move(text));
    changed_.notify_all();
  }

  /// Blocks until an event of this name was there `times` times.
  void wait_for(std::string_view name, std::size_t times = 1) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return count(name) >= times; });
  }
  bool seen(std::string_view name) {
    std::scoped_lock lock(mutex_);
    return count(name) > 0;
  }

 private:
  std::size_t count(std::string_view name) const {
    std::size_t found = 0;
    for (const auto& [severity, text] : events_) found += text.starts_with(name) ? 1 : 0;
    return found;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<Severity, std::string>> events_;
};

inline WriteBatch put_batch(BytesView key, BytesView value, Family family = Family::data) {
  WriteBatch batch;
  batch.put(family, key, value);
  return batch;
}
inline WriteBatch remove_batch(BytesView key, Family family = Family::data) {
  WriteBatch batch;
  batch.remove(family, key);
  return batch;
}

/// The value, "(absent)", or the error's text.
inline std::string read_text(const Result<ReadResult>& result) {
  if (!result) return std::string(to_string(result.error().code)) + ": " + result.error().message;
  if (result->presence == Presence::not_cached) return "(not cached)";
  return result->presence == Presence::found ? result->value : "(absent)";
}
inline std::string get_text(Engine& engine, BytesView key, Family family = Family::data, const Snapshot* snapshot = nullptr) {
  return read_text(engine.get(family, key, ReadMode::may_block, snapshot));
}

using Entries = std::vector<std::pair<Bytes, Bytes>>;

/// Every entry of the range, which must be readable.
inline Entries scan_all(Engine& engine, Family family, KeyRange range = {}, const Snapshot* snapshot = nullptr) {
  Entries entries;
  auto cursor = engine.scan(family, std::move(range), snapshot);
  EXPECT_TRUE(cursor.has_value());
  if (!cursor) return entries;
  for (; (*cursor)->valid(); (*cursor)->next()) entries.emplace_back((*cursor)->key(), (*cursor)->value());
  EXPECT_TRUE((*cursor)->status().has_value()) << (*cursor)->status().error().message;
  return entries;
}

/// For EXPECT_EQ: "ok", or code and certainty.
inline std::string outcome(const Result<void>& result) {
  if (result) return "ok";
  return std::string(to_string(result.error().code)) + "/" + std::string(to_string(result.error().certainty));
}
template <class T>
std::string code_of(const Result<T>& result) {
  return result ? "ok" : std::string(to_string(result.error().code));
}
template <class T>
std::string message_of(const Result<T>& result) {
  return result ? "" : result.error().message;
}

/// Small buffers, so that little data makes files.
inline RocksOptions small_rocks_options(std::string directory, CompletionExecutor executor) {
  RocksOptions options;
  options.directory = std::move(directory);
  options.completion_executor = std::move(executor);
  options.block_cache_bytes = std::size_t{1} << 20;
  options.write_buffer_bytes = std::size_t{64} << 10;
  options.reserve_bytes = std::size_t{64} << 10;
  options.recovery_interval = std::chrono::milliseconds(5);
  return options;
}

}  // namespace latium::testing
