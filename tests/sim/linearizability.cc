#include "tests/sim/linearizability.h"

#include <algorithm>
#include <set>
#include <utility>

namespace latium::sim {

namespace {

using State = std::optional<Bytes>;
constexpr std::size_t kStepsMax = 20'000'000;

// The state after the operation; nothing in the outer optional when it cannot come at this point.
std::optional<State> apply(const RegisterOperation& operation, const State& state) {
  switch (operation.kind) {
    case RegisterOperation::Kind::read:
      return operation.value == state ? std::optional(state) : std::nullopt;
    case RegisterOperation::Kind::write:
      return State(operation.value);
    case RegisterOperation::Kind::cas: {
      const bool fits = operation.expected == state;
      if (!operation.ended) return fits ? std::optional(State(operation.value)) : std::nullopt;
      if (fits != operation.applied) return std::nullopt;
      return fits ? State(operation.value) : state;
    }
  }
  return std::nullopt;
}

class Search {
 public:
  explicit Search(const std::vector<RegisterOperation>& operations) : operations_(operations), done_(operations.size(), '0') {
    must_ = static_cast<std::size_t>(std::ranges::count_if(operations, &RegisterOperation::ended));
  }

  bool explain(const State& state, std::size_t left) {
    if (left == 0) return true;
    if (++steps_ > kStepsMax) return false;
    if (!seen_.emplace(done_, state).second) return false;
    if (must_ - left >= best_) {
      best_ = must_ - left;
      best_state_ = state;
      best_done_ = done_;
    }
    // Whatever comes next began before the first of those that are left has ended.
    Duration horizon = Duration::max();
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      if (done_[i] == '0' && operations_[i].ended) horizon = std::min(horizon, operations_[i].end);
    }
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      if (done_[i] != '0' || operations_[i].start > horizon) continue;
      const auto next = apply(operations_[i], state);
      if (!next) continue;
      done_[i] = '1';
      if (explain(*next, left - (operations_[i].ended ? 1 : 0))) return true;
      done_[i] = '0';
    }
    return false;
  }

  std::size_t must() const { return must_; }

  std::string why() const {
    if (steps_ > kStepsMax) return "gave up after " + std::to_string(kStepsMax) + " steps";
    std::string text = "no order explains the history; the longest explains " + std::to_string(best_) + " of " +
                       std::to_string(must_) + " operations and ends with " +
                       (best_state_ ? "'" + *best_state_ + "'" : "absent") + "; left over:";
    int shown = 0;
    for (std::size_t i = 0; i < operations_.size() && shown < 8; ++i) {
      if (best_done_[i] == '0' && operations_[i].ended) text += " [" + operations_[i].label + "]", ++shown;
    }
    return text;
  }

 private:
  const std::vector<RegisterOperation>& operations_;
  std::string done_;
  std::size_t must_ = 0;
  std::size_t steps_ = 0;
  std::set<std::pair<std::string, State>> seen_;
  std::size_t best_ = 0;
  State best_state_;
  std::string best_done_;
};

}  // namespace

std::optional<std::string> check_linearizable(const std::vector<RegisterOperation>& operations) {
  std::vector<RegisterOperation> ordered = operations;
  // An operation without an effect that nobody heard of explains nothing.
  std::erase_if(ordered, [](const RegisterOperation& each) { return !each.ended && each.kind == RegisterOperation::Kind::read; });
  std::ranges::sort(ordered, {}, &RegisterOperation::start);
  Search search(ordered);
  if (search.explain(std::nullopt, search.must())) return std::nullopt;
  return search.why();
}

}  // namespace latium::sim
