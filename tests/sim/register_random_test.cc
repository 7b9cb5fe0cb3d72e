// The register checker on random histories of a register that is atomic, and of the same with one answer changed; and its
// answers against the plainest search there is.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <optional>

#include "base/random.h"
#include "tests/sim/hand_made.h"
#include "tests/sim/linearizability.h"

namespace latium::sim {
namespace {

using namespace hand_made;  // NOLINT: short forms

struct Shape {
  int operations = 200;
  int processes = 8;
  double info_rate = 0.2;
  int values = 0;  // to choose from; 0 = each written once
};

/// An operation's effect on the register, at one instant inside it.
void take_effect(Operation& operation, std::optional<Bytes>& now) {
  switch (kind_of(operation.op)) {
    case OpKind::write:
    case OpKind::remove:
      now = operation.value;
      return;
    case OpKind::read:
      operation.value = now;
      return;
    default:
      operation.applied = now == operation.expected;
      if (!*operation.applied) operation.found = now;
      if (*operation.applied) now = operation.value;
      return;
  }
}

/// Clients of an atomic register. An operation takes effect between its start and its end; an unknown one then, after its
/// end, or never. The value at every instant goes to `values`, when asked for.
class AtomicRegister {
 public:
  AtomicRegister(Shape shape, std::uint64_t seed) : shape_(shape), random_(seed) {}

  History run() {
    std::vector<std::pair<Duration, std::size_t>> effects;
    std::vector<Duration> free_at(static_cast<std::size_t>(shape_.processes));
    for (int i = 0; i < shape_.operations; ++i) {
      const auto process = static_cast<std::size_t>(std::ranges::min_element(free_at) - free_at.begin());
      Operation made = operation(static_cast<int>(process), "read", 0, 0);
      made.start = free_at[process] + Duration(random_.between(0, 10));
      made.end = made.start + Duration(random_.between(1, 30));
      free_at[process] = made.end;
      choose(made);
      if (random_.chance(shape_.info_rate)) made.outcome = random_.chance(0.2) ? Outcome::fail : Outcome::info;
      const bool unknown = made.outcome == Outcome::info;
      const auto latest =
          static_cast<std::uint64_t>((made.end - made.start).count()) + (unknown && random_.chance(0.5) ? 500 : 0);
      const bool happens = made.outcome == Outcome::ok || (unknown && random_.chance(0.6));
      if (happens) effects.emplace_back(made.start + Duration(random_.between(0, latest)), operations_.size());
      operations_.push_back(std::move(made));
    }
    std::ranges::sort(effects);
    std::optional<Bytes> now;
    for (const auto& [time, i] : effects) {
      // Half of the cas should fit, so they expect what is there.
      if (operations_[i].op == "cas" && random_.chance(0.5)) operations_[i].expected = now;
      take_effect(operations_[i], now);
    }
    for (Operation& each : operations_) {
      const Outcome outcome = each.outcome;
      if (outcome != Outcome::ok) each = ended(std::move(each), outcome);
    }
    return history_of(operations_);
  }

 private:
  std::optional<Bytes> value() {
    if (shape_.values == 0) return std::to_string(++written_);
    const auto chosen = random_.below(static_cast<std::uint64_t>(shape_.values));
    return chosen == 0 ? std::nullopt : std::optional<Bytes>(std::to_string(chosen));
  }

  void choose(Operation& made) {
    const std::uint64_t dice = random_.below(100);
    if (dice < 40) return;
    made.op = dice < 75 ? "write" : dice < 80 ? "remove" : "cas";
    if (made.op != "remove") made.value = value();
    if (made.op == "cas") made.expected = value();
  }

  Shape shape_;
  Random random_;
  int written_ = 0;
  std::vector<Operation> operations_;
};

/// The plainest search: any order of any choice of the uncertain ones. For few operations only.
class PlainSearch {
 public:
  explicit PlainSearch(const std::vector<Operation>& operations) {
    for (const Operation& each : operations) {
      if (each.outcome != Outcome::fail && (each.outcome == Outcome::ok || each.op != "read")) operations_.push_back(each);
    }
  }
  bool linearizable() { return from(0, std::nullopt); }

 private:
  bool from(unsigned done, const std::optional<Bytes>& now) {
    bool all = true;
    for (std::size_t i = 0; i < operations_.size(); ++i)
      all = all && ((done >> i & 1U) != 0 || operations_[i].outcome != Outcome::ok);
    if (all) return true;
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      if ((done >> i & 1U) != 0 || preceded(i, done)) continue;
      Operation again = operations_[i];
      std::optional<Bytes> next = now;
      take_effect(again, next);
      if (!operations_[i].found) again.found.reset();
      const bool same = operations_[i].outcome != Outcome::ok || again == operations_[i];
      if (same && from(done | 1U << i, next)) return true;
    }
    return false;
  }

  bool preceded(std::size_t i, unsigned done) const {
    for (std::size_t other = 0; other < operations_.size(); ++other) {
      const Operation& a = operations_[other];
      const Operation& b = operations_[i];
      const bool before = a.end < b.start || (a.process == b.process && a.end <= b.start && other < i);
      if ((done >> other & 1U) == 0 && a.outcome == Outcome::ok && before) return true;
    }
    return false;
  }

  std::vector<Operation> operations_;
};

RC_GTEST_PROP(RandomRegister, AtomicHistoriesAreAccepted, ()) {
  Shape shape;
  shape.operations = *rc::gen::inRange(1, 200);
  shape.processes = *rc::gen::inRange(1, 9);
  shape.values = *rc::gen::element(0, 3, 10);
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  const CheckReport report = check_registers(AtomicRegister(shape, seed).run());
  if (!report.violations.empty()) RC_FAIL(report.first());
  // Values that are written again and again leave many orders open: there the search may give up.
  RC_ASSERT(shape.values != 0 || report.gave_up.empty());
}

RC_GTEST_PROP(RandomRegister, AReadOfAnOverwrittenValueIsRejected, ()) {
  Shape shape;
  shape.operations = *rc::gen::inRange(20, 200);
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  // Values are written once each, so the value of an ok write W is gone for good once another ok write began after W's end
  // and ended: a read that begins later must not return it.
  std::vector<Operation> operations = AtomicRegister(shape, seed).run().operations();
  std::optional<std::size_t> changed;
  std::optional<Bytes> old;
  for (std::size_t r = 0; r < operations.size() && !changed; ++r) {
    if (operations[r].op != "read" || operations[r].outcome != Outcome::ok || r < operations.size() / 2) continue;
    for (const Operation& w : operations) {
      const auto overwrites = [&](const Operation& x) {
        return x.op == "write" && x.outcome == Outcome::ok && x.start > w.end && x.end < operations[r].start;
      };
      if (w.op != "write" || w.outcome != Outcome::ok || std::ranges::none_of(operations, overwrites)) continue;
      changed = r;
      old = w.value;
    }
  }
  RC_PRE(changed.has_value());
  operations[*changed].value = old;
  const CheckReport report = check_registers(history_of(operations));
  RC_ASSERT(report.violations.size() == 1U);
  RC_ASSERT(report.gave_up.empty());
}

/// Changes answers at random: some of the results are still linearizable.
std::vector<Operation> with_changes(std::vector<Operation> operations, Random random) {
  const double rate = random.unit();
  for (Operation& each : operations) {
    if (each.outcome != Outcome::ok || !random.chance(rate)) continue;
    const std::optional<Bytes> other = value_of(random.chance(0.3) ? "" : std::to_string(random.between(1, 2)));
    if (each.op == "read") each.value = other;
    if (each.op == "cas" && each.applied == false) each.found = other;
    if (each.op == "cas" && each.applied == false && random.chance(0.5)) each.found.reset();
    if (each.op == "cas" && each.applied == true) each.expected = other;
  }
  return operations;
}

TEST(RandomRegister, AgreesWithThePlainestSearch) {
  int linearizable = 0;
  constexpr int kHistories = 3'000;
  for (int seed = 0; seed < kHistories; ++seed) {
    Random random(static_cast<std::uint64_t>(seed));
    Shape shape;
    shape.operations = static_cast<int>(random.between(2, 9));
    shape.processes = static_cast<int>(random.between(1, 5));
    shape.info_rate = random.unit();
    shape.values = static_cast<int>(random.between(2, 4));
    const auto operations = with_changes(AtomicRegister(shape, random.next()).run().operations(), random.fork("changes"));
    const bool plain = PlainSearch(operations).linearizable();
    linearizable += plain ? 1 : 0;
    const History history = history_of(operations);
    ASSERT_EQ(check_registers(history).valid(), plain) << "seed " << seed << '\n' << history.to_json_lines();
  }
  // Both answers must be common, or this shows little.
  EXPECT_GT(linearizable, kHistories / 5);
  EXPECT_LT(linearizable, kHistories * 4 / 5);
}

}  // namespace
}  // namespace latium::sim
