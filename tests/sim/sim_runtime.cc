#include "tests/sim/sim_runtime.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace latium::sim {

namespace {

constexpr std::int64_t kMillion = 1'000'000;
constexpr std::size_t kPoolQueue = 4096;
// 2024-01-01, so that wall clocks show plausible times.
constexpr Duration kWallEpoch = std::chrono::seconds(1'704'067'200);
constexpr double kSiteActive = 0.25;
constexpr double kSiteFires = 0.25;

Duration scale(Duration duration, std::int64_t numerator, std::int64_t denominator, bool round_up) {
  const __int128 product = static_cast<__int128>(duration.count()) * numerator;
  const __int128 rounded = round_up ? (product + denominator - 1) / denominator : product / denominator;
  return Duration(static_cast<std::int64_t>(rounded));
}

}  // namespace

SimClock::SimClock(Simulation& simulation, Random random)
    : simulation_(simulation),
      changed_at_(simulation.now()),
      local_at_change_(std::chrono::milliseconds(random.between(1, 1'000'000'000))),
      wall_offset_(kWallEpoch + std::chrono::milliseconds(random.between(-250, 250))) {}

Duration SimClock::local_elapsed() const {
  return local_at_change_ + scale(simulation_.now() - changed_at_, kMillion + drift_ppm_, kMillion, false);
}

MonotonicTime SimClock::monotonic_now() const {
  return MonotonicTime(local_elapsed());
}

std::uint64_t SimClock::wall_ms() const {
  const Duration wall = std::max(simulation_.now() + wall_offset_, Duration(0));
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(wall).count());
}

void SimClock::set_drift_ppm(std::int64_t ppm) {
  LATIUM_CHECK(ppm > -kMillion, "a clock does not run backwards");
  local_at_change_ = local_elapsed();
  changed_at_ = simulation_.now();
  drift_ppm_ = ppm;
}

Duration SimClock::virtual_time_of(MonotonicTime at) const {
  const Duration local = at.time_since_epoch() - local_at_change_;
  if (local <= Duration(0)) return changed_at_;
  return changed_at_ + scale(local, kMillion, kMillion + drift_ppm_, true);
}

void Gate::enter(std::move_only_function<void()> callback) {
  if (dead_) return;
  if (paused_) {
    held_.push_back(std::move(callback));
    return;
  }
  callback();
}

void Gate::resume() {
  paused_ = false;
  // A callback may pause or kill again.
  while (!paused_ && !held_.empty()) {
    auto callback = std::move(held_.front());
    held_.pop_front();
    callback();
  }
}

void Gate::kill() {
  dead_ = true;
  paused_ = false;
  held_.clear();
}

SimTimers::~SimTimers() {
  for (auto& [id, timer] : timers_) simulation_.cancel(timer.event);
}

TimerId SimTimers::schedule(MonotonicTime at, std::move_only_function<void()> callback) {
  const std::uint64_t id = next_id_++;
  Timer& timer = timers_.emplace(id, Timer{at, {}, std::move(callback)}).first->second;
  if (!gate_.dead()) arm(id, timer);
  return TimerId{id};
}

void SimTimers::arm(std::uint64_t id, Timer& timer) {
  // Centuries away is never: kNever and its neighbours would overflow.
  constexpr Duration kHorizon = std::chrono::hours(24 * 365 * 100);
  if (timer.at.time_since_epoch() > kHorizon) return;
  timer.event =
      simulation_.schedule(clock_.machine().virtual_time_of(timer.at), [this, id] { gate_.enter([this, id] { fire(id); }); });
}

void SimTimers::cancel(TimerId id) {
  const auto found = timers_.find(id.value);
  if (found == timers_.end()) return;
  simulation_.cancel(found->second.event);
  timers_.erase(found);
}

void SimTimers::fire(std::uint64_t id) {
  const auto found = timers_.find(id);
  if (found == timers_.end()) return;
  if (clock_.monotonic_now() < found->second.at) {  // the clock has slowed down since
    arm(id, found->second);
    return;
  }
  auto node = timers_.extract(found);
  node.mapped().callback();
}

bool SimTimers::fire_next() {
  LATIUM_CHECK(gate_.dead(), "only the dead are out of time");
  // Ties in order of scheduling, as the map is in order of ids.
  const auto next =
      std::min_element(timers_.begin(), timers_.end(), [](const auto& a, const auto& b) { return a.second.at < b.second.at; });
  if (next == timers_.end()) return false;
  auto node = timers_.extract(next);
  simulation_.cancel(node.mapped().event);
  clock_.leap_to(node.mapped().at);
  node.mapped().callback();
  return true;
}

Result<void> SimPool::submit(std::move_only_function<void()> work) {
  if (gate_.dead()) return fail(ErrorCode::cancelled, "the node is stopping");
  if (waiting_ >= queue_limit_) return fail(ErrorCode::overloaded, "too many disk reads wait: retry with backoff");
  ++waiting_;
  const Duration delay =
      std::chrono::microseconds(random_.chance(0.01) ? random_.between(1'000, 50'000) : random_.between(20, 500));
  timers_.schedule(saturating_add(clock_.monotonic_now(), delay), [this, work = std::move(work)]() mutable {
    --waiting_;
    work();
  });
  return {};
}

void SimEventSink::emit(Severity severity, std::string_view name, std::initializer_list<Field> fields) {
  if (gate_.dead()) return;
  std::string line = process_ + ' ' + std::string(name);
  for (const Field& field : fields) line.append(1, ' ').append(field.name).append(1, '=').append(field.value);
  simulation_.trace("event", line);
  if (severity == Severity::error) simulation_.fail_run("error event: " + line);
}

bool SimFaultPoints::fires(std::string_view site) {
  if (!enabled_) return false;
  auto found = active_.find(site);
  if (found == active_.end()) {
    const bool active = simulation_.random().fork("fault points").fork(site).chance(kSiteActive);
    found = active_.emplace(site, active).first;
  }
  return found->second && random_.chance(kSiteFires);
}

SimRuntime::SimRuntime(Simulation& simulation, SimClock& clock, const std::string& process)
    : clock_(clock),
      timers_(simulation, clock_, gate_),
      random_(simulation.random().fork("process").fork(process)),
      pool_(timers_, clock_, gate_, random_.fork("pool"), kPoolQueue),
      events_(simulation, gate_, process),
      faults_(simulation, random_.fork("faults")),
      runtime_{simulation.executor(), clock_, timers_, pool_, random_, events_, faults_} {}

}  // namespace latium::sim
