#include "tests/sim/linearizability.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace latium::sim {
namespace {

using Kind = RegisterOperation::Kind;
using History = std::vector<RegisterOperation>;

RegisterOperation at(RegisterOperation operation, int start, int end) {
  operation.start = Duration(start);
  operation.end = Duration(end);
  return operation;
}
RegisterOperation read(std::optional<Bytes> value, int start, int end) {
  return at({.kind = Kind::read, .expected = {}, .value = std::move(value), .label = "read"}, start, end);
}
RegisterOperation write(Bytes value, int start, int end) {
  return at({.kind = Kind::write, .expected = {}, .value = std::move(value), .label = "write"}, start, end);
}
RegisterOperation cas(std::optional<Bytes> from, std::optional<Bytes> to, bool applied, int start, int end) {
  return at({.kind = Kind::cas, .expected = std::move(from), .value = std::move(to), .applied = applied, .label = "cas"}, start,
            end);
}
RegisterOperation unknown(RegisterOperation operation) {
  operation.ended = false;
  return operation;
}
const std::optional<Bytes> kAbsent;

class GoodHistories : public testing::TestWithParam<History> {};
TEST_P(GoodHistories, AreAccepted) {
  EXPECT_EQ(check_linearizable(GetParam()), std::nullopt);
}
INSTANTIATE_TEST_SUITE_P(
    All, GoodHistories,
    testing::Values(History{}, History{read(kAbsent, 0, 1)}, History{write("a", 0, 1), read("a", 2, 3)},
                    // Concurrent with a write: before or after it.
                    History{write("a", 0, 10), read(kAbsent, 1, 2), read("a", 3, 4)},
                    // Two writes at once: either may be the last.
                    History{write("a", 0, 10), write("b", 0, 10), read("a", 11, 12)},
                    History{write("a", 0, 10), write("b", 0, 10), read("b", 11, 12)},
                    // An unknown one that happened, one that did not, one that happens late.
                    History{unknown(write("a", 0, 1)), read("a", 2, 3)}, History{unknown(write("a", 0, 1)), read(kAbsent, 2, 3)},
                    History{unknown(write("a", 0, 1)), write("b", 2, 3), read("b", 4, 5), read("a", 6, 7)},
                    History{cas(kAbsent, "a", true, 0, 1), cas("a", "b", true, 2, 3), cas("a", "c", false, 4, 5),
                            read("b", 6, 7)},
                    History{cas(kAbsent, "a", true, 0, 9), cas(kAbsent, "b", false, 0, 9), read("a", 10, 11)},
                    History{write("a", 0, 1), cas("a", kAbsent, true, 2, 3), read(kAbsent, 4, 5)},
                    History{unknown(cas(kAbsent, "a", true, 0, 1)), cas("a", "b", true, 2, 3)}));

class BadHistories : public testing::TestWithParam<History> {};
TEST_P(BadHistories, AreRejected) {
  EXPECT_NE(check_linearizable(GetParam()), std::nullopt);
}
INSTANTIATE_TEST_SUITE_P(All, BadHistories,
                         testing::Values(
                             // A value from nowhere.
                             History{read("a", 0, 1)},
                             // A lost write.
                             History{write("a", 0, 1), read(kAbsent, 2, 3)},
                             // An old value after the new one was read.
                             History{write("a", 0, 1), write("b", 2, 9), read("b", 3, 4), read("a", 5, 6)},
                             // A stale read.
                             History{write("a", 0, 1), write("b", 2, 3), read("a", 4, 5)},
                             // Two readers that see two writes in different orders.
                             History{write("a", 0, 20), write("b", 0, 20), read("a", 21, 22), read("b", 23, 24)},
                             // A write seen before it began.
                             History{read("a", 0, 1), write("a", 2, 3)},
                             // Two compare-and-sets from one state.
                             History{cas(kAbsent, "a", true, 0, 1), cas(kAbsent, "b", true, 2, 3)},
                             History{cas(kAbsent, "a", true, 0, 9), cas(kAbsent, "b", true, 0, 9)},
                             // Refused without a reason.
                             History{write("a", 0, 1), cas("a", "b", false, 2, 3)},
                             // Applied to what was not there.
                             History{write("a", 0, 1), cas("b", "c", true, 2, 3)},
                             // A deleted value that comes back.
                             History{write("a", 0, 1), cas("a", kAbsent, true, 2, 3), read("a", 4, 5)},
                             // An unknown one that happens twice.
                             History{unknown(cas("x", "a", true, 0, 1)), write("x", 0, 1), read("a", 2, 3), write("x", 4, 5),
                                     read("a", 6, 7)},
                             // An unknown one whose effect is seen, and then not.
                             History{unknown(write("a", 0, 1)), read("a", 2, 3), read(kAbsent, 4, 5)},
                             // One applied though another of the same state came first.
                             History{write("a", 0, 1), cas("a", "b", true, 2, 3), read("b", 4, 5), cas("a", "c", true, 6, 7)}));

// Operations that take effect at a moment between their start and their end, as a register with no fault would have it.
TEST(LinearizabilityTest, AcceptsWhatARegisterDid) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    std::optional<Bytes> state;
    History history;
    std::vector<int> free_at(4, 0);
    for (int moment = 10; moment < 600; moment += 5) {
      const auto process = random.below(4);
      const int start = std::max(free_at[process], moment - static_cast<int>(random.below(20)));
      if (start >= moment) continue;
      const int end = moment + 1 + static_cast<int>(random.below(20));
      free_at[process] = end + 1;
      const Bytes value = std::to_string(random.below(4));
      if (random.chance(0.4)) {
        history.push_back(read(state, start, end));
      } else if (random.chance(0.5)) {
        const std::optional<Bytes> expected = random.chance(0.7) ? state : std::optional<Bytes>("9");
        const bool applied = expected == state;
        history.push_back(cas(expected, value, applied, start, end));
        if (applied) state = value;
      } else {
        history.push_back(write(value, start, end));
        state = value;
        if (random.chance(0.2)) history.back().ended = false;
      }
    }
    EXPECT_EQ(check_linearizable(history), std::nullopt) << "seed " << seed;
  }
}

}  // namespace
}  // namespace latium::sim
