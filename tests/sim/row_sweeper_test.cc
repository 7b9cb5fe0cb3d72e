// What a node has left at rows that nobody comes to is ended by the nodes that are there.
#include "relational/row_sweeper.h"

#include <vector>

#include "replication/register_messages.h"
#include "tests/sim/row_cluster.h"

namespace latium::sim {
namespace {

class RowSweeperSimTest : public RowCluster {
 protected:
  struct Held {
    std::size_t intents = 0;
    std::size_t unresolved = 0;
    std::vector<Bytes> rows{};
  };
  /// What the node's disk has accepted, without asking anybody.
  Held held(std::size_t node) {
    Held out;
    const auto cursor = core(node).engine().scan(Family::registers, {});
    for (; (*cursor)->valid(); (*cursor)->next()) {
      if (parse_register_key((*cursor)->key())->key.front() != static_cast<char>(RegisterSpace::table)) continue;
      const RowState row = *row_of(decode_acceptor((*cursor)->value())->state);
      out.intents += row.intent ? 1 : 0;
      for (const Outcome& outcome : row.outcomes) out.unresolved += outcome.settled() ? 0 : 1;
      if (row.committed.present) out.rows.push_back(row.committed.row);
    }
    return out;
  }
};

TEST_F(RowSweeperSimTest, TheOthersEndWhatANodeLeftThatDoesNotComeBack) {
  const std::size_t rows = 3;
  bool left_something = false;
  // From before the prewrites reach the others, over the commit, to the resolving.
  for (int ms = 40; ms <= 400; ms += 30) {
    SCOPED_TRACE(std::to_string(ms) + " ms");
    const std::string before = "before" + std::to_string(ms);
    const std::string after = "after" + std::to_string(ms);
    // What node 1 has not heard of is a conflict, of a row once.
    auto begun = write(1, rows, before);
    for (std::size_t i = 0; i < rows && !begun && begun.error().code == ErrorCode::conflict; ++i) begun = write(1, rows, before);
    ASSERT_TRUE(begun.has_value()) << begun.error().message;
    settle();
    TaskGroup group(core(0).runtime().executor, 1);
    ASSERT_TRUE(group.spawn(cut_off_after(core(0), 0, milliseconds(ms))).has_value());
    const auto written = write(0, rows, after, seconds(1));
    pass(seconds(1));
    left_something |= held(1).intents > 0 && held(2).intents > 0;
    pass(seconds(60));
    for (const std::size_t node : {1, 2}) {
      const Held now = held(node);
      EXPECT_EQ(now.intents, 0u);
      EXPECT_EQ(now.unresolved, 0u);
      ASSERT_EQ(now.rows.size(), rows);
      EXPECT_EQ(now.rows, std::vector<Bytes>(rows, now.rows.front())) << "all of it or nothing";
      EXPECT_TRUE(now.rows.front() == after || (now.rows.front() == before && !written.has_value())) << now.rows.front();
    }
    heal();
    settle();
    ASSERT_TRUE(run_on(0, [&group](NodeCore&) { return group.join(); }).has_value());
  }
  EXPECT_TRUE(left_something);
  EXPECT_GT(core(1).sweeper().statistics().ended + core(2).sweeper().statistics().ended, 0u);
}

}  // namespace
}  // namespace latium::sim
