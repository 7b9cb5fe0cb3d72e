#include "tests/sim/cycle_search.h"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <set>

namespace latium::sim {

namespace {

constexpr unsigned bit(EdgeKind kind) {
  return 1u << static_cast<unsigned>(kind);
}
constexpr unsigned kVersions = bit(EdgeKind::write_write) | bit(EdgeKind::write_read);
constexpr unsigned kReplaced = bit(EdgeKind::read_write) | bit(EdgeKind::range_write);

/// A cycle of this kind has one edge of `first`, and beside it only those of `others`.
struct Kind {
  std::string_view name;
  unsigned first;
  unsigned others;
};
// The worst first.
constexpr std::array<Kind, 4> kKinds{{{"G0", bit(EdgeKind::write_write), bit(EdgeKind::write_write)},
                                      {"G1c", bit(EdgeKind::write_read), kVersions},
                                      {"G-single", kReplaced, kVersions},
                                      {"G2", kReplaced, kVersions | kReplaced}}};

/// Tarjan's strongly connected components, without recursion; only those of more than one node.
class Knots {
 public:
  explicit Knots(const DependencyGraph& graph) : edges_(graph.edges), state_(graph.edges.size()) {
    for (std::size_t node = 0; node < edges_.size(); ++node) {
      if (state_[node].index == 0) visit(node);
    }
  }
  std::vector<std::vector<std::size_t>> found;

 private:
  struct State {
    std::size_t index = 0;
    std::size_t low = 0;
    std::size_t next_edge = 0;
    bool open = false;
  };

  void enter(std::size_t node) {
    state_[node] = {++count_, count_, 0, true};
    open_.push_back(node);
    path_.push_back(node);
  }

  void visit(std::size_t root) {
    enter(root);
    while (!path_.empty()) {
      const std::size_t node = path_.back();
      State& state = state_[node];
      if (state.next_edge < edges_[node].size()) {
        const std::size_t to = edges_[node][state.next_edge++].to;
        if (state_[to].index == 0) {
          enter(to);
        } else if (state_[to].open) {
          state.low = std::min(state.low, state_[to].index);
        }
        continue;
      }
      path_.pop_back();
      if (!path_.empty()) state_[path_.back()].low = std::min(state_[path_.back()].low, state.low);
      if (state.low == state.index) close(node);
    }
  }

  void close(std::size_t root) {
    std::vector<std::size_t> knot;
    do {
      knot.push_back(open_.back());
      state_[open_.back()].open = false;
      open_.pop_back();
    } while (knot.back() != root);
    if (knot.size() > 1) found.push_back(std::move(knot));
  }

  const std::vector<std::vector<Edge>>& edges_;
  std::vector<State> state_;
  std::vector<std::size_t> open_;
  std::vector<std::size_t> path_;
  std::size_t count_ = 0;
};

class Knot {
 public:
  Knot(const DependencyGraph& graph, const std::vector<std::size_t>& nodes)
      : graph_(graph), nodes_(nodes.begin(), nodes.end()), came_from_(graph.edges.size()) {}

  Cycle worst() {
    for (const bool in_time : {false, true}) {
      for (const Kind& kind : kKinds) {
        if (auto steps = shortest(kind, in_time)) return {name_of(kind, *steps, in_time), std::move(*steps)};
      }
    }
    return {"a cycle of time", {}};
  }

 private:
  using Steps = std::vector<std::pair<std::size_t, Edge>>;

  std::optional<Steps> shortest(const Kind& kind, bool in_time) {
    const unsigned others = kind.others | (in_time ? bit(EdgeKind::real_time) : 0);
    std::optional<Steps> best;
    for (const std::size_t from : nodes_) {
      for (const Edge& edge : graph_.edges[from]) {
        if ((bit(edge.kind) & kind.first) == 0 || !nodes_.contains(edge.to)) continue;
        auto back = path(edge.to, from, others);
        if (!back) continue;
        back->insert(back->begin(), {from, edge});
        const Steps shown = without_moments(*back);
        if (!best || shown.size() < best->size()) best = shown;
        if (best->size() == 2) return best;
      }
    }
    return best;
  }

  /// Breadth first.
  std::optional<Steps> path(std::size_t from, std::size_t to, unsigned kinds) {
    std::set<std::size_t> seen = {from};
    std::deque<std::size_t> queue = {from};
    while (!queue.empty()) {
      const std::size_t node = queue.front();
      queue.pop_front();
      if (node == to) return walked(from, to);
      for (const Edge& edge : graph_.edges[node]) {
        if ((bit(edge.kind) & kinds) == 0 || !nodes_.contains(edge.to) || !seen.insert(edge.to).second) continue;
        came_from_[edge.to] = {node, &edge};
        queue.push_back(edge.to);
      }
    }
    return std::nullopt;
  }

  Steps walked(std::size_t from, std::size_t to) const {
    Steps steps;
    for (std::size_t node = to; node != from; node = came_from_[node].first) {
      steps.emplace_back(came_from_[node].first, *came_from_[node].second);
    }
    std::ranges::reverse(steps);
    return steps;
  }

  Steps without_moments(const Steps& steps) const {
    Steps out;
    for (const auto& step : steps) {
      if (step.first < graph_.transactions) {
        out.push_back(step);
      } else {
        out.back().second.to = step.second.to;
      }
    }
    return out;
  }

  static std::string name_of(const Kind& kind, const Steps& steps, bool in_time) {
    const bool ranges = std::ranges::any_of(steps, [](const auto& step) { return step.second.kind == EdgeKind::range_write; });
    const bool pair = steps.size() == 2;
    const bool same_key = pair && steps[0].second.key == steps[1].second.key;
    const bool both_read = pair && (bit(steps[0].second.kind) & kReplaced) != 0 && (bit(steps[1].second.kind) & kReplaced) != 0;
    const bool replaced = (kind.first & kReplaced) != 0;
    std::string name(kind.name);
    if (replaced && ranges) {
      name = "phantom (" + name + ')';
    } else if (replaced && same_key && !in_time &&
               std::ranges::none_of(steps, [](const auto& step) { return step.second.kind == EdgeKind::write_read; })) {
      name = "lost update (" + name + ')';
    } else if (both_read) {
      name = "write skew (G2-item)";
    } else if (name == "G2") {
      name = "G2-item";
    }
    return in_time ? name + "-realtime" : name;
  }

  const DependencyGraph& graph_;
  std::set<std::size_t> nodes_;
  std::vector<std::pair<std::size_t, const Edge*>> came_from_;
};

}  // namespace

std::vector<Cycle> find_cycles(const DependencyGraph& graph) {
  std::vector<Cycle> out;
  for (const auto& knot : Knots(graph).found) out.push_back(Knot(graph, knot).worst());
  return out;
}

}  // namespace latium::sim
