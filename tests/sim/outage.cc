#include "tests/sim/outage.h"

#include <algorithm>
#include <utility>

#include "store/memory_engine.h"

namespace latium::sim {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

Outage::Outage(Simulation& simulation, SimNetwork& network, std::vector<SimHost*> nodes, std::function<void(Duration)> set_pause)
    : simulation_(simulation),
      network_(network),
      nodes_(std::move(nodes)),
      set_pause_(std::move(set_pause)),
      random_(simulation.random().fork("outage")) {}

bool Outage::play() {
  const std::string site = network_.site(nodes_[random_.below(nodes_.size())]->id());
  const Duration end = simulation_.now() + minutes(random_.between(6 * 60, 72 * 60));
  if (random_.chance(0.5)) unlucky_ = nodes_[random_.below(nodes_.size())];
  simulation_.trace("outage", site);
  network_.isolate_site(site);
  set_pause_(minutes(20));
  while (simulation_.now() < end) {
    const Duration quiet = minutes(random_.between(5, 180));
    if (!simulation_.run_until(std::min(end, simulation_.now() + quiet))) return false;
    strike();
  }
  simulation_.trace("outage ends");
  network_.heal();
  for (SimHost* host : nodes_) {
    host->clock().jump_wall(-std::exchange(jumped_[host], Duration(0)));
    host->resume();
    start(*host);
  }
  set_pause_(seconds(2));
  // Clients notice the end of their long pause within a minute.
  return simulation_.run_for(minutes(2));
}

void Outage::strike() {
  SimHost& host = *nodes_[random_.below(nodes_.size())];
  switch (random_.below(4)) {
    case 0: {
      const Duration jump = minutes(random_.between(-360, 360));
      host.clock().jump_wall(jump);
      jumped_[&host] += jump;
      break;
    }
    case 1:
      if (!host.running()) break;
      host.kill(random_.chance(0.5) ? Crash::machine : Crash::process);
      if (unlucky_ == &host) {
        lose_buckets(host);
        unlucky_ = nullptr;
      }
      simulation_.after(seconds(random_.between(1, 7200)), [this, &host, alive = std::weak_ptr(alive_)] {
        if (!alive.expired()) start(host);
      });
      break;
    case 2:
      host.pause();
      simulation_.after(seconds(random_.between(1, 1800)), [&host] { host.resume(); });
      break;
    default:
      break;
  }
}

void Outage::start(SimHost& host) {
  if (host.running()) return;
  if (const auto started = host.start(); !started) simulation_.fail_run(host.name() + ": " + started.error().message);
}

void Outage::lose_buckets(SimHost& host) {
  simulation_.trace("buckets lost", host.name());
  MemoryEngine::Options options;
  options.completion = [](std::move_only_function<void()>) {};
  auto engine = MemoryEngine::open(host.disk(), options);
  LATIUM_CHECK(engine.has_value(), "a healthy disk opens");
  WriteBatch batch;
  for (const Family family : {Family::data, Family::hints, Family::trees, Family::expiring}) {
    batch.remove_range(family, "", Bytes(32, '\xff'));
  }
  LATIUM_CHECK((*engine)->write(std::move(batch), Durability::sync).has_value(), "and takes writes");
  LATIUM_CHECK((*engine)->close().has_value(), "and closes");
}

}  // namespace latium::sim
