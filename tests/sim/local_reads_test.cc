// Local reads of a node that has a replica: never behind what the node itself has committed, without a round trip between sites.
#include <vector>

#include "tests/sim/row_cluster.h"

namespace latium::sim {
namespace {

class LocalReadsTest : public RowCluster {
 protected:
  /// The rows of the range "row0" to "row9", read by their keys too; wan_ is what that cost.
  std::vector<Bytes> read(std::size_t node, Reading how = Reading::local, Duration time = seconds(10)) {
    rows_.clear();
    const auto done = run_on(node, [=, this](NodeCore& core) { return read_rows(core, how, time); });
    if (!done) return {done.error().message};
    return rows_;
  }

  std::uint32_t wan_ = 0;

 private:
  Task<void> read_rows(NodeCore& core, Reading how, Duration time) {
    Transaction transaction(core.transactions(), {.reading = how, .check_read_only = false});
    std::vector<PartitionId> partitions;
    for (std::uint16_t i = 0; i < partitions_; ++i) partitions.push_back(PartitionId{i});
    LATIUM_CO_TRY(const auto page, co_await transaction.range(tenant_, partitions, {"row0", "row:"}, 100, within(core, time)));
    for (const auto& found : page.rows) rows_.push_back(found.row);
    LATIUM_CO_CHECKED(co_await transaction.commit(within(core, time)));
    wan_ = transaction.stats().wan_round_trips;
    co_return Result<void>();
  }

  std::vector<Bytes> rows_;
};

using Rows = std::vector<Bytes>;

// Right after the commit the replica here has intents at most, and has been told of nothing.
TEST_F(LocalReadsTest, SeeAtOnceWhatTheNodeHasCommitted) {
  for (const std::string value : {"1", "2", "3"}) {
    ASSERT_TRUE(write(0, 3, value).has_value());
    EXPECT_EQ(read(0), (Rows{value, value, value}));
    EXPECT_EQ(wan_, 0u);
  }
  settle();
  EXPECT_EQ(read(0), (Rows{"3", "3", "3"}));
  EXPECT_EQ(wan_, 0u);
  EXPECT_TRUE(core(0).transactions().committed.empty()) << "the replica has it, so it is not kept any more";
}

TEST_F(LocalReadsTest, GoOnWhileTheNodeIsCutOff) {
  ASSERT_TRUE(write(0, 2, "1").has_value());
  cut_off(0);
  EXPECT_EQ(read(0), (Rows{"1", "1"}));
  settle();
  EXPECT_EQ(read(0), (Rows{"1", "1"}));
  EXPECT_EQ(wan_, 0u);
}

// It is known to nobody whether it was committed; whoever reads afterwards is told, and the rows are not in the way for ever.
TEST_F(LocalReadsTest, FindOutWhatBecameOfACommitWithoutAnAnswer) {
  for (const std::size_t rows : {1, 3}) {
    const auto begun = write(0, rows, "before");
    ASSERT_TRUE(begun.has_value()) << rows << " rows: " << begun.error().message;
    settle();
    // At different moments of the commit: before, within and after the first round trip.
    for (const Duration at : {milliseconds(20), milliseconds(60), milliseconds(90), milliseconds(110)}) {
      std::optional<Result<void>> ended;
      TaskGroup group(core(0).runtime().executor, 1);
      ASSERT_TRUE(group.spawn(cut_off_after(core(0), 0, at)).has_value());
      ended = write(0, rows, "after", seconds(1));
      pass(seconds(1));
      heal();
      ASSERT_TRUE(run_on(0, [&group](NodeCore&) { return group.join(); }).has_value());
      const Rows here = read(0);
      EXPECT_EQ(here, read(1, Reading::latest)) << rows << " rows";
      if (ended->has_value()) EXPECT_EQ(here, Rows(rows, "after"));
      settle();
      EXPECT_EQ(read(0), here);
      EXPECT_EQ(wan_, 0u) << "it is known by now";
      // What a minority has taken may still come to be, with the next change of its row: a conflict then, once a row at most.
      auto again = write(0, rows, "before");
      for (std::size_t i = 0; i < rows && !again && again.error().code == ErrorCode::conflict; ++i) {
        again = write(0, rows, "before");
      }
      ASSERT_TRUE(again.has_value()) << rows << " rows, cut off after " << at.count() / 1'000'000
                                     << " ms: " << again.error().message;
      settle();
    }
  }
}

TEST_F(LocalReadsTest, FindWhatWasMissedOnceSomebodyAskedForTheLatest) {
  ASSERT_TRUE(write(0, 2, "1").has_value());
  settle();
  cut_off(1);
  ASSERT_TRUE(write(0, 2, "2").has_value());
  settle();
  heal();
  settle();
  EXPECT_EQ(read(1, Reading::latest), (Rows{"2", "2"}));
  settle();
  EXPECT_EQ(read(1), (Rows{"2", "2"}));
  EXPECT_EQ(wan_, 0u);
}

// A conflict because of a local read that was old: done again, it does not read the same once more.
TEST_F(LocalReadsTest, AreNotOldTwice) {
  ASSERT_TRUE(write(1, 1, "1").has_value());
  settle();
  cut_off(1);
  ASSERT_TRUE(write(0, 1, "2").has_value());
  settle();
  heal();
  const auto first = write(1, 1, "3");
  ASSERT_FALSE(first.has_value());
  EXPECT_EQ(first.error().code, ErrorCode::conflict) << first.error().message;
  const auto again = write(1, 1, "3");
  EXPECT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(read(1), Rows{"3"});
}

// A majority has all that was acknowledged: the site that is cut off is not waited for.
TEST_F(LocalReadsTest, RangesOfTheLatestStateDoNotWaitForASiteThatIsCutOff) {
  ASSERT_TRUE(write(0, 2, "1").has_value());
  settle();
  cut_off(2);
  EXPECT_EQ(read(0, Reading::latest), (Rows{"1", "1"}));
  EXPECT_LT(elapsed_, seconds(1));
}

}  // namespace
}  // namespace latium::sim
