// `latium bench ycsb` against a node.
#include <gtest/gtest.h>

#include "tests/cli/node_fixture.h"

namespace latium::cli {
namespace {

class BenchYcsb : public NodeFixture {
 protected:
  Outcome bench(const std::string& workload, const std::vector<std::string>& more = {}, const std::string& clients = "4") {
    std::vector<std::string> args = {"--json", "bench",         "ycsb",  "acme/y", "--workload", workload,
                                     "--keys", "300",           "--ops", "600",    "--load",     "--clients",
                                     clients,  "--value-bytes", "32",    "--w",    "quorum"};
    args.insert(args.end(), more.begin(), more.end());
    return run(args);
  }
};

TEST_F(BenchYcsb, EveryWorkloadDoesItsMix) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> workloads = {
      {"a", {"reads", "updates"}}, {"b", {"reads", "updates"}}, {"c", {"reads"}},
      {"d", {"reads", "inserts"}}, {"e", {"scans", "inserts"}}, {"f", {"reads", "read_modify_writes"}},
      {"w", {"updates"}}};
  for (const auto& [workload, kinds] : workloads) {
    const Outcome outcome = bench(workload);
    ASSERT_EQ(outcome.status, 0) << workload << outcome.err;
    const auto json = outcome.json();
    EXPECT_EQ(json["workload"], workload);
    EXPECT_EQ(json["operations"], 600) << workload;
    EXPECT_EQ(json["errors"], 0) << workload;
    EXPECT_EQ(json["ended"], "operations");
    ASSERT_EQ(json["kinds"].size(), kinds.size()) << workload;
    int together = 0;
    for (const std::string& name : kinds) {
      const auto& kind = json["kinds"][name];
      EXPECT_GT(kind["operations"], 0) << workload << name;
      EXPECT_EQ(kind["misses"], 0) << workload << name;
      EXPECT_EQ(kind["replicas_asked"], name == "read_modify_writes" ? 2 : 1) << workload << name;
      for (const char* field : {"rate", "mean_us", "p50_us", "p99_us", "p999_us", "max_us", "error_codes", "errors"}) {
        EXPECT_TRUE(kind.contains(field)) << field;
      }
      together += kind["operations"].get<int>();
    }
    EXPECT_EQ(together, 600) << workload;
  }
}

TEST_F(BenchYcsb, InsertsAddKeysAndScansFindThem) {
  const auto json = bench("e").json();
  const auto inserted = json["kinds"]["inserts"]["operations"].get<std::uint64_t>();
  EXPECT_EQ(run({"kv", "scan", "acme/y", "--keys-only", "--json"}).out.find("key0000000300") != std::string::npos, inserted > 0);
  char last[16];
  std::snprintf(last, sizeof last, "key%010u", static_cast<unsigned>(299 + inserted));
  EXPECT_EQ(run({"kv", "get", "acme/y", last}).status, 0);
  const double keys_a_scan = json["kinds"]["scans"]["keys"].get<double>() / json["kinds"]["scans"]["operations"].get<double>();
  EXPECT_GT(keys_a_scan, 20);
  EXPECT_LE(keys_a_scan, 60);
}

TEST_F(BenchYcsb, TheCostIsOfTheWritesAlone) {
  auto cost = bench("w", {}, "1").json()["cost"];
  EXPECT_EQ(cost["messages"], 0);  // there is one node
  EXPECT_GE(cost["log_syncs_per_write"], 0.9);
  EXPECT_LE(cost["log_syncs_per_write"], 1.1);
  cost = bench("c").json()["cost"];
  EXPECT_LE(cost["log_syncs"], 10);
  EXPECT_EQ(cost["log_syncs_per_write"], 0);
  cost = bench("w", {"--durability", "buffered"}).json()["cost"];
  EXPECT_LE(cost["log_syncs"], 10);
}

TEST_F(BenchYcsb, TheCostIsOfAllNodes) {
  ASSERT_EQ(run({"tenant", "drop", "acme"}).status, 0);
  NodeOptions options;
  options.data_dir = path("second");
  options.site = "rennes";
  options.seeds = {address_};
  options.listen = "127.0.0.1:0";
  options.log.level = "error";
  auto second = Node::open(std::move(options));
  ASSERT_TRUE(second) << second.error().message;
  ASSERT_EQ(run({"tenant", "create", "two", "--placement", "rennes:2"}).status, 0);
  const auto cost_of = [this](const char* workload) {
    return run({"--json", "bench", "ycsb", "two/y", "--workload", workload, "--keys", "100", "--ops", "500", "--load", "--w",
                "all"})
        .json()["cost"];
  };
  // One client: each write is a request to the other node and its answer, and a sync of each. What clients send is not in it: it
  // would add about half as much again.
  auto cost = cost_of("w");
  EXPECT_GE(cost["messages_per_operation"], 2);
  EXPECT_LE(cost["messages_per_operation"], 2.5);
  EXPECT_GE(cost["bytes_per_operation"], 150);
  EXPECT_LE(cost["bytes_per_operation"], 320);
  EXPECT_GE(cost["log_syncs_per_write"], 1.9);
  EXPECT_LE(cost["log_syncs_per_write"], 2.1);
  // A read of a majority, two of two.
  cost = cost_of("c");
  EXPECT_GE(cost["messages_per_operation"], 2);
  EXPECT_LE(cost["messages_per_operation"], 2.5);
  EXPECT_LE(cost["bytes_per_operation"], 200);
  EXPECT_TRUE(second->stop());
}

TEST_F(BenchYcsb, AModifiedValueReplacesWhatWasRead) {
  ASSERT_EQ(run({"bench", "ycsb", "acme/~s", "--workload", "f", "--keys", "1", "--ops", "40", "--load"}).status, 0);
  // Of a bucket that keeps siblings: had the context not been given back, each write would have stayed.
  EXPECT_EQ(run({"kv", "get", "acme/~s", "key0000000000", "--json"}).json()["values"].size(), 1u);
}

TEST_F(BenchYcsb, ClientsAreSpreadOverNodes) {
  const Outcome outcome = bench("a", {"--also", address_ + "," + address_});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.json()["options"]["nodes"], 3);
  EXPECT_EQ(outcome.json()["operations"], 600);
  EXPECT_EQ(bench("a", {"--also", "127.0.0.1:1"}).status, 3);
}

TEST_F(BenchYcsb, ForPeopleItIsATable) {
  const Outcome outcome = run({"bench", "ycsb", "--workload", "d", "--ops", "200", "--keys", "50", "--load"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  for (const char* text : {"KIND", "reads", "inserts", "P99.9", "workload d, latest keys", "syncs a write"}) {
    EXPECT_NE(outcome.out.find(text), std::string::npos) << text << outcome.out;
  }
}

TEST_F(BenchYcsb, KeysMustBeThere) {
  const Outcome outcome = run({"bench", "ycsb", "acme/none", "--workload", "c", "--ops", "5", "--keys", "5"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("--load"), std::string::npos);
}

TEST_F(BenchYcsb, WrongUseIsRefused) {
  const std::vector<std::vector<std::string>> wrong = {{"--workload", "g"},
                                                       {"--workload", "ab"},
                                                       {},
                                                       {"--workload", "a", "--clients", "0"},
                                                       {"--workload", "a", "--clients", "1", "--also", address_},
                                                       {"--workload", "a", "--keys", "0"},
                                                       {"--workload", "a", "--value-bytes", "16777217"},
                                                       {"--workload", "a", "--w", "two"},
                                                       {"--workload", "a", "--r", "most"},
                                                       {"--workload", "e", "--r", "all"},
                                                       {"--workload", "a", "--durability", "later"},
                                                       {"--workload", "a", "--distribution", "normal"},
                                                       {"--workload", "a", "--duration", "soon"},
                                                       {"--workload", "a", "--duration", "1s", "--ops", "5"},
                                                       {"--workload", "a", "--also", "nowhere"}};
  for (const auto& more : wrong) {
    std::vector<std::string> args = {"bench", "ycsb", "acme/y"};
    args.insert(args.end(), more.begin(), more.end());
    const Outcome outcome = run(args);
    EXPECT_EQ(outcome.status, 2) << testing::PrintToString(more) << outcome.err;
    EXPECT_TRUE(outcome.is_one_line_error()) << outcome.out << outcome.err;
  }
  EXPECT_EQ(run({"bench", "ycsb", "nobody/y", "--workload", "a"}).status, 1);
}

TEST_F(BenchYcsb, AnInterruptionEndsItInGoodOrder) {
  interrupted_ = true;
  const Outcome outcome = run({"--json", "bench", "ycsb", "acme/y", "--workload", "w", "--duration", "1h", "--keys", "10"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.json()["ended"], "interrupted");
}

}  // namespace
}  // namespace latium::cli
