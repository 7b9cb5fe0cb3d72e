// SimRuntime: the Runtime of one simulated process. Its clock drifts and jumps with the host's, its generator is a fork of
// the run's, its pool runs on the loop after a delay, its fault points are live. A gate between the simulation and the process
// holds everything back while the process is paused, and cuts its effects off once it is dead.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "runtime/runtime.h"
#include "tests/sim/simulation.h"

namespace latium::sim {

/// The clock of a machine: outlives its processes.
class SimClock final : public Clock {
 public:
  /// Draws where both clocks start.
  SimClock(Simulation& simulation, Random random);

  MonotonicTime monotonic_now() const override;
  std::uint64_t wall_ms() const override;

  /// How much faster than virtual time the monotonic clock runs from now on, in millionths; above -1'000'000.
  void set_drift_ppm(std::int64_t ppm);
  /// Moves the wall clock, either way.
  void jump_wall(Duration delta) { wall_offset_ += delta; }
  /// The first virtual time at which monotonic_now() reaches `at`, if the drift stays.
  Duration virtual_time_of(MonotonicTime at) const;

 private:
  Duration local_elapsed() const;

  Simulation& simulation_;
  std::int64_t drift_ppm_ = 0;
  Duration changed_at_{0};       // virtual time of the last change of drift
  Duration local_at_change_{0};  // local time then
  Duration wall_offset_{0};
};

/// Between the simulation and one process.
class Gate {
 public:
  /// Runs `callback` now, at resume(), or never.
  void enter(std::move_only_function<void()> callback);
  void pause() { paused_ = true; }
  void resume();
  void kill();
  bool dead() const { return dead_; }
  bool paused() const { return paused_; }

 private:
  bool paused_ = false;
  bool dead_ = false;
  std::deque<std::move_only_function<void()>> held_;
};

/// The machine's clock as a process sees it. It leaps ahead when a dead process is made to end (see SimTimers::fire_next).
class ProcessClock final : public Clock {
 public:
  explicit ProcessClock(const SimClock& machine) : machine_(machine) {}
  MonotonicTime monotonic_now() const override { return machine_.monotonic_now() + ahead_; }
  std::uint64_t wall_ms() const override { return machine_.wall_ms(); }
  void leap_to(MonotonicTime at) {
    if (at != kNever && at > monotonic_now()) ahead_ = at - machine_.monotonic_now();
  }
  const SimClock& machine() const { return machine_; }

 private:
  const SimClock& machine_;
  Duration ahead_{0};
};

class SimTimers final : public Timers {
 public:
  SimTimers(Simulation& simulation, ProcessClock& clock, Gate& gate) : simulation_(simulation), clock_(clock), gate_(gate) {}
  ~SimTimers() override;
  TimerId schedule(MonotonicTime at, std::move_only_function<void()> callback) override;
  void cancel(TimerId id) override;
  /// Dead processes only: runs the earliest timer at once, whatever its time, so that what waits for it ends. False when
  /// there is none.
  bool fire_next();

 private:
  struct Timer {
    MonotonicTime at;
    EventId event;
    std::move_only_function<void()> callback;
  };
  void arm(std::uint64_t id, Timer& timer);
  void fire(std::uint64_t id);

  Simulation& simulation_;
  ProcessClock& clock_;
  Gate& gate_;
  std::uint64_t next_id_ = 1;
  std::map<std::uint64_t, Timer> timers_;
};

/// Blocking work, on the loop after a drawn delay; never inline.
class SimPool final : public BlockingPool {
 public:
  SimPool(SimTimers& timers, const Clock& clock, Gate& gate, Random random, std::size_t queue_limit)
      : timers_(timers), clock_(clock), gate_(gate), random_(random), queue_limit_(queue_limit) {}
  Result<void> submit(std::move_only_function<void()> work) override;

 private:
  SimTimers& timers_;
  const Clock& clock_;
  Gate& gate_;
  Random random_;
  std::size_t queue_limit_;
  std::size_t waiting_ = 0;
};

/// Events go into the trace; one of severity error fails the run.
class SimEventSink final : public EventSink {
 public:
  SimEventSink(Simulation& simulation, const Gate& gate, std::string process)
      : simulation_(simulation), gate_(gate), process_(std::move(process)) {}
  bool enabled(Severity) const override { return true; }
  void emit(Severity severity, std::string_view name, std::initializer_list<Field> fields) override;

 private:
  Simulation& simulation_;
  const Gate& gate_;
  std::string process_;
};

/// A quarter of the sites is active in a run, the same in all its processes; an active one fires a quarter of the time.
class SimFaultPoints final : public FaultPoints {
 public:
  SimFaultPoints(const Simulation& simulation, Random random) : simulation_(simulation), random_(random) {}
  bool fires(std::string_view site) override;
  void set_enabled(bool enabled) { enabled_ = enabled; }

 private:
  const Simulation& simulation_;
  Random random_;
  bool enabled_ = false;
  std::map<std::string, bool, std::less<>> active_;
};

/// Owns the parts. Loop thread only.
class SimRuntime {
 public:
  /// `process`: names it in the trace and seeds its generator; unique in the run. `clock` outlives it.
  SimRuntime(Simulation& simulation, SimClock& clock, const std::string& process);

  Runtime& runtime() { return runtime_; }
  Gate& gate() { return gate_; }
  SimTimers& timers() { return timers_; }
  SimFaultPoints& faults() { return faults_; }

 private:
  Gate gate_;
  ProcessClock clock_;
  SimTimers timers_;
  Random random_;
  SimPool pool_;
  SimEventSink events_;
  SimFaultPoints faults_;
  Runtime runtime_;
};

}  // namespace latium::sim
