// A cluster of Swim cores over a network of its own: an event queue and nothing else, so that ten thousand nodes fit. One seed,
// one run.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/hash.h"
#include "ring/swim.h"
#include "tests/ring/swim_meter.h"

namespace latium::testing {

struct SwimWorldOptions {
  std::uint64_t seed = 1;
  std::size_t sites = 3;
  std::size_t nodes_per_site = 5;
  double loss = 0;  ///< of one message; a request and its answer are two
  SwimOptions swim;
};

class SwimWorld {
 public:
  /// Of the frame, TLS, TCP and IP around a message.
  static constexpr std::size_t kOverheadBytes = 60;
  /// Wall milliseconds, as real nodes have them: incarnations of six bytes.
  static constexpr std::uint64_t kFirstLife = 1'700'000'000'000;

  struct Node {
    NodeId id;
    std::size_t site = 0;
    std::unique_ptr<Swim> swim;
    bool alive = true;
    bool paused = false;
    std::uint64_t bytes_sent = 0;
    std::uint64_t messages_sent = 0;
    SwimMeter meter{};
    std::uint64_t life = 1;  // the next one's number
    MonotonicTime started{};
    MonotonicTime tick_at = kNever;
  };

  explicit SwimWorld(SwimWorldOptions options) : options_(options), random_(options.seed) {
    std::vector<SwimMember> members;
    for (std::size_t i = 0; i < options.sites * options.nodes_per_site; ++i) {
      const std::size_t site = i / options.nodes_per_site;
      nodes_.push_back({.id = NodeId{random_.next() | 1}, .site = site, .swim = nullptr});
      index_[nodes_.back().id] = i;
      members.push_back({nodes_.back().id, site_name(site)});
    }
    directory_ = std::make_shared<const SwimDirectory>(members);
    for (std::size_t i = 0; i < options.sites * options.sites; ++i) wan_base_us_.push_back(random_.between(5'000, 130'000));
    for (std::size_t i = 0; i < nodes_.size(); ++i) start(i);
  }

  static std::string site_name(std::size_t site) { return "site" + std::to_string(site); }
  std::size_t size() const { return nodes_.size(); }
  Node& node(std::size_t i) { return nodes_[i]; }
  const Node& node(std::size_t i) const { return nodes_[i]; }
  std::size_t index_of(NodeId id) const { return index_.at(id); }
  MonotonicTime now() const { return now_; }
  void set_loss(double loss) { options_.loss = loss; }
  /// Of messages to one node, above the others'.
  void set_loss_to(std::size_t node, double loss) { loss_to_[node] = loss; }
  void cut_link(std::size_t a, std::size_t b) { cut_links_.insert(std::minmax(a, b)); }
  void cut_node(std::size_t i) { cut_nodes_.insert(i); }
  void cut_site(std::size_t site) { cut_sites_.insert(site); }
  void heal() {
    cut_links_.clear();
    cut_nodes_.clear();
    cut_sites_.clear();
    loss_to_.clear();
  }

  void kill(std::size_t i) { nodes_[i].alive = false; }
  /// A new process of the same node, which knows nothing.
  void start(std::size_t i) {
    Node& node = nodes_[i];
    SwimOptions swim = options_.swim;
    swim.incarnation = kFirstLife + node.life++;
    node.alive = true;
    node.started = now_;
    node.swim = std::make_unique<Swim>(node.id, swim, Random(random_.next()));
    node.swim->set_members(directory_, now_);
    plan_tick(i);
  }
  /// Its messages wait, its timers too.
  void pause(std::size_t i) { nodes_[i].paused = true; }
  void resume(std::size_t i) {
    nodes_[i].paused = false;
    for (auto& event : std::exchange(held_[i], {})) push(now_, std::move(event));
    nodes_[i].tick_at = kNever;
    plan_tick(i);
  }

  void run_for(Duration time) {
    const MonotonicTime end = now_ + time;
    while (!queue_.empty() && queue_.top().at <= end) step();
    now_ = end;
  }
  /// Runs until `done`, asked ten times a simulated second; false when that is not so by `limit`.
  template <class Done>
  bool run_until(Duration limit, Done done) {
    const MonotonicTime end = now_ + limit;
    while (!done()) {
      if (now_ >= end) return false;
      run_for(std::chrono::milliseconds(100));
    }
    return true;
  }

  /// How many living nodes other than itself take `subject` for `liveness`.
  std::size_t observers(std::size_t subject, Liveness liveness) const {
    return static_cast<std::size_t>(std::ranges::count_if(nodes_, [&](const Node& node) {
      return node.alive && &node != &nodes_[subject] && node.swim->liveness(nodes_[subject].id) == liveness;
    }));
  }
  std::size_t living() const { return static_cast<std::size_t>(std::ranges::count_if(nodes_, &Node::alive)); }
  bool all_others_say(std::size_t subject, Liveness liveness) const {
    return observers(subject, liveness) == living() - (nodes_[subject].alive ? 1 : 0);
  }

  /// Verdicts that were wrong: "down" of a node that lives, while nothing is cut.
  std::uint64_t false_positives() const { return false_positives_; }
  std::uint64_t events() const { return events_; }
  /// Of every event and its bytes so far: the same for the same options and calls.
  std::uint64_t trace() const { return trace_; }
  /// The most that any node sent in any one second since reset_most_sent().
  std::uint32_t most_sent() const {
    std::uint32_t most = 0;
    for (const Node& node : nodes_) most = std::max(most, node.meter.most());
    return most;
  }
  void reset_most_sent() {
    for (Node& node : nodes_) node.meter.reset();
  }

 private:
  enum class EventKind : std::uint8_t { tick, request, answer };
  struct Event {
    EventKind kind;
    std::uint32_t from;
    std::uint32_t to;
    Bytes bytes;
  };
  struct Due {
    MonotonicTime at;
    std::uint64_t number;
    std::uint32_t slot;
    bool operator<(const Due& other) const { return std::pair(at, number) > std::pair(other.at, other.number); }
  };

  void push(MonotonicTime at, Event event) {
    std::uint32_t slot = 0;
    if (free_.empty()) {
      slot = static_cast<std::uint32_t>(events_of_.size());
      events_of_.push_back(std::move(event));
    } else {
      slot = free_.back();
      free_.pop_back();
      events_of_[slot] = std::move(event);
    }
    queue_.push({at, ++pushed_, slot});
  }

  void plan_tick(std::size_t i) {
    Node& node = nodes_[i];
    const MonotonicTime next = std::max(now_, node.swim->next_tick());
    if (next == kNever || next >= node.tick_at) return;
    node.tick_at = next;
    push(next, {EventKind::tick, 0, static_cast<std::uint32_t>(i), {}});
  }

  bool arrives(std::size_t from, std::size_t to) {
    if (!cut_links_.empty() && cut_links_.contains(std::minmax(from, to))) return false;
    if (!cut_nodes_.empty() && (cut_nodes_.contains(from) || cut_nodes_.contains(to))) return false;
    const std::size_t a = nodes_[from].site;
    const std::size_t b = nodes_[to].site;
    if (a != b && !cut_sites_.empty() && (cut_sites_.contains(a) || cut_sites_.contains(b))) return false;
    if (const auto extra = loss_to_.find(to); extra != loss_to_.end() && random_.chance(extra->second)) return false;
    return options_.loss == 0 || !random_.chance(options_.loss);
  }

  Duration delay(std::size_t from, std::size_t to) {
    const std::size_t a = nodes_[from].site;
    const std::size_t b = nodes_[to].site;
    const bool tail = random_.chance(0.01);
    if (a == b) return std::chrono::microseconds(random_.between(100, 2'000) * (tail ? random_.between(1, 50) : 1));
    const auto base = wan_base_us_[std::min(a, b) * options_.sites + std::max(a, b)];
    return std::chrono::microseconds(base + random_.between(0, 20'000) * (tail ? random_.between(1, 10) : 1));
  }

  void send(EventKind kind, std::size_t from, std::size_t to, Bytes bytes) {
    nodes_[from].bytes_sent += bytes.size() + kOverheadBytes;
    nodes_[from].meter.add(now_, bytes.size() + kOverheadBytes);
    ++nodes_[from].messages_sent;
    if (!arrives(from, to)) return;
    push(now_ + delay(from, to), {kind, static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to), std::move(bytes)});
  }

  void step() {
    const Due due = queue_.top();
    queue_.pop();
    now_ = due.at;
    Event event = std::move(events_of_[due.slot]);
    free_.push_back(due.slot);
    Node& node = nodes_[event.to];
    if (event.kind == EventKind::tick) {
      if (due.at != node.tick_at) return;  // another was planned
      node.tick_at = kNever;
    }
    if (!node.alive) return;
    if (node.paused) {
      held_[event.to].push_back(std::move(event));
      return;
    }
    ++events_;
    fold(event);
    std::vector<SwimSend> sends;
    deliver(node, event, sends);
    for (SwimSend& out : sends) send(EventKind::request, event.to, index_.at(out.to), std::move(out.message));
    for (const SwimChange& change : node.swim->take_changes()) note(change);
    plan_tick(event.to);
  }

  void fold(const Event& event) {
    const std::uint64_t who = std::uint64_t{event.from} << 32 | event.to;
    const auto at = static_cast<std::uint64_t>(now_.time_since_epoch().count());
    trace_ = xxh3_64(event.bytes, (trace_ * 3 + at) ^ who * 0x9e37'79b9'7f4a'7c15) + static_cast<std::uint64_t>(event.kind);
  }

  void deliver(Node& node, Event& event, std::vector<SwimSend>& sends) {
    if (event.kind == EventKind::tick) {
      sends = node.swim->tick(now_);
    } else if (event.kind == EventKind::request) {
      auto answer = node.swim->on_request(nodes_[event.from].id, event.bytes, now_, sends);
      LATIUM_CHECK(answer.has_value(), "what a node sends is a message");
      send(EventKind::answer, event.to, event.from, *std::move(answer));
    } else {
      const auto taken = node.swim->on_answer(nodes_[event.from].id, event.bytes, now_, sends);
      LATIUM_CHECK(taken.has_value(), "what a node answers is a message");
    }
  }

  void note(const SwimChange& change) {
    const bool whole = cut_links_.empty() && cut_nodes_.empty() && cut_sites_.empty() && loss_to_.empty();
    const Node& subject = nodes_[index_.at(change.node)];
    // News of its former life is true until the node could deny it.
    const bool settled = subject.life == 2 || now_ - subject.started >= std::chrono::seconds(10);
    if (change.liveness == Liveness::down && subject.alive && !subject.paused && settled && whole) ++false_positives_;
  }

  SwimWorldOptions options_;
  Random random_;
  std::vector<Node> nodes_;
  std::unordered_map<NodeId, std::size_t> index_;  // never walked
  std::shared_ptr<const SwimDirectory> directory_;
  std::vector<std::int64_t> wan_base_us_;
  std::set<std::pair<std::size_t, std::size_t>> cut_links_;
  std::set<std::size_t> cut_nodes_;
  std::set<std::size_t> cut_sites_;
  std::map<std::size_t, double> loss_to_;
  std::map<std::size_t, std::vector<Event>> held_;

  MonotonicTime now_{};
  std::priority_queue<Due> queue_;
  std::vector<Event> events_of_;
  std::vector<std::uint32_t> free_;
  std::uint64_t pushed_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t trace_ = 0;
  std::uint64_t false_positives_ = 0;
};

}  // namespace latium::testing
