#include "tests/sim/chaos.h"

#include <algorithm>
#include <utility>

namespace latium::sim {

using std::chrono::milliseconds;
using std::chrono::seconds;

ChaosOptions ChaosOptions::draw(Random random) {
  ChaosOptions options;
  if (random.chance(0.6)) options.loss = random.unit() * 0.3;
  if (random.chance(0.6)) options.duplication = random.unit() * 0.5;
  if (random.chance(0.6)) options.reordering = random.unit();
  if (random.chance(0.3)) options.reset = random.unit() * 0.02;
  options.partitions = random.chance(0.5);
  options.clogs = random.chance(0.4);
  options.kills = random.chance(0.75);
  options.pauses = random.chance(0.4);
  options.disks = random.chance(0.5);
  options.clocks = random.chance(0.4);
  options.fault_points = random.chance(0.5);
  options.interval_max = milliseconds(random.between(1'000, 15'000));
  return options;
}

Chaos::Chaos(Simulation& simulation, SimNetwork& network, std::vector<SimHost*> victims, ChaosOptions options)
    : simulation_(simulation),
      network_(network),
      victims_(std::move(victims)),
      options_(options),
      healthy_(network.options()),
      random_(simulation.random().fork("chaos")) {}

Chaos::~Chaos() {
  *active_ = false;
}

Duration Chaos::within(Duration low, Duration high) {
  return Duration(random_.between(low.count(), high.count()));
}

void Chaos::later(Duration delay, std::move_only_function<void()> action) {
  simulation_.after(delay, [active = active_, action = std::move(action)]() mutable {
    if (*active) action();
  });
}

SimHost& Chaos::victim() {
  return *victims_[random_.below(victims_.size())];
}

void Chaos::begin() {
  *active_ = true;
  network_.options().loss = options_.loss;
  network_.options().duplication = options_.duplication;
  network_.options().reordering = options_.reordering;
  network_.options().reset = options_.reset;
  for (SimHost* host : victims_) {
    host->set_fault_points(options_.fault_points);
    if (options_.clocks) host->clock().set_drift_ppm(random_.between(-50'000, 50'000));
  }
  next_fault();
}

void Chaos::next_fault() {
  later(within(milliseconds(100), options_.interval_max), [this] {
    strike();
    next_fault();
  });
}

void Chaos::strike() {
  using Fault = void (Chaos::*)();
  std::vector<Fault> faults;
  if (options_.partitions) faults.push_back(&Chaos::partition);
  if (options_.clogs) faults.push_back(&Chaos::clog);
  if (options_.kills) faults.push_back(&Chaos::kill);
  if (options_.pauses) faults.push_back(&Chaos::pause);
  if (options_.disks) faults.push_back(&Chaos::hurt_disk);
  if (options_.clocks) faults.push_back(&Chaos::disturb_clock);
  if (!faults.empty()) (this->*faults[random_.below(faults.size())])();
}

void Chaos::partition() {
  std::vector<HostId> order(network_.hosts());
  for (HostId i = 0; i < order.size(); ++i) order[i] = i;
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random_.below(i)]);
  const auto middle = order.begin() + static_cast<std::ptrdiff_t>(order.size() / 2);
  const std::uint64_t kind = random_.below(6);
  simulation_.trace("partition", std::to_string(kind));
  switch (kind) {
    case 0:
      network_.isolate(order.front());
      break;
    case 1:
      network_.halves({order.begin(), middle}, {middle, order.end()});
      break;
    case 2:
      network_.bridge({order.begin(), middle}, *middle, {middle, order.end()});
      break;
    case 3:
      network_.ring(order);
      break;
    case 4:
      network_.isolate_site(network_.site(order.front()));
      break;
    default:  // one way
      for (const HostId other : order) {
        if (other != order.front()) network_.cut(order.front(), other);
      }
      break;
  }
  later(within(milliseconds(50), seconds(20)), [this] { network_.heal(); });
}

void Chaos::clog() {
  // Swizzle: paths are clogged one by one and come back in another order.
  const std::uint64_t paths = 1 + random_.below(2 * network_.hosts());
  Duration at{0};
  for (std::uint64_t i = 0; i < paths; ++i) {
    const auto from = static_cast<HostId>(random_.below(network_.hosts()));
    const auto to = static_cast<HostId>(random_.below(network_.hosts()));
    if (from == to) continue;
    at += within(milliseconds(1), milliseconds(500));
    later(at, [this, from, to] { network_.clog(from, to); });
    later(at + within(milliseconds(10), seconds(10)), [this, from, to] { network_.unclog(from, to); });
  }
}

void Chaos::start(SimHost& host) {
  if (host.running()) return;
  if (const auto started = host.start(); !started) simulation_.fail_run(host.name() + ": " + started.error().message);
}

void Chaos::kill() {
  SimHost& host = victim();
  host.kill(random_.chance(0.5) ? Crash::machine : Crash::process);
  later(within(milliseconds(1), seconds(5)), [this, &host] { start(host); });
}

void Chaos::pause() {
  SimHost& host = victim();
  host.pause();
  later(within(milliseconds(10), seconds(15)), [&host] { host.resume(); });
}

void Chaos::hurt_disk() {
  SimHost& host = victim();
  DiskFaults faults;
  switch (random_.below(4)) {
    case 0:
      faults.read_error_rate = random_.unit() * 0.2;
      break;
    case 1:
      faults.capacity_bytes = host.disk().used_bytes() + random_.below(8192);
      break;
    case 2:
      faults.slow_sync_rate = random_.unit();
      break;
    default:
      faults.sync_error_rate = random_.unit() * 0.2;
      break;
  }
  host.disk().set_faults(faults);
  later(within(milliseconds(100), seconds(15)), [this, &host, broken = faults.sync_error_rate > 0] {
    host.disk().set_faults({});
    // An engine whose log sync failed takes writes again only after a restart.
    if (broken) {
      host.kill(Crash::process);
      start(host);
    }
  });
}

void Chaos::disturb_clock() {
  SimHost& host = victim();
  if (random_.chance(0.5)) {
    const Duration jump = std::chrono::minutes(random_.between(-360, 360));
    host.clock().jump_wall(jump);
    jumped_[&host] += jump;
  } else {
    host.clock().set_drift_ppm(random_.between(-50'000, 50'000));
  }
}

void Chaos::heal() {
  *active_ = false;
  simulation_.trace("heal");
  network_.options() = healthy_;
  network_.heal();
  network_.unclog_all();
  for (SimHost* host : victims_) {
    host->disk().set_faults({});
    host->set_fault_points(false);
    host->clock().set_drift_ppm(0);
    host->clock().jump_wall(-std::exchange(jumped_[host], Duration(0)));
    host->resume();
    if (host->running() && host->engine().health().state != EngineHealth::State::writable) host->kill(Crash::process);
    start(*host);
  }
}

}  // namespace latium::sim
