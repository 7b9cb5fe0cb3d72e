// `latium table` against a node.
#include <gtest/gtest.h>

#include "tests/cli/node_fixture.h"

namespace latium::cli {
namespace {

class TableCommandsTest : public NodeFixture {
 protected:
  Outcome create(const std::string& name) {
    return run({"--json", "table", "create", "acme", name, "--column", "id:integer:primary:auto", "--column", "host:text:null",
                "--column", "n:integer:default=3", "--index", "host", "--index", "wide=host,n", "--unique", "n"});
  }
};

TEST_F(TableCommandsTest, ATableIsMadeListedDescribedAndDropped) {
  const Outcome none = run({"table", "list", "acme"});
  EXPECT_EQ(none.status, 0);
  EXPECT_NE((none.out + none.err).find("table create"), std::string::npos);
  const Outcome made = create("Servers");
  ASSERT_EQ(made.status, 0) << made.err;
  const auto table = made.json();
  EXPECT_EQ(table["name"], "Servers");
  EXPECT_EQ(table["version"], 1);
  EXPECT_TRUE(table["settled"]);
  EXPECT_EQ(table["primary_key"][0], "id");
  EXPECT_TRUE(table["columns"][0]["auto_increment"]);
  EXPECT_EQ(table["columns"][1]["default"], nullptr);
  EXPECT_TRUE(table["columns"][1]["nullable"]);
  EXPECT_EQ(table["columns"][2]["type"], "integer");
  EXPECT_EQ(table["columns"][2]["default"], 3);
  EXPECT_EQ(table["indexes"][0]["name"], "by_host");
  EXPECT_EQ(table["indexes"][1]["columns"].size(), 2u);
  EXPECT_EQ(table["indexes"][1]["state"], "public");
  EXPECT_TRUE(table["indexes"][2]["unique"]);

  EXPECT_EQ(create("servers").status, 1) << "the same name";
  EXPECT_EQ(run({"--json", "table", "describe", "acme", "SERVERS"}).json(), table);
  EXPECT_EQ(run({"--json", "table", "list", "acme"}).json(), table);
  const Outcome shown = run({"table", "describe", "acme", "servers"});
  for (const char* part : {"Servers", "not null, auto", "default 3", "by_host", "unique"}) {
    EXPECT_NE(shown.out.find(part), std::string::npos) << part << "\n" << shown.out;
  }
  EXPECT_NE(run({"table", "list", "acme"}).out.find("Servers"), std::string::npos);

  const Outcome dropped = run({"--json", "table", "drop", "acme", "servers"});
  ASSERT_EQ(dropped.status, 0) << dropped.err;
  EXPECT_TRUE(dropped.json()["dropped"]);
  EXPECT_TRUE(dropped.json()["settled"]);
  const Outcome gone = run({"table", "describe", "acme", "servers"});
  EXPECT_EQ(gone.status, 1);
  EXPECT_TRUE(gone.is_one_line_error()) << gone.err;
}

TEST_F(TableCommandsTest, ColumnsAreAddedRenamedAndDropped) {
  for (const char* name : {"a", "b", "c"}) ASSERT_EQ(create(name).status, 0);
  const Outcome added = run({"--json", "table", "add-column", "acme", "a", "note:text:default=x"});
  ASSERT_EQ(added.status, 0) << added.err;
  EXPECT_EQ(added.json()["version"], 2);
  EXPECT_EQ(added.json()["columns"][3]["default"], "x");
  const Outcome renamed = run({"--json", "table", "rename-column", "acme", "b", "host", "machine"});
  ASSERT_EQ(renamed.status, 0) << renamed.err;
  EXPECT_EQ(renamed.json()["indexes"][0]["columns"][0], "machine");
  const Outcome needed = run({"table", "drop-column", "acme", "c", "host"});
  EXPECT_EQ(needed.status, 2);
  EXPECT_NE(needed.err.find("index"), std::string::npos) << needed.err;
  const Outcome less = run({"--json", "table", "drop-column", "acme", "a", "note"});
  ASSERT_EQ(less.status, 0) << less.err;
  EXPECT_EQ(less.json()["version"], 3);
  EXPECT_EQ(less.json()["columns"].size(), 3u);
}

TEST_F(TableCommandsTest, WrongUseIsRefusedInOneLine) {
  ASSERT_EQ(create("t").status, 0);
  for (const auto& args : std::vector<std::vector<std::string>>{
           {"table", "create", "acme", "x"},
           {"table", "create", "acme", "x", "--column", "id"},
           {"table", "create", "acme", "x", "--column", "id:integer"},
           {"table", "create", "acme", "x", "--column", "id:integer:primary", "--index", "none"},
           {"table", "create", "acme", "sqlite_x", "--column", "id:integer:primary"},
           {"table", "create", "acme", "x", "--column", "id:integer:primary", "--parent", "t"},
           {"table", "add-column", "acme", "t", "c:integer"},
           {"table", "add-column", "acme", "t", "c:integer:primary"}}) {
    const Outcome outcome = run(args);
    EXPECT_EQ(outcome.status, 2) << outcome.err;
    EXPECT_TRUE(outcome.is_one_line_error()) << outcome.out << outcome.err;
  }
  EXPECT_EQ(run({"table", "list", "nobody"}).status, 1);
  const Outcome help = run({"table", "create", "--help"});
  EXPECT_NE(help.out.find("id:integer:primary:auto"), std::string::npos) << help.out;
}

}  // namespace
}  // namespace latium::cli
