#include "tests/sim/simulation.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/hash.h"

namespace latium::sim {

Simulation::Simulation(std::uint64_t seed, Options options)
    : seed_(seed), options_(std::move(options)), random_(seed), context_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE), trace_hash_(seed) {}

Simulation::~Simulation() {
  // Callbacks may own parts of processes whose destructors cancel events: let them go while the maps are whole.
  LATIUM_CHECK(reaping_.empty(), "a simulation died before its processes");
  auto rest = std::exchange(queue_, {});
  rest.clear();
}

EventId Simulation::schedule(Duration at, std::move_only_function<void()> callback) {
  at = std::max(at, now_);
  const std::uint64_t id = next_id_++;
  queue_.emplace(Key(at, id), std::move(callback));
  times_.emplace(id, at);
  return EventId{id};
}

void Simulation::cancel(EventId id) {
  const auto found = times_.find(id.value);
  if (found == times_.end()) return;
  const auto node = queue_.extract(Key(found->second, id.value));
  times_.erase(found);
}

void Simulation::run_ready() {
  for (;;) {
    if (context_.stopped()) context_.restart();
    if (context_.poll_one() == 0) return;
    if (++handlers_at_this_time_ > options_.livelock_limit) {
      fail_run("livelock: handlers run for ever while time stands still");
      handlers_at_this_time_ = 0;
      return;
    }
  }
}

bool Simulation::reap_round() {
  bool moved = false;
  for (std::size_t i = 0; i < reaping_.size();) {
    const auto reapable = reaping_[i];
    switch (reapable->reap()) {
      case Reapable::Progress::done:
        reaping_.erase(reaping_.begin() + static_cast<std::ptrdiff_t>(i));
        moved = true;
        continue;
      case Reapable::Progress::moved:
        moved = true;
        break;
      case Reapable::Progress::stuck:
        break;
    }
    ++i;
  }
  return moved;
}

void Simulation::settle() {
  // Also in a run that has failed: processes must end before they can be destroyed.
  do {
    run_ready();
  } while (!reaping_.empty() && reap_round());
  if (!reaping_.empty()) fail_run("stuck after it was killed: " + reaping_.front()->describe());
}

bool Simulation::run_next(Duration end) {
  settle();
  if (failed() || queue_.empty() || queue_.begin()->first.first > end) return false;
  auto node = queue_.extract(queue_.begin());
  times_.erase(node.key().second);
  if (node.key().first != now_) handlers_at_this_time_ = 0;
  now_ = node.key().first;
  const std::uint64_t event[] = {static_cast<std::uint64_t>(now_.count()), node.key().second};
  trace_hash_ = xxh3_64(BytesView(reinterpret_cast<const char*>(event), sizeof event), trace_hash_);
  ++events_run_;
  ++handlers_at_this_time_;
  if (handlers_at_this_time_ > options_.livelock_limit) {
    fail_run("livelock: events run for ever while time stands still");
    handlers_at_this_time_ = 0;
    return false;
  }
  node.mapped()();
  return true;
}

bool Simulation::run_until(Duration end) {
  while (run_next(end)) {
  }
  if (failed()) return false;
  now_ = std::max(now_, end);
  return true;
}

bool Simulation::run_until(const std::function<bool()>& condition, Duration limit) {
  for (;;) {
    settle();
    if (failed()) return false;
    if (condition()) return true;
    if (!run_next(limit)) {
      if (!failed()) now_ = std::max(now_, limit);
      return !failed() && condition();
    }
  }
}

void Simulation::trace(std::string_view what, std::string_view details) {
  Bytes record;
  record.reserve(10 + what.size() + details.size());
  put_u64(record, static_cast<std::uint64_t>(now_.count()));
  record.append(what).push_back(' ');
  record.append(details);
  trace_hash_ = xxh3_64(record, trace_hash_);
  if (options_.trace_line) {
    options_.trace_line(std::to_string(now_.count()) + ' ' + std::string(what) + ' ' + std::string(details));
  }
}

void Simulation::fail_run(std::string text) {
  if (failure_) return;
  trace("failed", text);
  failure_ = std::move(text);
}

}  // namespace latium::sim
