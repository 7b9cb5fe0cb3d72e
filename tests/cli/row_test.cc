// `latium row` and `latium table check` against a node.
#include <gtest/gtest.h>

#include "tests/cli/node_fixture.h"

namespace latium::cli {
namespace {

class RowCommandsTest : public NodeFixture {
 protected:
  void SetUp() override {
    NodeFixture::SetUp();
    ASSERT_EQ(run({"table", "create", "acme", "hosts", "--column", "name:text:primary", "--column", "cpus:integer:default=4",
                   "--column", "note:text:null", "--index", "cpus"})
                  .status,
              0);
    ASSERT_EQ(run({"table", "create", "acme", "jobs", "--column", "id:integer:primary:auto", "--column", "host:text", "--unique",
                   "host", "--foreign-key", "host:hosts:name"})
                  .status,
              0);
  }
  /// The rows that a command prints, one a line.
  static std::vector<nlohmann::json> lines(const Outcome& outcome) {
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    std::vector<nlohmann::json> out;
    std::istringstream in(outcome.out);
    for (std::string line; std::getline(in, line);) out.push_back(nlohmann::json::parse(line));
    return out;
  }
  static std::vector<std::string> names(const Outcome& outcome) {
    std::vector<std::string> out;
    for (const auto& row : lines(outcome)) out.push_back(row["name"]);
    return out;
  }
  void put_hosts() {
    for (const char* row : {R"({"name":"n1","cpus":8})", R"({"name":"n2","cpus":16})", R"({"name":"n3","cpus":8,"note":"old"})",
                            R"({"name":"m1"})"}) {
      ASSERT_EQ(run({"row", "put", "acme", "hosts", row}).status, 0);
    }
  }
};

TEST_F(RowCommandsTest, ARowIsPutReadReplacedChangedAndDeleted) {
  const Outcome added = run({"--json", "row", "put", "acme", "hosts", R"({"NAME":"n1","note":"new"})"});
  ASSERT_EQ(added.status, 0) << added.err;
  EXPECT_TRUE(added.json()["added"]);
  EXPECT_EQ(added.json()["row"], nlohmann::json::parse(R"({"name":"n1","cpus":4,"note":"new"})"));
  EXPECT_TRUE(added.json()["stats"].contains("wan_round_trips"));
  const Outcome again = run({"row", "put", "acme", "hosts", R"({"name":"n1"})", "--add"});
  EXPECT_EQ(again.status, 1);
  EXPECT_TRUE(again.is_one_line_error()) << again.err;
  EXPECT_NE(again.err.find("hosts.name"), std::string::npos) << again.err;
  EXPECT_EQ(run({"row", "put", "acme", "hosts", R"({"name":"n1","cpus":6})", "--update"}).status, 0);
  EXPECT_EQ(run({"--json", "row", "get", "acme", "hosts", "n1"}).json()["row"]["note"], "new") << "what was left out stays";
  EXPECT_EQ(run({"row", "put", "acme", "hosts", R"({"name":"n1","cpus":7})"}).status, 0);
  EXPECT_EQ(run({"row", "get", "acme", "hosts", "n1"}).out, "{\"name\":\"n1\",\"cpus\":7,\"note\":null}\n");
  EXPECT_EQ(run({"row", "put", "acme", "hosts", R"({"name":"n9"})", "--update"}).status, 1);
  EXPECT_EQ(run({"row", "delete", "acme", "hosts", "n1"}).status, 0);
  EXPECT_EQ(run({"row", "delete", "acme", "hosts", "n1"}).status, 1);
  const Outcome gone = run({"--json", "row", "get", "acme", "hosts", "n1"});
  EXPECT_EQ(gone.status, 1);
  EXPECT_FALSE(gone.json()["exists"]);
  EXPECT_TRUE(gone.json()["row"].is_null());
}

TEST_F(RowCommandsTest, NumbersAreGivenAndShown) {
  put_hosts();
  EXPECT_EQ(run({"--json", "row", "put", "acme", "jobs", R"({"host":"n1"})"}).json()["row"]["id"], 1);
  EXPECT_EQ(run({"--json", "row", "put", "acme", "jobs", R"({"host":"n2"})"}).json()["row"]["id"], 2);
  const Outcome duplicate = run({"row", "put", "acme", "jobs", R"({"host":"n2"})"});
  EXPECT_EQ(duplicate.status, 1);
  EXPECT_NE(duplicate.err.find("jobs.host"), std::string::npos) << duplicate.err;
  const Outcome dangling = run({"--json", "row", "put", "acme", "jobs", R"({"host":"nowhere"})"});
  EXPECT_EQ(dangling.status, 1);
  EXPECT_EQ(dangling.error_json()["code"], "broken_reference");
  EXPECT_EQ(run({"--json", "row", "put", "acme", "jobs", R"({"id":2,"host":"n3"})"}).json()["added"], false);
}

TEST_F(RowCommandsTest, RowsAreFoundByIndexRangePrefixAndInBothOrders) {
  put_hosts();
  using Names = std::vector<std::string>;
  EXPECT_EQ(names(run({"row", "scan", "acme", "hosts"})), (Names{"m1", "n1", "n2", "n3"}));
  EXPECT_EQ(names(run({"row", "scan", "acme", "hosts", "--prefix", "n", "--limit", "2"})), (Names{"n1", "n2"}));
  EXPECT_EQ(names(run({"row", "scan", "acme", "hosts", "--descending", "--limit", "3"})), (Names{"n3", "n2", "n1"}));
  EXPECT_EQ(names(run({"row", "find", "acme", "hosts", "--index", "by_cpus", "--equal", "8"})), (Names{"n1", "n3"}));
  EXPECT_EQ(names(run({"row", "find", "acme", "hosts", "--index", "by_cpus", "--from", "8"})), (Names{"n1", "n3", "n2"}));
  EXPECT_EQ(names(run({"row", "find", "acme", "hosts", "--index", "by_cpus", "--below", "8"})), (Names{"m1"}));
  EXPECT_EQ(names(run({"row", "find", "acme", "hosts", "--above", "n1", "--to", "n2", "--consistency", "local"})), (Names{"n2"}));
  EXPECT_EQ(lines(run({"row", "find", "acme", "hosts", "--equal", "n3"}))[0]["note"], "old");
}

TEST_F(RowCommandsTest, EveryTypeGoesInAndComesOut) {
  ASSERT_EQ(run({"table", "create", "acme", "all", "--column", "k:uuid:primary", "--column", "n:integer:primary", "--column",
                 "b:boolean:null", "--column", "r:real:null", "--column", "y:bytes:null", "--column", "t:timestamp:null",
                 "--column", "j:json:null"})
                .status,
            0);
  const std::string uuid = "01234567-89ab-cdef-0123-456789abcdef";
  const std::string row = R"({"k":")" + uuid + R"(","n":9223372036854775807,"b":true,"r":1.5,"y":"00ff","t":)" +
                          R"("2026-01-31T12:00:00.000250Z","j":{"a":[1,null]}})";
  ASSERT_EQ(run({"row", "put", "acme", "all", row}).status, 0);
  const Outcome found = run({"--json", "row", "get", "acme", "all", uuid, "9223372036854775807"});
  ASSERT_EQ(found.status, 0) << found.err;
  EXPECT_EQ(found.json()["row"], nlohmann::json::parse(row));
  EXPECT_EQ(run({"row", "put", "acme", "all", R"({"k":")" + uuid + R"(","n":1,"r":"-inf","t":1500000})"}).status, 0);
  EXPECT_EQ(run({"row", "put", "acme", "all", R"({"k":")" + uuid + R"(","n":-5,"r":-2.5,"t":1})"}).status, 0);
  EXPECT_EQ(run({"--json", "row", "get", "acme", "all", uuid, "-5"}).json()["row"]["r"], -2.5);
  EXPECT_EQ(run({"--json", "row", "get", "acme", "all", "--", uuid, "-5"}).json()["row"]["n"], -5);
  EXPECT_EQ(run({"row", "delete", "acme", "all", uuid, "-5"}).status, 0);
  const auto other = run({"--json", "row", "get", "acme", "all", uuid, "1"}).json()["row"];
  EXPECT_EQ(other["r"], "-inf");
  EXPECT_EQ(other["t"], "1970-01-01T00:00:01.500000Z");
}

TEST_F(RowCommandsTest, WrongUseIsRefusedInOneLine) {
  put_hosts();
  const auto wrong = [&](std::vector<std::string> args, const std::string& part, int status = 2) {
    args.insert(args.begin(), "row");
    const Outcome outcome = run(args);
    EXPECT_EQ(outcome.status, status) << args[1] << ": " << outcome.err;
    EXPECT_TRUE(outcome.is_one_line_error()) << outcome.err;
    EXPECT_NE(outcome.err.find(part), std::string::npos) << outcome.err;
  };
  wrong({"put", "acme", "hosts", "{"}, "JSON object");
  wrong({"put", "acme", "hosts", R"({"nmae":"n1"})"}, "it has name, cpus, note");
  wrong({"put", "acme", "hosts", R"({"cpus":1})"}, "'name'");
  wrong({"put", "acme", "hosts", R"({"name":"n1","cpus":"many"})"}, "integer");
  wrong({"put", "acme", "hosts", R"({"name":"n1","cpus":1.5})"}, "1.5");
  wrong({"put", "acme", "hosts", R"({"name":"n1","cpus":9223372036854775808})"}, "cpus");
  wrong({"put", "acme", "hosts", R"({"name":null})"}, "name");
  wrong({"put", "acme", "hosts", R"({"name":"n1"})", "--add", "--update"}, "exclude");
  wrong({"put", "acme", "nothing", R"({"name":"n1"})"}, "no table", 1);
  wrong({"put", "nobody", "hosts", R"({"name":"n1"})"}, "nobody", 1);
  wrong({"get", "acme", "hosts", "n1", "n2"}, "1 columns");
  wrong({"get", "acme", "hosts", "n1", "--consistency", "most"}, "local or quorum");
  wrong({"find", "acme", "hosts", "--index", "by_colour"}, "by_cpus");
  wrong({"find", "acme", "hosts", "--equal", "n1", "--from", "a"}, "no column left");
  wrong({"find", "acme", "hosts", "--from", "a", "--above", "b"}, "exclude");
  wrong({"find", "acme", "hosts", "--from", "a", "--prefix", "b"}, "not both");
  wrong({"put", "acme", "hosts", R"({"name":"n1","note":")" + std::string(300'000, 'x') + "\"}"}, "hosts.name = 'n1' has 300");
}

TEST_F(RowCommandsTest, ATableThatAgreesWithItsIndexesIsSaidTo) {
  put_hosts();
  ASSERT_EQ(run({"row", "put", "acme", "jobs", R"({"host":"n1"})"}).status, 0);
  const Outcome checked = run({"--json", "table", "check", "acme", "jobs"});
  ASSERT_EQ(checked.status, 0) << checked.out << checked.err;
  EXPECT_EQ(checked.json()["rows"], 1);
  EXPECT_EQ(checked.json()["entries"], 1);
  EXPECT_EQ(checked.json()["differences"], 0);
  EXPECT_NE(run({"table", "check", "acme", "hosts"}).out.find("no differences"), std::string::npos);
  EXPECT_EQ(run({"table", "check", "acme", "nothing"}).status, 1);
}

}  // namespace
}  // namespace latium::cli
