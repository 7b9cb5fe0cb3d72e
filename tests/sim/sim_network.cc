#include "tests/sim/sim_network.h"

#include <algorithm>
#include <utility>

namespace latium::sim {

HostId SimNetwork::add_host(const std::string& site) {
  sites_.push_back(site);
  return static_cast<HostId>(sites_.size() - 1);
}

void SimNetwork::isolate(HostId host) {
  for (HostId other = 0; other < sites_.size(); ++other) {
    if (other != host) cut_both(host, other);
  }
}

void SimNetwork::halves(const std::vector<HostId>& one, const std::vector<HostId>& other) {
  for (const HostId a : one) {
    for (const HostId b : other) cut_both(a, b);
  }
}

void SimNetwork::bridge(const std::vector<HostId>& one, HostId bridge, const std::vector<HostId>& other) {
  for (const HostId a : one) {
    for (const HostId b : other) {
      if (a != bridge && b != bridge) cut_both(a, b);
    }
  }
}

void SimNetwork::ring(const std::vector<HostId>& order) {
  const std::size_t n = order.size();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      if (j - i != 1 && j - i != n - 1) cut_both(order[i], order[j]);
    }
  }
}

void SimNetwork::isolate_site(const std::string& site) {
  for (HostId a = 0; a < sites_.size(); ++a) {
    for (HostId b = 0; b < sites_.size(); ++b) {
      if (sites_[a] == site && sites_[b] != site) cut_both(a, b);
    }
  }
}

void SimNetwork::unclog(HostId from, HostId to) {
  const Path path(from, to);
  if (clogged_.erase(path) == 0) return;
  const auto found = held_.find(path);
  if (found == held_.end()) return;
  auto messages = std::move(found->second);
  held_.erase(found);
  for (Message& message : messages) {
    simulation_.after(Duration(0), [this, path, message = std::move(message)]() mutable { arrive(path, std::move(message)); });
  }
}

void SimNetwork::unclog_all() {
  while (!clogged_.empty()) {
    const Path path = *clogged_.begin();
    unclog(path.first, path.second);
  }
}

void SimNetwork::reset(HostId a, HostId b) {
  simulation_.trace("reset", std::to_string(a) + ' ' + std::to_string(b));
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ends;
  for (const auto& [one_number, one] : transports_) {
    for (const auto& [other_number, other] : transports_) {
      if (one->host() == a && other->host() == b) ends.emplace_back(one_number, other_number);
    }
  }
  for (const auto& [one, other] : ends) {
    enter(one, [other](SimTransport& transport) { transport.peer_gone(other); });
    enter(other, [one](SimTransport& transport) { transport.peer_gone(one); });
  }
}

SimTransport* SimNetwork::find(std::uint64_t transport) const {
  const auto found = transports_.find(transport);
  return found == transports_.end() ? nullptr : found->second;
}

void SimNetwork::enter(std::uint64_t number, std::move_only_function<void(SimTransport&)> action) {
  SimTransport* transport = find(number);
  if (transport == nullptr) return;
  transport->runtime_.gate().enter([this, number, action = std::move(action)]() mutable {
    if (SimTransport* still_there = find(number)) action(*still_there);
  });
}

Duration SimNetwork::delay(HostId from, HostId to) {
  Duration low = options_.lan_min;
  Duration high = options_.lan_max;
  if (sites_[from] != sites_[to]) {
    const auto pair = std::minmax(sites_[from], sites_[to]);
    const auto [base, is_new] = wan_base_.try_emplace({pair.first, pair.second});
    if (is_new) base->second = Duration(random_.between(options_.wan_min.count(), options_.wan_max.count()));
    low = base->second;
    high = base->second + base->second / 5;
  }
  Duration result(random_.between(low.count(), high.count()));
  if (random_.chance(options_.tail)) {
    result =
        Duration(static_cast<std::int64_t>(static_cast<double>(result.count()) * (1 + random_.unit() * options_.tail_factor)));
  }
  return result;
}

Duration SimNetwork::dead_after() {
  return Duration(random_.between(options_.dead_after_min.count(), options_.dead_after_max.count()));
}

void SimNetwork::send(HostId from, HostId to, std::string_view kind, std::uint64_t digest, bool may_lose,
                      std::move_only_function<void()> deliver, std::move_only_function<void()> lost, Duration extra) {
  const Path path(from, to);
  const bool vanishes = !passes(from, to) || (may_lose && random_.chance(options_.loss));
  simulation_.trace(vanishes ? "lose" : "send",
                    std::string(kind) + ' ' + std::to_string(from) + ' ' + std::to_string(to) + ' ' + std::to_string(digest));
  if (vanishes) return lost();
  Duration arrival = simulation_.now() + delay(from, to) + extra;
  if (extra == Duration(0)) {
    Duration& last = last_arrival_[path];
    if (!random_.chance(options_.reordering)) arrival = std::max(arrival, last);
    last = std::max(arrival, last);
  }
  simulation_.schedule(arrival, [this, path, message = Message{kind, std::move(deliver), std::move(lost)}]() mutable {
    arrive(path, std::move(message));
  });
}

void SimNetwork::arrive(Path path, Message message) {
  if (clogged_.contains(path)) {
    held_[path].push_back(std::move(message));
    return;
  }
  const bool passes_now = passes(path.first, path.second);
  simulation_.trace(passes_now ? "deliver" : "lose",
                    std::string(message.kind) + ' ' + std::to_string(path.first) + ' ' + std::to_string(path.second));
  passes_now ? message.deliver() : message.lost();
}

SimTransport* SimNetwork::listener(const Address& address) const {
  const auto found = listeners_.find(address);
  return found == listeners_.end() ? nullptr : found->second;
}

}  // namespace latium::sim
