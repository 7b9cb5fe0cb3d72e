#include "tests/sim/register_search.h"

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/bytes.h"

// A node of the search is: which certain operations have been put in order, which uncertain ones have, and the value after
// them. Next may come any operation that no operation still left precedes in time. Four laws keep the search small without
// changing its answer:
// 1. What fits and leaves the value alone (a read) goes first, without an alternative: in any order that completes this one,
//    it can be moved here.
// 2. An uncertain operation comes only directly before one that needs its value: anywhere else it can be left out, for it
//    need not have happened. A node behind an uncertain operation is `pinned`: only what needs the value may follow.
// 3. Uncertain operations that do the same are interchangeable once they have begun: only the first is tried.
// 4. A node that has used more uncertain operations than one that failed, and is otherwise the same, fails too.

namespace latium::sim {

namespace {

using Kind = RegisterOp::Kind;
using Words = std::vector<std::uint64_t>;

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

bool bit(const Words& words, std::size_t i) {
  return (words[i / 64] >> (i % 64) & 1) != 0;
}
void flip(Words& words, std::size_t i) {
  words[i / 64] ^= std::uint64_t{1} << (i % 64);
}
bool subset(const Words& small, const Words& large) {
  for (std::size_t i = 0; i < small.size(); ++i) {
    if ((small[i] & ~large[i]) != 0) return false;
  }
  return true;
}

bool contains(const std::vector<int>& values, int value) {
  return std::ranges::find(values, value) != values.end();
}

bool changes(const RegisterOp& op) {
  return op.kind == Kind::write || op.kind == Kind::cas;
}
/// Whether `op` can have returned what it did when the register held `value`.
bool fits(const RegisterOp& op, int value) {
  switch (op.kind) {
    case Kind::write:
      return true;
    case Kind::read:
      return op.value == value;
    case Kind::cas:
      return op.expected == value;
    case Kind::refused:
      return op.expected != value && (op.value == value || op.value == RegisterOp::kNotTold);
  }
  return false;
}

/// The nodes that failed or are being tried.
class Seen {
 public:
  /// False when there was one that can do all that this one can; else remembers it.
  bool add(const Words& done, const Words& used, int value, bool pinned) {
    // Most of `done` is ones, then zeros: only the part between tells nodes apart.
    std::size_t first = 0;
    while (first < done.size() && done[first] == ~std::uint64_t{0}) ++first;
    std::size_t last = done.size();
    while (last > first && done[last - 1] == 0) --last;
    Bytes key;
    put_u32(key, static_cast<std::uint32_t>(value) * 2 + (pinned ? 1 : 0));
    put_u32(key, static_cast<std::uint32_t>(first));
    for (std::size_t i = first; i < last; ++i) put_u64(key, done[i]);
    auto& uses = nodes_[std::move(key)];
    if (std::ranges::any_of(uses, [&used](const Words& each) { return subset(each, used); })) return false;
    uses.push_back(used);
    return true;
  }

 private:
  std::unordered_map<Bytes, std::vector<Words>> nodes_;
};

class Search {
 public:
  Search(const std::vector<RegisterOp>& operations, std::uint64_t max_states) : ops_(operations), max_states_(max_states) {
    for (std::size_t i = 0; i < ops_.size(); ++i) (ops_[i].certain ? certain_ : uncertain_).push_back(i);
    const auto by_start = [this](std::size_t i) { return std::pair(ops_[i].start, i); };
    std::ranges::sort(certain_, {}, by_start);
    std::ranges::sort(uncertain_, {}, by_start);
    done_.assign(certain_.size() / 64 + 1, 0);
    used_.assign(uncertain_.size() / 64 + 1, 0);
    link();
  }

  SearchResult run() {
    seen_.add(done_, used_, value_, pinned_);
    open();
    while (left_ != 0) {
      if (frames_.empty()) return finish(SearchResult::Verdict::stuck);
      Frame& frame = frames_.back();
      if (frame.next == moves_.size()) {
        close();
        continue;
      }
      const Move move = moves_[frame.next++];
      make(move);
      if (!seen_.add(done_, used_, value_, pinned_)) {
        unmake();
        continue;
      }
      if (++result_.states > max_states_) return finish(SearchResult::Verdict::gave_up);
      open();
    }
    return finish(SearchResult::Verdict::linearizable);
  }

 private:
  struct Move {
    std::size_t at = 0;  // in certain_ or uncertain_
    bool certain = true;
  };
  /// A node on the way: its moves are at the end of moves_ while it is the last.
  struct Frame {
    std::size_t first = 0;
    std::size_t next = 0;
    int value = RegisterOp::kAbsent;
    bool pinned = false;
  };

  const RegisterOp& certain(std::size_t i) const { return ops_[certain_[i]]; }
  const RegisterOp& uncertain(std::size_t i) const { return ops_[uncertain_[i]]; }

  /// The list of what is left, and for each operation the certain one before it in its process. The latter matters only
  /// between operations that meet at one instant.
  void link() {
    const std::size_t count = certain_.size();
    left_ = count;
    next_.resize(count + 1);
    previous_.resize(count + 1);
    for (std::size_t i = 0; i <= count; ++i) {
      next_[i] = (i + 1) % (count + 1);
      previous_[i] = (i + count) % (count + 1);
    }
    before_.assign(ops_.size(), kNone);
    std::map<int, std::size_t> last;
    std::map<std::size_t, std::size_t> place;
    for (std::size_t i = 0; i < count; ++i) place[certain_[i]] = i;
    for (std::size_t i = 0; i < ops_.size(); ++i) {
      const auto found = last.find(ops_[i].process);
      if (found != last.end() && certain(found->second).end <= ops_[i].start) before_[i] = found->second;
      if (ops_[i].certain) last[ops_[i].process] = place[i];
    }
  }

  bool free_of_process(std::size_t op) const { return before_[op] == kNone || bit(done_, before_[op]); }

  /// Begins with the node at hand.
  void open() {
    frames_.push_back({.first = moves_.size(), .next = moves_.size(), .value = value_, .pinned = pinned_});
    list_moves();
  }

  /// Gives the last node up.
  void close() {
    const std::size_t placed = certain_.size() - left_;
    if (!noted_ || placed > best_) note(placed);
    moves_.resize(frames_.back().first);
    frames_.pop_back();
    if (!frames_.empty()) unmake();
  }

  void note(std::size_t placed) {
    noted_ = true;
    best_ = placed;
    result_.value = value_;
    result_.order.clear();
    for (const Move& move : path_) result_.order.push_back(move.certain ? certain_[move.at] : uncertain_[move.at]);
    result_.candidates.clear();
    for_candidates([this](std::size_t i) {
      if (!fits(certain(i), value_)) result_.candidates.push_back(certain_[i]);
      return true;
    });
  }

  void make(Move move) {
    path_.push_back(move);
    const RegisterOp& op = move.certain ? certain(move.at) : uncertain(move.at);
    if (changes(op)) value_ = op.value;
    pinned_ = !move.certain;
    if (!move.certain) return flip(used_, move.at);
    flip(done_, move.at);
    --left_;
    // The list begins behind its sentinel, which has the last number.
    next_[previous_[move.at]] = next_[move.at];
    previous_[next_[move.at]] = previous_[move.at];
  }

  /// Back to the last node.
  void unmake() {
    const Move move = path_.back();
    path_.pop_back();
    value_ = frames_.back().value;
    pinned_ = frames_.back().pinned;
    if (!move.certain) return flip(used_, move.at);
    flip(done_, move.at);
    ++left_;
    next_[previous_[move.at]] = move.at;
    previous_[next_[move.at]] = move.at;
  }

  /// Calls `take` with each certain operation that may come next in time, until it returns false. Returns the time at which
  /// the first of those left ended: what began later may not come next.
  template <class Take>
  Duration for_candidates(Take take) const {
    Duration first_end = Duration::max();
    for (std::size_t i = next_[certain_.size()]; i != certain_.size() && certain(i).start <= first_end; i = next_[i]) {
      first_end = std::min(first_end, certain(i).end);
      if (free_of_process(certain_[i]) && !take(i)) break;
    }
    return first_end;
  }

  void list_moves() {
    wanted_.clear();
    wants_any_other_ = false;
    const std::size_t first = moves_.size();
    const Duration first_end = for_candidates([this, first](std::size_t i) {
      const RegisterOp& op = certain(i);
      if (fits(op, value_)) {
        if (!changes(op)) {
          moves_.resize(first);
          wanted_.clear();
          wants_any_other_ = false;
          moves_.push_back({.at = i, .certain = true});
          return false;
        }
        if (op.kind == Kind::cas || !pinned_) moves_.push_back({.at = i, .certain = true});
      } else if (op.kind == Kind::cas) {
        want(op.expected);
      } else if (op.value == RegisterOp::kNotTold) {
        wants_any_other_ = true;
      } else if (op.kind == Kind::read || op.value != op.expected) {
        want(op.value);
      }
      return true;
    });
    if (wants_any_other_ || !wanted_.empty()) list_uncertain_moves(first_end);
  }

  void want(int value) {
    if (!contains(wanted_, value)) wanted_.push_back(value);
  }
  bool is_wanted(int value) const { return wants_any_other_ || contains(wanted_, value); }

  /// Uncertain operations that lead to a value that a candidate needs, in one step or through other uncertain cas.
  void list_uncertain_moves(Duration first_end) {
    usable_.clear();
    for (std::size_t i = 0; i < uncertain_.size() && uncertain(i).start <= first_end; ++i) {
      if (bit(used_, i) || !free_of_process(uncertain_[i])) continue;
      const auto same = [this, i](std::size_t other) {
        const RegisterOp& a = uncertain(i);
        const RegisterOp& b = uncertain(other);
        return a.kind == b.kind && a.value == b.value && (a.kind == Kind::write || a.expected == b.expected);
      };
      if (std::ranges::none_of(usable_, same)) usable_.push_back(i);
    }
    for (std::size_t known = kNone; known != wanted_.size();) {
      known = wanted_.size();
      for (const std::size_t i : usable_) {
        if (uncertain(i).kind == Kind::cas && is_wanted(uncertain(i).value)) want(uncertain(i).expected);
      }
    }
    for (const std::size_t i : usable_) {
      const RegisterOp& op = uncertain(i);
      if (op.value == value_ || !is_wanted(op.value) || !fits(op, value_)) continue;
      if (op.kind == Kind::cas || !pinned_) moves_.push_back({.at = i, .certain = false});
    }
  }

  SearchResult finish(SearchResult::Verdict verdict) {
    result_.verdict = verdict;
    return std::move(result_);
  }

  const std::vector<RegisterOp>& ops_;
  const std::uint64_t max_states_;
  std::vector<std::size_t> certain_;    // in order of start, numbers of ops_
  std::vector<std::size_t> uncertain_;  // the same
  std::vector<std::size_t> before_;     // by number of ops_: in certain_

  // The node at hand.
  Words done_;
  Words used_;
  int value_ = RegisterOp::kAbsent;
  bool pinned_ = false;
  std::size_t left_ = 0;
  std::vector<std::size_t> next_;
  std::vector<std::size_t> previous_;
  std::vector<Move> path_;

  std::vector<Frame> frames_;
  std::vector<Move> moves_;
  Seen seen_;
  SearchResult result_;
  bool noted_ = false;
  std::size_t best_ = 0;

  // Of list_moves.
  std::vector<int> wanted_;
  bool wants_any_other_ = false;
  std::vector<std::size_t> usable_;
};

}  // namespace

SearchResult search_order(const std::vector<RegisterOp>& operations, std::uint64_t max_states) {
  return Search(operations, max_states).run();
}

}  // namespace latium::sim
