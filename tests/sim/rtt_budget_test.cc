// What a register costs in round trips between sites: counted by the node, and as it shows in time and on the network.
#include "tests/sim/rtt_cluster.h"

namespace latium::sim {
namespace {

using RttBudgetTest = RttCluster;

TEST_F(RttBudgetTest, WhoMakesARegisterAndChangesItNeedsOneEachTime) {
  for (const char* value : {"1", "2", "3"}) {
    const auto next = write({"k"}, value);
    ASSERT_EQ(next.size(), 1u);
    ASSERT_TRUE(next[0].ok());
    expect_round_trips(1, next[0].stats());
  }
}

TEST_F(RttBudgetTest, ARegisterThatIsMadeAgainIsOne) {
  for (int time = 0; time < 3; ++time) {
    const auto made = write({"k"}, "1");
    ASSERT_EQ(made.size(), 1u);
    expect_round_trips(1, made[0].stats());
    client::RegisterCasRequest removal;
    removal.set_tenant("acme");
    removal.set_key("k");
    removal.set_expect(client::RegisterCasRequest::EXPECT_ANYTHING);
    const auto removed = ask<client::RegisterCasResponse>(wire::METHOD_REGISTER_CAS, std::vector{removal});
    ASSERT_EQ(removed.size(), 1u);
    expect_round_trips(1, removed[0].stats());
    settle();  // collected
  }
}

// Three where that is not known yet: one in vain, then a prepare and an accept. Two where it is.
TEST_F(RttBudgetTest, WithAReplicaAwayAFirstWriteIsThreeAndThenTwo) {
  cut_off(2);
  const auto first = write({"k"}, "1");
  ASSERT_EQ(first.size(), 1u);
  ASSERT_TRUE(first[0].ok());
  EXPECT_EQ(first[0].stats().wan_round_trips(), 3u);
  EXPECT_LT(elapsed_, 4 * kRoundTrip + kRoundTrip / 2) << "the one that is away is waited for as long as a round trip";
  pass(seconds(20));
  const auto second = write({"other"}, "1");
  ASSERT_EQ(second.size(), 1u);
  expect_round_trips(2, second[0].stats());
}

TEST_F(RttBudgetTest, AReadOfReplicasThatAgreeIsOne) {
  ASSERT_EQ(write({"k"}, "1").size(), 1u);
  settle();
  const auto found = read("k", false);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].value(), "1");
  expect_round_trips(1, found[0].stats());
}

TEST_F(RttBudgetTest, ALocalReadIsNone) {
  ASSERT_EQ(write({"k"}, "1").size(), 1u);
  settle();
  const auto found = read("k", true);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].value(), "1");
  expect_round_trips(0, found[0].stats());
  EXPECT_EQ(found[0].stats().round_trips(), 0u);
}

TEST_F(RttBudgetTest, AHundredRegistersTakeTheRoundTripsAndMessagesOfAFew) {
  ASSERT_EQ(write({"one"}, "1").size(), 1u);
  const int messages_of_one = messages_;
  settle();
  std::vector<std::string> keys;
  keys.reserve(100);
  for (int i = 0; i < 100; ++i) keys.push_back("key" + std::to_string(i));
  const auto written = write(keys, "1");
  ASSERT_EQ(written.size(), keys.size());
  for (const auto& response : written) {
    EXPECT_TRUE(response.ok());
    expect_round_trips(1, response.stats());
  }
  // They reach node 0 one by one. The first few go as they come, the others together, a moment later.
  EXPECT_LE(messages_, 10 * messages_of_one) << "one register took " << messages_of_one;
}

}  // namespace
}  // namespace latium::sim
