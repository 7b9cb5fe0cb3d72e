// `latium faults` against a node that takes fault rules, and one that does not.
#include "tests/cli/node_fixture.h"

namespace latium::cli {
namespace {

class FaultsCommand : public NodeFixture {
 protected:
  void SetUp() override {
    enable_faults_ = true;
    NodeFixture::SetUp();
  }
};

TEST_F(FaultsCommand, SetsRulesAndLiftsThem) {
  const auto set = run({"faults", "--json", "--rules",
                        R"([{"site":"paris","address":["127.0.0.1:1"],"cut":true},{"node_id":["00ff"],"delay_ms":40}])"});
  ASSERT_EQ(set.status, 0) << set.err;
  EXPECT_EQ(set.json(), (nlohmann::json{{"rules", 2}}));
  EXPECT_EQ(run({"kv", "put", "acme/b", "k", "v"}).status, 0) << "clients are not cut";
  EXPECT_EQ(run({"faults", "--rules", "[]"}).out, "fault rules in force: 0\n");
}

TEST_F(FaultsCommand, ANodeWithoutTheOptionNamesIt) {
  stop_node();
  enable_faults_ = false;
  restart_node();
  const auto refused = run({"faults", "--json", "--rules", "[]"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_TRUE(refused.is_one_line_error());
  EXPECT_EQ(refused.error_json()["code"], "unsupported");
  EXPECT_NE(refused.err.find("--enable-faults"), std::string::npos);
}

TEST_F(FaultsCommand, WrongRulesAreRefusedByName) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"", "array"},
      {"{}", "array"},
      {"[1]", "object"},
      {R"([{"colour":1}])", "colour"},
      {R"([{"site":1,"cut":true}])", "site"},
      {R"([{"site":"p","cut":1}])", "cut"},
      {R"([{"site":"p","delay_ms":-1}])", "delay_ms"},
      {R"([{"site":"p","delay_ms":60001}])", "delay_ms"},
      {R"([{"address":"127.0.0.1:1","cut":true}])", "address"},
      {R"([{"node_id":["xyz"],"cut":true}])", "node_id"},
      // By the node:
      {R"([{"site":"p","cut":true},{"address":["nowhere"],"cut":true}])", "rule 1"},
      {R"([{"cut":true}])", "no peer"},
      {R"([{"site":"p"}])", "no effect"},
  };
  for (const auto& [rules, word] : wrong) {
    const auto refused = run({"faults", "--rules", rules});
    EXPECT_EQ(refused.status, 2) << rules;
    EXPECT_TRUE(refused.is_one_line_error()) << rules;
    EXPECT_NE(refused.err.find(word), std::string::npos) << refused.err;
  }
}

TEST_F(FaultsCommand, IsNotInTheHelp) {
  EXPECT_EQ(run({"--help"}).out.find("faults"), std::string::npos);
}

}  // namespace
}  // namespace latium::cli
