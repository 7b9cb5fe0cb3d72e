// `latium bench register` against a node.
#include <gtest/gtest.h>

#include "tests/cli/node_fixture.h"

namespace latium::cli {
namespace {

using BenchRegisterTest = NodeFixture;

TEST_F(BenchRegisterTest, WritesAndReadsAreCounted) {
  const Outcome outcome =
      run({"--json", "bench", "register", "acme", "--clients", "4", "--seconds", "1", "--keys", "8", "--reads", "50"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_GT(outcome.json()["writes"]["operations"], 0);
  EXPECT_GT(outcome.json()["reads"]["operations"], 0);
  EXPECT_EQ(outcome.json()["writes"]["errors"], 0);
}

TEST_F(BenchRegisterTest, WrongUseIsRefused) {
  for (const std::vector<std::string>& wrong :
       {std::vector<std::string>{"--clients", "0"}, {"--clients", "8", "--keys", "7"}, {"--seconds", "0"}, {"--reads", "101"}}) {
    std::vector<std::string> args{"bench", "register", "acme"};
    args.insert(args.end(), wrong.begin(), wrong.end());
    EXPECT_EQ(run(args).status, 2) << wrong[0];
  }
  EXPECT_EQ(run({"bench", "register", "nobody"}).status, 1);
}

}  // namespace
}  // namespace latium::cli
