// Simulation: one thread, one io_context, virtual time, one seed. Everything that happens comes out of one ordered queue of
// events; between two events every coroutine runs until nothing is ready. The same seed gives the same trace.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "runtime/clock.h"
#include "runtime/task.h"

namespace latium::sim {

/// Names a scheduled event; 0 names none.
struct EventId {
  std::uint64_t value = 0;
};

/// What still has to end before time may go on, for instance a killed process. Called whenever nothing is ready.
class Reapable {
 public:
  virtual ~Reapable() = default;
  enum class Progress { done, moved, stuck };
  /// `moved`: did something that may have made coroutines ready. `stuck`: can do nothing more by itself.
  virtual Progress reap() = 0;
  virtual std::string describe() const = 0;
};

class Simulation {
 public:
  struct Options {
    /// Gets one line for each trace record; null = none.
    std::function<void(std::string_view)> trace_line;
    /// Handlers that may run without time moving before the run fails as a livelock.
    std::uint64_t livelock_limit = 5'000'000;
  };

  explicit Simulation(std::uint64_t seed) : Simulation(seed, Options()) {}
  Simulation(std::uint64_t seed, Options options);
  /// Processes and tasks are gone before.
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  std::uint64_t seed() const { return seed_; }
  /// The generator to fork from: `random().fork("purpose")`.
  const Random& random() const { return random_; }
  Executor executor() { return context_.get_executor(); }
  /// Virtual time since the start of the run.
  Duration now() const { return now_; }

  /// Runs `callback` at `at` (now, when that is past), after everything that is ready. Equal times: in order of scheduling.
  EventId schedule(Duration at, std::move_only_function<void()> callback);
  EventId after(Duration delay, std::move_only_function<void()> callback) { return schedule(now_ + delay, std::move(callback)); }
  /// An event that ran, or none: nothing happens.
  void cancel(EventId id);

  /// Runs everything up to and including `end`, then sets the time to it. False when the run has failed.
  bool run_until(Duration end);
  bool run_for(Duration duration) { return run_until(now_ + duration); }
  /// Runs until `condition()` holds, looking after each event; false when it does not by `limit`, or the run failed.
  bool run_until(const std::function<bool()>& condition, Duration limit);
  /// Runs what is ready without moving time.
  void settle();

  /// Runs `task` to its end and returns its result; the run fails and `deadline_exceeded` comes back when it does not end
  /// within `limit`; then the task is cancelled. For tests.
  template <class T>
  Result<T> run(Task<T> task, Duration limit = std::chrono::hours(1));

  /// Folds a record into the trace hash, as every event is by its time and number. `what`: constant text.
  void trace(std::string_view what, std::string_view details = {});
  std::uint64_t trace_hash() const { return trace_hash_; }

  /// Marks the run as failed; the first text is kept. The loop stops at the next event.
  void fail_run(std::string text);
  bool failed() const { return failure_.has_value(); }
  const std::string& failure() const { return *failure_; }

  /// Time stands still until `reapable` says that it is done.
  void reap(std::shared_ptr<Reapable> reapable) { reaping_.push_back(std::move(reapable)); }

  std::uint64_t events_run() const { return events_run_; }

 private:
  using Key = std::pair<Duration, std::uint64_t>;

  void run_ready();
  bool reap_round();
  bool run_next(Duration end);

  const std::uint64_t seed_;
  Options options_;
  Random random_;
  boost::asio::io_context context_;
  Duration now_{0};
  std::uint64_t next_id_ = 1;
  std::map<Key, std::move_only_function<void()>> queue_;
  std::map<std::uint64_t, Duration> times_;
  std::vector<std::shared_ptr<Reapable>> reaping_;
  std::uint64_t trace_hash_;
  std::uint64_t events_run_ = 0;
  std::uint64_t handlers_at_this_time_ = 0;
  std::optional<std::string> failure_;
};

}  // namespace latium::sim

#include "tests/sim/simulation_run.h"
