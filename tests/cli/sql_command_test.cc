// `latium sql` against a node of this process.
#include "tests/cli/node_fixture.h"

namespace latium::cli {
namespace {

class SqlCommandTest : public NodeFixture {};

TEST_F(SqlCommandTest, StatementsOfTheCommandLineOfAScriptAndOfStdin) {
  EXPECT_EQ(run({"sql", "acme", "-c",
                 "CREATE TABLE hosts (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO hosts (name) VALUES ('n;1')"})
                .status,
            0);
  write("script.sql", "-- a script\nINSERT INTO hosts (name)\n  VALUES ('n2');\n.mode csv\nSELECT name FROM hosts ORDER BY name");
  const Outcome script = run({"sql", "acme", "-f", path("script.sql")});
  EXPECT_EQ(script.status, 0) << script.err;
  EXPECT_EQ(script.out, "name\r\nn2\r\nn;1\r\n");
  const Outcome in = run_with_input({"sql", "acme", "--mode", "table"}, "SELECT id, name FROM hosts ORDER BY id;\n.quit\nSELEC");
  EXPECT_EQ(in.status, 0) << in.err;
  EXPECT_EQ(in.out, "id  name\n--  ----\n1   n;1\n2   n2\n");
}

TEST_F(SqlCommandTest, Json) {
  EXPECT_EQ(run({"sql", "acme", "-c", "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)"}).status, 0);
  const auto added = run({"--json", "sql", "acme", "-c", "INSERT INTO t (b) VALUES ('x'), ('y')"}).json();
  EXPECT_EQ(added["changes"], 2);
  EXPECT_EQ(added["last_insert_id"], 2);
  EXPECT_EQ(added["columns"], nlohmann::json::array());
  const auto rows = run({"--json", "sql", "acme", "-c", "SELECT a, b, NULL AS c FROM t ORDER BY a"}).json();
  EXPECT_EQ(rows["columns"], (nlohmann::json{"a", "b", "c"}));
  EXPECT_EQ(rows["rows"], nlohmann::json::parse(R"([[1,"x",null],[2,"y",null]])"));
  EXPECT_EQ(rows["stats"]["wan_round_trips"], 0);
}

TEST_F(SqlCommandTest, ManyRowsComeInSeveralPages) {
  EXPECT_EQ(run({"sql", "acme", "-c", "CREATE TABLE t (a INTEGER PRIMARY KEY)"}).status, 0);
  const auto rows = run({"--json", "sql", "acme", "-c",
                         "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) SELECT i FROM n"});
  ASSERT_EQ(rows.status, 0) << rows.err;
  EXPECT_EQ(rows.json()["rows"].size(), 2500u);
  EXPECT_EQ(rows.json()["rows"][2499][0], 2500);
}

TEST_F(SqlCommandTest, TheFirstErrorEndsIt) {
  const Outcome wrong = run({"sql", "acme", "-c", "SELECT * FROM nowhere; SELECT 1"});
  EXPECT_EQ(wrong.status, 2);
  EXPECT_TRUE(wrong.is_one_line_error()) << wrong.out << wrong.err;
  EXPECT_NE(wrong.err.find("no such table: nowhere"), std::string::npos) << wrong.err;
  EXPECT_EQ(run({"sql", "acme", "-c", "CREATE TABLE t (a INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)"}).status, 0);
  EXPECT_EQ(run({"sql", "acme", "-c", "INSERT INTO t VALUES (1)"}).status, 1);
  EXPECT_EQ(run({"sql", "nobody", "-c", "SELECT 1"}).status, 1);
  EXPECT_EQ(run({"sql", "acme", "-c", "SELECT 1", "-f", "x"}).status, 2);
  EXPECT_EQ(run({"sql", "acme", "-f", path("missing.sql")}).status, 2);
  EXPECT_EQ(run({"sql", "acme", "--mode", "xml", "-c", "SELECT 1"}).status, 2);
  EXPECT_EQ(run({"sql", "acme", "-c", ".nothing"}).status, 2);
}

TEST_F(SqlCommandTest, DotCommandsTellOfTables) {
  EXPECT_EQ(run({"sql", "acme", "-c", "CREATE TABLE hosts (name TEXT PRIMARY KEY, cpus INTEGER)"}).status, 0);
  const Outcome told = run_with_input({"sql", "acme", "--mode", "csv"},
                                      ".tables\n.schema hosts\n.indexes hosts\n.stats on\nSELECT 1;\n.stats\n.timer on\n");
  EXPECT_EQ(told.status, 0) << told.err;
  EXPECT_NE(told.out.find("hosts,table\r\n"), std::string::npos) << told.out;
  EXPECT_NE(told.out.find("CREATE TABLE hosts (name TEXT PRIMARY KEY, cpus INTEGER)"), std::string::npos) << told.out;
  EXPECT_NE(told.out.find("round trips 0 (0 between sites)"), std::string::npos) << told.out;
}

// What a person types; the lines as an editor gives them.
class TypedLines final : public LineSource {
 public:
  TypedLines(std::vector<std::string> lines, std::vector<std::string>& prompts) : lines_(std::move(lines)), prompts_(prompts) {}
  std::optional<std::string> next(const std::string& prompt) override {
    prompts_.push_back(prompt);
    if (at_ == lines_.size()) return std::nullopt;
    return lines_[at_++];
  }
  void forget_interrupt() override {}

 private:
  std::vector<std::string> lines_;
  std::vector<std::string>& prompts_;
  std::size_t at_ = 0;
};

TEST_F(SqlCommandTest, AShellGoesOnAfterAnErrorAndShowsTheTransaction) {
  std::vector<std::string> prompts;
  Environment environment;
  environment.node = address_;
  environment.edit_lines = [&] {
    return std::make_unique<TypedLines>(
        std::vector<std::string>{"SELEC 1;", "BEGIN;", "SELECT 1", " AS one;", "ROLLBACK;", ".mode line", "SELECT 2 AS two;"},
        prompts);
  };
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(run_latium({"sql", "acme"}, in, out, err, environment), 0);
  EXPECT_EQ(prompts,
            (std::vector<std::string>{"acme> ", "acme> ", "acme*> ", "  ...> ", "acme*> ", "acme> ", "acme> ", "acme> "}));
  EXPECT_EQ(out.str(), "one\n---\n1\ntwo = 2\n");
  EXPECT_NE(err.str().find("syntax error"), std::string::npos) << err.str();
}

}  // namespace
}  // namespace latium::cli
