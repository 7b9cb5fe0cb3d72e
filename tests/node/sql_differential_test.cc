// Random statements to a cluster and to SQLite itself: rows, errors, counts and what is there in the end are the same. Each
// statement, or transaction, goes to the next node.
#include <gtest/gtest.h>

#include "tests/node/clusters_over_sites.h"
#include "tests/sql/differential.h"

namespace latium {
namespace {

// With --statements=10000 so many, by the same seeds and those after them.
void compare(std::vector<Node>& nodes, const std::string& placement, std::size_t statements,
             Consistency reads = Consistency::quorum) {
  constexpr std::size_t kEach = 200;
  const std::uint64_t seeds = testing::statements_to_compare(statements) / kEach;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const std::string tenant = "t" + std::to_string(seed);
    const auto created = nodes[0].create_tenant(tenant, {.placement = placement, .partitions = 4});
    ASSERT_TRUE(created.has_value()) << created.error().message;
    std::vector<SqlSession> sessions;
    for (Node& node : nodes) {
      auto session = node.database(tenant)->sql({.reads = reads, .timeout = std::chrono::seconds(30)});
      ASSERT_TRUE(session.has_value()) << session.error().message;
      sessions.push_back(*std::move(session));
    }
    std::size_t turn = 0;
    const auto run = [&](const std::string& sql) {
      if (!sessions[turn].in_transaction()) turn = (turn + 1) % sessions.size();
      return sessions[turn].execute(sql);
    };
    const auto difference = testing::compare_with_sqlite(seed, kEach, run, {.numbers = false, .indexes = true, .tables = true});
    ASSERT_FALSE(difference.has_value()) << *difference;
  }
}

TEST(SqlDifferentialTest, OnOneNode) {
  ClusterOverSites cluster({"rennes"});
  compare(cluster.nodes, "rennes:1", 400);
}

// Which are never behind what the node has committed.
TEST(SqlDifferentialTest, OnOneNodeByLocalReads) {
  ClusterOverSites cluster({"rennes"});
  compare(cluster.nodes, "rennes:1", 2000, Consistency::local);
}

TEST(SqlDifferentialTest, OnThreeNodesInThreeSites) {
  ClusterOverSites cluster({"rennes", "nantes", "lille"});
  compare(cluster.nodes, "rennes:1,nantes:1,lille:1", 600);
}

}  // namespace
}  // namespace latium
