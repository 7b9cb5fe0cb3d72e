// Every order in which three replicas may take what transactions send that each write one row and have read the one that the next
// one writes: never do all of them find what they read unchanged. The acceptors are the real ones; what the replica and the
// proposer add to them is here as rules, and each rule, left out, is noticed.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <unordered_set>
#include <utility>
#include <vector>

#include "replication/acceptor.h"

namespace latium::testing {
namespace {

constexpr std::size_t kReplicas = 3;
constexpr Ballot kBefore{Hlc{1}, NodeId{1}};  // chosen, and known everywhere

struct Rules {
  bool all_have_to_agree = true;    ///< on what is looked at; otherwise a majority
  bool decided_counts = true;       ///< a look is refused where something is decided and not on the disk
  bool disk_keeps_order = true;     ///< what is decided first is on the disk, and answered, first
  bool after_all_accepts = true;    ///< one that looks afterwards does so once a majority has its accept
  std::vector<bool> in_one_step{};  ///< how each transaction does it; otherwise it looks after its accept is chosen
};

// Of one transaction at one replica.
enum class Progress : std::uint8_t { sent, on_its_way_to_disk, answered };
enum class Look : std::uint8_t { none, clean, changed };

struct At {
  Progress accept = Progress::sent;
  Look look = Look::none;  // of one in one step: with the answer
};

struct Replica {
  std::vector<AcceptorRecord> decided;
  std::vector<AcceptorRecord> durable;
  std::vector<std::size_t> writing;  // transactions, in their order in the log
};

struct World {
  std::array<Replica, kReplicas> replicas;
  std::vector<std::array<At, kReplicas>> at;  // by transaction
};

Ballot ballot_of(std::size_t txn) {
  return {Hlc{10 + txn}, NodeId{2 + txn}};
}

class Explorer {
 public:
  explicit Explorer(Rules rules) : rules_(std::move(rules)), transactions_(rules_.in_one_step.size()) {
    AcceptorRecord before;
    before.promised = before.accepted = before.chosen = kBefore;
    before.state.present = true;
    World world;
    for (Replica& replica : world.replicas) replica.decided = replica.durable = std::vector(transactions_, before);
    world.at.resize(transactions_);
    visit(world);
  }

  std::size_t states() const { return seen_.size(); }
  /// All found what they had read unchanged, and each has read what the next one has written.
  bool found_a_circle() const { return circle_; }
  /// So many at once, at most.
  std::size_t most_that_committed() const { return most_; }

 private:
  std::size_t read_by(std::size_t txn) const { return (txn + 1) % transactions_; }

  void visit(const World& world) {
    if (circle_ || !seen_.insert(name_of(world)).second) return;
    std::size_t committed = 0;
    for (std::size_t txn = 0; txn < transactions_; ++txn) committed += has_committed(world, txn) ? 1 : 0;
    most_ = std::max(most_, committed);
    circle_ = committed == transactions_;
    for (std::size_t replica = 0; replica < kReplicas; ++replica) {
      for (std::size_t txn = 0; txn < transactions_; ++txn) {
        const At& at = world.at[txn][replica];
        if (at.accept == Progress::sent) take(world, txn, replica);
        if (!rules_.in_one_step[txn] && at.look == Look::none && may_look(world, txn)) look(world, txn, replica);
      }
      const auto& writing = world.replicas[replica].writing;
      for (std::size_t i = 0; i < writing.size(); ++i) {
        if (i == 0 || !rules_.disk_keeps_order) write(world, replica, i);
      }
    }
  }

  // The message of a transaction arrives, and is taken in one go.
  void take(World world, std::size_t txn, std::size_t number) {
    Replica& replica = world.replicas[number];
    At& at = world.at[txn][number];
    const bool one_step = rules_.in_one_step[txn];
    RegisterState next;
    next.present = true;
    next.version = ballot_of(txn).stamp.value;
    const AcceptOp accept{ballot_of(txn), next, ballot_of(txn), kBefore, one_step};
    const AcceptorStep taken = step(replica.decided[txn], Ballot(), accept);
    if (!taken.answer.ok) return;
    at.accept = Progress::on_its_way_to_disk;
    replica.writing.push_back(txn);
    if (one_step) {
      const std::size_t key = read_by(txn);
      const bool behind = replica.decided[key] != replica.durable[key];
      const AcceptorAnswer read = read_step(replica.durable[key], Ballot(), ReadOp{ReadOp::Want::decided});
      const bool clean = read.accepted == kBefore && !(behind && rules_.decided_counts);
      at.look = clean ? Look::clean : Look::changed;
    }
    visit(world);
  }

  void write(World world, std::size_t number, std::size_t place) {
    Replica& replica = world.replicas[number];
    const std::size_t txn = replica.writing[place];
    replica.writing.erase(replica.writing.begin() + static_cast<std::ptrdiff_t>(place));
    replica.durable[txn] = replica.decided[txn];
    world.at[txn][number].accept = Progress::answered;
    visit(world);
  }

  bool may_look(const World& world, std::size_t txn) const { return !rules_.after_all_accepts || is_chosen(world, txn); }

  // Of one that does it step by step: after its accept is chosen, it asks for what is on the disks.
  void look(World world, std::size_t txn, std::size_t number) {
    const AcceptorAnswer read = read_step(world.replicas[number].durable[read_by(txn)], Ballot(), ReadOp{ReadOp::Want::ballots});
    world.at[txn][number].look = read.accepted == kBefore ? Look::clean : Look::changed;
    visit(world);
  }

  static std::size_t count(const World& world, std::size_t txn, auto wanted) {
    return static_cast<std::size_t>(std::ranges::count_if(world.at[txn], wanted));
  }
  static bool is_chosen(const World& world, std::size_t txn) {
    return 2 * count(world, txn, [](const At& at) { return at.accept == Progress::answered; }) > kReplicas;
  }
  bool has_committed(const World& world, std::size_t txn) const {
    const std::size_t clean =
        count(world, txn, [](const At& at) { return at.accept == Progress::answered && at.look == Look::clean; });
    if (!rules_.in_one_step[txn]) {
      return is_chosen(world, txn) && 2 * count(world, txn, [](const At& at) { return at.look == Look::clean; }) > kReplicas;
    }
    return rules_.all_have_to_agree ? clean == kReplicas : 2 * clean > kReplicas;
  }

  // One number for each, as nine digits of nine and nine of four are less than 2^64.
  std::uint64_t name_of(const World& world) const {
    std::uint64_t out = 0;
    for (std::size_t number = 0; number < kReplicas; ++number) {
      for (std::size_t txn = 0; txn < transactions_; ++txn) {
        const At& at = world.at[txn][number];
        out = 9 * out + 3 * static_cast<std::uint64_t>(at.look) + static_cast<std::uint64_t>(at.accept);
      }
      for (std::size_t i = 0; i < transactions_; ++i) {
        const auto& writing = world.replicas[number].writing;
        out = 4 * out + (i < writing.size() ? writing[i] + 1 : 0);
      }
    }
    return out;
  }

  Rules rules_;
  std::size_t transactions_;
  std::unordered_set<std::uint64_t> seen_;
  bool circle_ = false;
  std::size_t most_ = 0;
};

void expect_no_circle(const std::vector<bool>& in_one_step, std::size_t states) {
  const Explorer explorer({.in_one_step = in_one_step});
  EXPECT_FALSE(explorer.found_a_circle());
  EXPECT_EQ(explorer.most_that_committed(), in_one_step.size() - 1) << "all but one of them can";
  EXPECT_EQ(explorer.states(), states);
}

// In a circle it does not matter which one is called the first.
TEST(OneStepExplorerTest, OfTwoOneDoesNotCommit) {
  expect_no_circle({false, false}, 18'420);
  expect_no_circle({true, false}, 5'791);
  expect_no_circle({true, true}, 1'331);
}

TEST(OneStepExplorerTest, OfThreeOneDoesNotCommit) {
  expect_no_circle({true, true, true}, 117'649);
  expect_no_circle({true, true, false}, 367'625);
  expect_no_circle({true, false, false}, 1'122'561);
}

TEST(OneStepExplorerTest, EachRuleThatIsLeftOutIsNoticed) {
  EXPECT_FALSE(Explorer({.all_have_to_agree = false, .in_one_step = {true, true}}).found_a_circle())
      << "of two, every majority of one meets every majority of the other";
  EXPECT_TRUE(Explorer({.all_have_to_agree = false, .in_one_step = {true, true, true}}).found_a_circle())
      << "but of three each two may meet at another replica";
  EXPECT_TRUE(Explorer({.decided_counts = false, .in_one_step = {true, true}}).found_a_circle());
  EXPECT_TRUE(Explorer({.disk_keeps_order = false, .in_one_step = {true, false}}).found_a_circle());
  EXPECT_TRUE(Explorer({.after_all_accepts = false, .in_one_step = {false, false}}).found_a_circle());
}

}  // namespace
}  // namespace latium::testing
