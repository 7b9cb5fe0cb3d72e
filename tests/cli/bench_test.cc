// The benchmark against a node: that it counts what happened, and that its log finds what is lost.
#include <thread>

#include "node/cli/acked_log.h"
#include "tests/cli/node_fixture.h"

namespace latium::cli {
namespace {

class Bench : public NodeFixture {};

TEST_F(Bench, CountsWhatItDid) {
  const Outcome outcome = run({"bench",         "kv",      "acme/b",       "--load",    "--keys",    "500",        "--ops",
                               "2000",          "--reads", "75",           "--clients", "2",         "--pipeline", "8",
                               "--value-bytes", "32",      "--durability", "buffered",  "--zipfian", "0.99",       "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto json = outcome.json();
  EXPECT_EQ(json["operations"], 2000);
  EXPECT_EQ(json["errors"], 0);
  EXPECT_EQ(json["reads"]["operations"].get<int>() + json["writes"]["operations"].get<int>(), 2000);
  EXPECT_NEAR(json["reads"]["operations"].get<int>(), 1500, 150);
  EXPECT_EQ(json["reads"]["misses"], 0);
  EXPECT_EQ(json["ended"], "operations");
  EXPECT_LE(json["p50_us"], json["p99_us"]);
  EXPECT_LE(json["p99_us"], json["max_us"]);
  EXPECT_EQ(run({"kv", "get", "acme/b", "key0000000499"}).out.size(), 33u);
  EXPECT_NE(run({"bench", "kv", "acme/b", "--ops", "100"}).out.find("KIND"), std::string::npos);
}

TEST_F(Bench, HasATenantOfItsOwn) {
  for (int i = 0; i < 2; ++i) EXPECT_EQ(run({"bench", "kv", "--ops", "50", "--reads", "0"}).status, 0);
  EXPECT_EQ(run({"tenant", "describe", "bench", "--json"}).json()["buckets"], (nlohmann::json{"kv"}));
}

TEST_F(Bench, ReadsNeedSomethingToRead) {
  const Outcome outcome = run({"bench", "kv", "acme/none", "--ops", "10", "--reads", "100"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("--load"), std::string::npos);
}

TEST_F(Bench, TheLogHoldsEveryAcknowledgedWrite) {
  Outcome outcome =
      run({"bench", "kv", "acme/b", "--keys", "200", "--ops", "1000", "--reads", "0", "--acked-log", path("log"), "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.json()["acknowledged"], 1000);
  const std::string text = read("log");
  EXPECT_EQ(std::ranges::count(text, '\n'), 1000);
  const std::string keys = std::to_string(parse_acked_log(text)->size());
  const std::vector<std::string> check = {"bench", "check", "acme/b", "--acked-log", path("log")};
  outcome = run(check);
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out, "acknowledged " + keys + ", missing 0, stale 0\n");

  const std::string key = text.substr(0, text.find(' '));
  ASSERT_EQ(run({"kv", "delete", "acme/b", key}).status, 0);
  outcome = run(check);
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.out, "acknowledged " + keys + ", missing 1, stale 0\n");
  EXPECT_EQ(outcome.err, "missing " + key + "\n");

  ASSERT_EQ(run({"kv", "put", "acme/b", key, "0000000000000001"}).status, 0);
  auto json_check = check;
  json_check.emplace_back("--json");
  outcome = run(json_check);
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.json()["stale_keys"], (nlohmann::json{key}));
  EXPECT_EQ(outcome.json()["missing"], 0);
}

TEST_F(Bench, ALostBucketIsAllMissing) {
  write("log", "key0000000001 5\n");
  const Outcome outcome = run({"bench", "check", "acme/lost", "--acked-log", path("log")});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.out, "acknowledged 1, missing 1, stale 0\n");
  EXPECT_EQ(run({"bench", "check", "acme/lost", "--acked-log", path("none")}).status, 2);
}

TEST_F(Bench, WhatWasAcknowledgedOutlivesTheNode) {
  // Stops the node once some writes are acknowledged.
  std::atomic<bool> ended{false};
  std::thread stopper([this, &ended] {
    while (!ended && std::ranges::count(read("log"), '\n') < 200) std::this_thread::yield();
    stop_node();
  });
  const std::string address = address_;
  const std::vector<std::string> args = {"bench",     "kv",     "acme/b",     "--keys", "1000",
                                         "--reads",   "10",     "--duration", "1h",     "--acked-log",
                                         path("log"), "--json", "--node",     address,  "--until-unavailable"};
  const Outcome outcome = run(args);
  ended = true;
  stopper.join();
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.json()["ended"], "unavailable");
  EXPECT_EQ(outcome.json()["acknowledged"], std::ranges::count(read("log"), '\n'));
  restart_node();
  const Outcome check = run({"bench", "check", "acme/b", "--acked-log", path("log")});
  EXPECT_EQ(check.status, 0) << check.out << check.err;
}

TEST_F(Bench, AnInterruptionEndsItInGoodOrder) {
  interrupted_ = true;
  const Outcome outcome = run({"bench", "kv", "acme/b", "--duration", "1h", "--reads", "0", "--json"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.json()["ended"], "interrupted");
}

}  // namespace
}  // namespace latium::cli
