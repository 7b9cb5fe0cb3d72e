// What a boot costs in round trips between sites.
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "examples/fog_controllers/controller.h"
#include "examples/fog_controllers/latium_databases.h"
#include "latium/latium.h"
#include "tests/support/temp_directory.h"

namespace fog {
namespace {

// Passes all on, and counts round trips between sites.
class Counted final : public Databases {
 public:
  Counted(Databases& inner, const Trace& trace) : inner_(inner) {
    for (const Shape& shape : trace.shapes) kinds_.emplace(shape.sql, shape.kind);
  }

  Result<Answer> run(const std::string& database, const std::string& sql, std::vector<Value> parameters) override {
    auto answer = inner_.run(database, sql, std::move(parameters));
    if (sql == "BEGIN" || sql == "ROLLBACK") {
      wrote_ = false;
    } else if (sql == "COMMIT") {
      if (answer && wrote_) {
        ++commits;
        commit_trips += answer->cost.wan_round_trips;
      } else if (answer) {
        other_trips += answer->cost.wan_round_trips;
      }
    } else {
      const auto kind = kinds_.find(sql);
      wrote_ = wrote_ || (answer && answer->changes > 0 && kind != kinds_.end() && kind->second != Kind::select);
      if (answer) other_trips += answer->cost.wan_round_trips;
    }
    return answer;
  }

  std::int64_t commits = 0;       ///< of transactions that wrote
  std::int64_t commit_trips = 0;  ///< of all of them
  std::int64_t other_trips = 0;   ///< of statements, and of commits of what only read

 private:
  Databases& inner_;
  std::map<std::string, Kind> kinds_;
  bool wrote_ = false;
};

class BudgetTest : public testing::Test {
 protected:
  static constexpr int kBoots = 3;

  void SetUp() override {
    auto read = read_trace_file(FOG_TRACE);
    ASSERT_TRUE(read.has_value()) << read.error().message;
    trace_ = *std::move(read);
    for (const std::string site : {"rennes", "paris", "lyon"}) {
      latium::NodeOptions options{.data_dir = directory_ / site,
                                  .site = site,
                                  .bootstrap = nodes_.empty(),
                                  .listen = "127.0.0.1:0",
                                  .log = {.level = "error"}};
      if (!nodes_.empty()) options.seeds = {nodes_[0].status().listen};
      auto opened = latium::Node::open(std::move(options));
      ASSERT_TRUE(opened.has_value()) << opened.error().message;
      nodes_.push_back(*std::move(opened));
    }
  }

  void boot(const std::string& placement, latium::SqlOptions options) {
    for (const std::string& database : trace_.databases()) {
      const auto made = nodes_[0].create_tenant(tenant_of(database, "rennes"), {.placement = placement, .partitions = 16});
      ASSERT_TRUE(made.has_value()) << made.error().message;
    }
    auto opened = LatiumDatabases::open(nodes_[0], trace_, "rennes", options);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    LatiumDatabases databases = *std::move(opened);
    const auto filled = databases.fill(trace_);
    ASSERT_TRUE(filled.has_value()) << filled.error().message;
    counted_ = std::make_unique<Counted>(databases, trace_);
    Controller controller(trace_, *counted_, {.site = "rennes"});
    for (int i = 0; i < kBoots; ++i) ASSERT_TRUE(controller.boot()) << controller.tally().problem;
    EXPECT_EQ(controller.tally().stale, 0);
    EXPECT_EQ(controller.tally().retries, 0);
    RecordProperty("commits", std::to_string(counted_->commits));
    RecordProperty("commit_trips", std::to_string(counted_->commit_trips));
  }

  latium::TempDirectory directory_;
  std::vector<latium::Node> nodes_;
  Trace trace_;
  std::unique_ptr<Counted> counted_;
};

TEST_F(BudgetTest, WithReplicasAtThreeSitesReadsCostNothingAndCommitsOne) {
  boot("rennes:1,paris:1,lyon:1", {.serializable = false, .timeout = std::chrono::seconds(30)});
  if (HasFatalFailure()) return;
  EXPECT_EQ(counted_->other_trips, 0);
  EXPECT_GT(counted_->commits, 20 * kBoots);
  // Also where rows or index entries come that never were there.
  EXPECT_LE(counted_->commit_trips, counted_->commits);
}

TEST_F(BudgetTest, WithAllReplicasAtHomeNothingLeavesTheSite) {
  boot("rennes:1", {.timeout = std::chrono::seconds(30)});
  if (HasFatalFailure()) return;
  EXPECT_EQ(counted_->other_trips + counted_->commit_trips, 0);
  EXPECT_GT(counted_->commits, 20 * kBoots);
}

}  // namespace
}  // namespace fog
