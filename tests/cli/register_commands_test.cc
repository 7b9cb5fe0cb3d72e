// `latium register`, `lock`, `topology` and `ring` against a node.
#include <gtest/gtest.h>

#include "tests/cli/node_fixture.h"

namespace latium::cli {
namespace {

using RegisterCommandsTest = NodeFixture;

TEST_F(RegisterCommandsTest, CasWritesWhatItExpectsAndGetReadsIt) {
  EXPECT_EQ(run({"register", "get", "acme", "k"}).status, 1);
  const Outcome made = run({"--json", "register", "cas", "acme", "k", "--absent", "--value", "v1"});
  ASSERT_EQ(made.status, 0) << made.err;
  EXPECT_TRUE(made.json()["ok"]);
  const Outcome refused = run({"--json", "register", "cas", "acme", "k", "--absent", "--value", "v2"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_EQ(refused.json()["value"], "v1");
  EXPECT_EQ(refused.json()["version"], made.json()["version"]);
  ASSERT_EQ(run({"register", "cas", "acme", "k", "--expect", "v1", "--value", "v2"}).status, 0);
  const Outcome got = run({"--json", "register", "get", "acme", "k"});
  EXPECT_EQ(got.json()["value"], "v2");
  EXPECT_EQ(got.json()["stats"]["round_trips"], 0) << "the one replica is here";
  // Told lazily that the second was chosen: the first was, for certain.
  const auto local = run({"--json", "register", "get", "acme", "k", "--consistency", "local"}).json()["value"];
  EXPECT_TRUE(local == "v1" || local == "v2") << local;
  const std::uint64_t version = made.json()["version"].get<std::uint64_t>() + 1;
  EXPECT_EQ(run({"register", "cas", "acme", "k", "--expect-version", std::to_string(version), "--delete"}).status, 0);
  EXPECT_EQ(run({"register", "get", "acme", "k"}).status, 1);
}

TEST_F(RegisterCommandsTest, WrongUseIsRefusedInOneLine) {
  for (const auto& args :
       std::vector<std::vector<std::string>>{{"register", "cas", "acme", "k"},
                                             {"register", "cas", "acme", "k", "--value", "v", "--delete"},
                                             {"register", "cas", "acme", "k", "--absent", "--expect", "v", "--value", "v"},
                                             {"register", "get", "acme", "k", "--consistency", "some"},
                                             {"lock", "acquire", "acme", "l", "--ttl", "soon"},
                                             {"lock", "acquire", "acme", "l", "--ttl", "0s"},
                                             {"lock", "renew", "acme", "l"}}) {
    const Outcome outcome = run(args);
    EXPECT_EQ(outcome.status, 2) << args[1];
    EXPECT_TRUE(outcome.is_one_line_error()) << outcome.out << outcome.err;
  }
  const Outcome unknown = run({"register", "get", "nobody", "k"});
  EXPECT_EQ(unknown.status, 1);
  EXPECT_NE(unknown.err.find("tenant create"), std::string::npos) << unknown.err;
  const Outcome large = run({"register", "cas", "acme", "k", "--value", std::string((1u << 20) + 1, 'x')});
  EXPECT_EQ(large.status, 2);
  EXPECT_NE(large.err.find("1 MiB"), std::string::npos);
}

TEST_F(RegisterCommandsTest, ALockHasOneOwnerAndAGrowingToken) {
  const Outcome first = run({"--json", "lock", "acquire", "acme", "l", "--owner", "a", "--ttl", "1h"});
  ASSERT_EQ(first.status, 0) << first.err;
  EXPECT_EQ(first.json()["token"], 1);
  const Outcome second = run({"--json", "lock", "acquire", "acme", "l", "--owner", "b"});
  EXPECT_EQ(second.status, 1);
  EXPECT_FALSE(second.json()["acquired"]);
  EXPECT_EQ(second.json()["owner"], "a");
  EXPECT_EQ(run({"lock", "renew", "acme", "l", "--owner", "a", "--token", "1", "--ttl", "2h"}).status, 0);
  EXPECT_EQ(run({"lock", "renew", "acme", "l", "--owner", "b", "--token", "1"}).status, 1);
  EXPECT_EQ(run({"lock", "show", "acme", "l"}).status, 0);
  EXPECT_EQ(run({"lock", "release", "acme", "l", "--owner", "a", "--token", "1"}).status, 0);
  EXPECT_EQ(run({"lock", "show", "acme", "l"}).status, 1);
  EXPECT_EQ(run({"--json", "lock", "acquire", "acme", "l", "--owner", "b"}).json()["token"], 2);
}

TEST_F(RegisterCommandsTest, TheTopologyAndTheRingAreShown) {
  const Outcome topology = run({"--json", "topology"});
  ASSERT_EQ(topology.status, 0) << topology.err;
  EXPECT_EQ(topology.json()["epoch"], 1);
  EXPECT_EQ(topology.json()["sites"][0]["name"], "rennes");
  EXPECT_EQ(topology.json()["sites"][0]["nodes"][0]["address"], address_);
  EXPECT_EQ(topology.json()["tenants"][0]["name"], "acme");
  const Outcome ring = run({"--json", "ring", "show", "acme", "--key", "k"});
  ASSERT_EQ(ring.status, 0) << ring.err;
  EXPECT_EQ(ring.json()["replicas"][0]["address"], address_);
  EXPECT_EQ(run({"ring", "show", "nobody"}).status, 1);
}

}  // namespace
}  // namespace latium::cli
