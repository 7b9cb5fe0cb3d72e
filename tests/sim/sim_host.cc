#include "tests/sim/sim_host.h"

#include <boost/asio/cancellation_signal.hpp>
#include <utility>

#include "base/check.h"
#include "runtime/spawn.h"

namespace latium::sim {

/// One life of a process. After a kill the simulation keeps it until its coroutines have ended.
class SimHost::Incarnation final : public Reapable {
 public:
  Incarnation(SimHost& host, const std::string& name)
      : name_(name),
        runtime(host.simulation_, host.clock_, name),
        transport(host.network_, runtime, host.id_, host.options_.identity) {}

  void begin_stop(std::function<void()> then) {
    then_ = std::move(then);
    if (stopping_) return;
    stopping_ = true;
    start_task(runtime.runtime().executor, process->stop(), never_.slot(), [this](Result<void>) {
      stopped_ = true;
      if (then_) then_();
    });
  }

  Progress reap() override {
    if (stopped_) {
      process.reset();
      return Progress::done;
    }
    constexpr int kRounds = 100'000;
    return ++rounds_ < kRounds && runtime.timers().fire_next() ? Progress::moved : Progress::stuck;
  }

  std::string describe() const override { return name_ + ": a task ignores its cancel, or loops for ever"; }

 private:
  std::string name_;
  boost::asio::cancellation_signal never_;
  std::function<void()> then_;
  bool stopping_ = false;
  bool stopped_ = false;
  int rounds_ = 0;

 public:
  SimRuntime runtime;
  SimTransport transport;
  std::unique_ptr<MemoryEngine> engine;
  std::unique_ptr<Process> process;
};

SimHost::SimHost(Simulation& simulation, SimNetwork& network, Options options, ProcessFactory factory)
    : simulation_(simulation),
      network_(network),
      options_(std::move(options)),
      factory_(std::move(factory)),
      id_(network.add_host(options_.site)),
      random_(simulation.random().fork("host").fork(options_.name)),
      clock_(simulation, random_.fork("clock")) {}

SimHost::~SimHost() {
  kill(Crash::process);
  simulation_.settle();
}

Result<void> SimHost::start() {
  LATIUM_CHECK(incarnation_ == nullptr, "one process a host");
  simulation_.trace("start", options_.name);
  const std::string life = options_.name + '/' + std::to_string(++starts_);
  auto incarnation = std::make_shared<Incarnation>(*this, life);
  incarnation->runtime.faults().set_enabled(options_.fault_points);
  MemoryEngine::Options engine_options = options_.engine;
  engine_options.runtime = &incarnation->runtime.runtime();
  engine_options.seed = random_.fork("engine").fork(life).next();
  LATIUM_TRY(incarnation->engine, MemoryEngine::open(disk_, std::move(engine_options)));
  incarnation->process = factory_(NodeSeams{incarnation->runtime.runtime(), incarnation->transport, *incarnation->engine});
  incarnation_ = std::move(incarnation);
  return {};
}

void SimHost::kill(Crash how) {
  if (!incarnation_) return;
  simulation_.trace(how == Crash::process ? "kill" : "power_cut", options_.name);
  const auto dead = std::exchange(incarnation_, nullptr);
  dead->runtime.gate().kill();
  dead->engine->abandon();
  dead->transport.kill(how == Crash::process);
  if (how == Crash::machine) {
    Random crash = random_.fork("crash").fork(std::to_string(starts_));
    disk_.crash(crash);
  }
  dead->begin_stop(nullptr);
  simulation_.reap(dead);
}

void SimHost::stop() {
  if (!incarnation_) return;
  simulation_.trace("stop", options_.name);
  incarnation_->begin_stop([this, life = std::weak_ptr(incarnation_)] {
    // Not here: this runs inside the last coroutine of the process.
    simulation_.after(Duration(0), [this, life] {
      const auto ended = life.lock();
      if (!ended || ended != incarnation_) return;
      incarnation_ = nullptr;
      ended->process.reset();
      if (const auto closed = ended->engine->close(); !closed) simulation_.trace("close_failed", closed.error().message);
      simulation_.trace("stopped", options_.name);
    });
  });
}

void SimHost::pause() {
  if (!incarnation_) return;
  simulation_.trace("pause", options_.name);
  incarnation_->runtime.gate().pause();
}

void SimHost::resume() {
  if (!incarnation_) return;
  simulation_.trace("resume", options_.name);
  incarnation_->runtime.gate().resume();
}

void SimHost::replace_disk() {
  LATIUM_CHECK(!running(), "stop or kill the process first");
  simulation_.trace("replace_disk", options_.name);
  disk_.wipe();
}

bool SimHost::paused() const {
  return incarnation_ != nullptr && incarnation_->runtime.gate().paused();
}

Process& SimHost::process() {
  LATIUM_CHECK(running());
  return *incarnation_->process;
}

Engine& SimHost::engine() {
  LATIUM_CHECK(running());
  return *incarnation_->engine;
}

SimTransport& SimHost::transport() {
  LATIUM_CHECK(running());
  return incarnation_->transport;
}

SimRuntime& SimHost::runtime() {
  LATIUM_CHECK(running());
  return incarnation_->runtime;
}

void SimHost::set_fault_points(bool enabled) {
  options_.fault_points = enabled;
  if (incarnation_) incarnation_->runtime.faults().set_enabled(enabled);
}

}  // namespace latium::sim
