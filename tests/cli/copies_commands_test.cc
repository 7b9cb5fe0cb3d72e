// `latium status --wait-converged`, `verify` and `audit` against one node; tests/daemon has clusters.
#include "tests/cli/node_fixture.h"

namespace latium::cli {
namespace {

class CopiesCommands : public NodeFixture {
 protected:
  void SetUp() override {
    NodeFixture::SetUp();
    ASSERT_EQ(run({"kv", "put", "acme/b", "k", "v"}).status, 0);
  }
};

TEST_F(CopiesCommands, ANodeAloneHasConverged) {
  const auto waited = run({"--json", "status", "--wait-converged", "--within", "5s"});
  ASSERT_EQ(waited.status, 0) << waited.err;
  EXPECT_EQ(waited.json()["remembered"], 0);
  EXPECT_EQ(waited.json()["state"], "serving");
  EXPECT_FALSE(run({"--json", "status"}).json().contains("remembered")) << "only who waited knows it";
  const auto text = run({"status", "--wait-converged"});
  EXPECT_EQ(text.status, 0);
  EXPECT_NE(text.out.find("remembered"), std::string::npos);
}

TEST_F(CopiesCommands, VerifySaysWhatWasLookedAt) {
  const auto verified = run({"--json", "verify", "acme"});
  ASSERT_EQ(verified.status, 0) << verified.err;
  EXPECT_EQ(verified.json()["address"], address_);
  EXPECT_EQ(verified.json()["partitions"], 0) << "there is nothing to compare one copy with";
  EXPECT_EQ(verified.json()["wrong"], nlohmann::json::array());
  EXPECT_NE(run({"verify", "acme"}).out.find("all trees are right"), std::string::npos);
}

TEST_F(CopiesCommands, AuditSaysWhatWasLookedAt) {
  const auto audited = run({"--json", "audit", "placement", "acme"});
  ASSERT_EQ(audited.status, 0) << audited.err;
  EXPECT_GE(audited.json()["looked_at"], 1);
  EXPECT_EQ(audited.json()["found"], nlohmann::json::array());
  EXPECT_NE(run({"audit", "placement", "acme"}).out.find("all may be there"), std::string::npos);
}

TEST_F(CopiesCommands, WrongUsageIsRefused) {
  const std::vector<std::vector<std::string>> wrong = {
      {"status", "--within", "5s"},  // it is of the waiting
      {"status", "--wait-converged", "--within", "soon"},
      {"verify"},
      {"verify", "acme", "more"},
      {"verify", "\xff"},
      {"audit"},
      {"audit", "acme"},
      {"audit", "placement"},
      {"audit", "placement", "\xff"},
  };
  for (const auto& arguments : wrong) {
    const auto refused = run(arguments);
    EXPECT_EQ(refused.status, 2) << arguments.back();
    EXPECT_TRUE(refused.is_one_line_error()) << refused.err;
  }
}

TEST_F(CopiesCommands, AnUnknownTenantIsRefusedByName) {
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"verify", "nobody"}, {"audit", "placement", "nobody"}}) {
    const auto refused = run(command);
    EXPECT_EQ(refused.status, 1);
    EXPECT_TRUE(refused.is_one_line_error()) << refused.err;
    EXPECT_NE(refused.err.find("nobody"), std::string::npos) << refused.err;
    EXPECT_NE(refused.err.find(address_), std::string::npos) << "which node says so";
  }
}

TEST_F(CopiesCommands, WithoutANodeTheyAreUnavailable) {
  stop_node();
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"--timeout", "1s", "verify", "acme"}, {"--timeout", "1s", "status", "--wait-converged"}}) {
    const auto refused = run(command);
    EXPECT_EQ(refused.status, 3) << refused.err;
    EXPECT_TRUE(refused.is_one_line_error()) << refused.err;
  }
}

}  // namespace
}  // namespace latium::cli
