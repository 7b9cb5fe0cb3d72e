// The commands against a node: what they print, and how they end.
#include "base/base64.h"
#include "base/utf8.h"
#include "latium/bucket.h"
#include "tests/cli/node_fixture.h"

namespace latium::cli {
namespace {

class Commands : public NodeFixture {};

TEST_F(Commands, StatusTellsOfTheNode) {
  const Outcome outcome = run({"status", "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto json = outcome.json();
  EXPECT_EQ(json["node"], node_->status().node_id);
  EXPECT_EQ(json["site"], "rennes");
  EXPECT_EQ(json["state"], "serving");
  EXPECT_EQ(json["tenants"], 1);
  EXPECT_EQ(json["hints"], (nlohmann::json{{"count", 0}, {"bytes", 0}, {"nodes", nlohmann::json::array()}}));
  EXPECT_NE(run({"status"}).out.find("state        serving"), std::string::npos);
}

TEST_F(Commands, TenantsComeAndGo) {
  Outcome outcome = run({"--json", "tenant", "create", "second", "--placement", "rennes:1", "--partitions", "8"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.json()["name"], "second");
  EXPECT_EQ(outcome.json()["partitions"], 8);
  ASSERT_EQ(run({"kv", "put", "second/b1", "k", "v"}).status, 0);

  outcome = run({"tenant", "describe", "second", "--json"});
  EXPECT_EQ(outcome.json()["buckets"], (nlohmann::json{"b1"}));
  EXPECT_EQ(outcome.json()["placement"], "rennes:1");

  outcome = run({"tenant", "list", "--json"});
  std::istringstream lines(outcome.out);
  std::vector<std::string> names;
  for (std::string line; std::getline(lines, line);) names.push_back(nlohmann::json::parse(line)["name"]);
  EXPECT_EQ(names, (std::vector<std::string>{"acme", "second"}));
  EXPECT_NE(run({"tenant", "list"}).out.find("second  rennes:1"), std::string::npos);

  EXPECT_EQ(run({"tenant", "create", "second", "--placement", "rennes:1"}).status, 1);
  EXPECT_EQ(run({"tenant", "create", "third", "--placement", "mars:3"}).status, 1);
  EXPECT_EQ(run({"tenant", "create", "third", "--placement", "rennes:1", "--partitions", "3"}).status, 2);
  EXPECT_EQ(run({"tenant", "drop", "second", "--json"}).json()["dropped"], true);
  outcome = run({"tenant", "describe", "second"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_TRUE(outcome.is_one_line_error());
  EXPECT_EQ(run({"tenant", "drop", "second"}).status, 1);
}

TEST_F(Commands, PutGetDelete) {
  Outcome outcome = run({"kv", "put", "acme/b", "k", "some value", "--durability", "buffered", "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.json()["key"], "k");
  const std::string version = outcome.json()["version"];
  EXPECT_EQ(outcome.json()["stats"]["replicas_asked"], 1);
  EXPECT_EQ(outcome.json()["stats"]["wan_round_trips"], 0);

  EXPECT_EQ(run({"kv", "get", "acme/b", "k"}).out, "some value\n");
  outcome = run({"kv", "get", "acme/b", "k", "--json"});
  EXPECT_EQ(outcome.json()["values"], (nlohmann::json{"some value"}));
  EXPECT_EQ(outcome.json()["version"], version);
  EXPECT_EQ(outcome.json()["behind"], nlohmann::json::array());
  const std::string context = outcome.json()["context"];
  EXPECT_EQ(run({"kv", "put", "acme/b", "k", "some value", "--context", context}).status, 0);
  EXPECT_EQ(outcome.json()["replicas"], (nlohmann::json{node_->status().node_id}));
  EXPECT_EQ(outcome.json()["stats"]["bytes"], 10);

  EXPECT_EQ(run({"kv", "delete", "acme/b", "k", "--json"}).json()["existed"], true);
  outcome = run({"kv", "delete", "acme/b", "k", "--json"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.json()["existed"], false);

  outcome = run({"kv", "get", "acme/b", "k"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.err, "latium: key 'k' not found in acme/b\n");
  outcome = run({"kv", "get", "acme/b", "k", "--json"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_TRUE(outcome.is_one_line_error());
  EXPECT_EQ(outcome.error_json(),
            (nlohmann::json{{"error", "key 'k' not found in acme/b"}, {"code", "not_found"}, {"certainty", "not_applied"}}));
}

TEST_F(Commands, ValuesComeFromArgumentsStdinAndFiles) {
  const std::string bytes("\0\xff\n", 3);
  ASSERT_EQ(run_with_input({"kv", "put", "acme/b", "stdin", "-"}, bytes).status, 0);
  write("value", bytes);
  ASSERT_EQ(run({"kv", "put", "acme/b", "file", "@" + path("value")}).status, 0);
  ASSERT_EQ(run({"kv", "put", "acme/b", base64_encode("arg"), base64_encode(bytes), "--encoding", "base64"}).status, 0);
  for (const char* key : {"stdin", "file", "arg"}) {
    EXPECT_EQ(run({"kv", "get", "acme/b", key}).out, bytes + "\n");
    const auto json = run({"kv", "get", "acme/b", key, "--json"}).json();
    EXPECT_EQ(json["encoding"], "base64");
    EXPECT_EQ(json["values"][0], base64_encode(bytes));
    EXPECT_FALSE(json.contains("key_encoding"));
  }
  EXPECT_EQ(run({"kv", "get", "acme/b", base64_encode("arg"), "--encoding", "base64"}).out, base64_encode(bytes) + "\n");
  EXPECT_EQ(run({"kv", "put", "acme/b", "k", "@" + path("missing")}).status, 2);
  EXPECT_EQ(run({"kv", "put", "acme/b", "!", "v", "--encoding", "base64"}).status, 2);
}

TEST_F(Commands, KeysMayLookLikeAnything) {
  for (const char* key : {"get", "kv", "status", "[a,b]", "-5", "a b", "{}", "%", "k=v"}) {
    ASSERT_EQ(run({"kv", "put", "acme/b", key, key}).status, 0) << key;
    EXPECT_EQ(run({"kv", "get", "acme/b", key}).out, std::string(key) + "\n");
  }
  ASSERT_EQ(run({"kv", "put", "acme/b", "--", "--json", "-v"}).status, 0);
  EXPECT_EQ(run({"kv", "get", "acme/b", "--", "--json"}).out, "-v\n");
  ASSERT_EQ(run({"kv", "put", "acme/b", "\xff", ""}).status, 0);
  const auto json = run({"kv", "get", "acme/b", "\xff", "--json"}).json();
  EXPECT_EQ(json["key"], "/w==");
  EXPECT_EQ(json["key_encoding"], "base64");
  EXPECT_EQ(json["values"], (nlohmann::json{""}));
}

TEST_F(Commands, ScanPagesThroughEverything) {
  std::string lines;
  for (int i = 0; i < 2500; ++i)
    lines += "{\"key\":\"k" + std::to_string(10'000 + i) + "\",\"value\":\"v" + std::to_string(i) + "\"}\n";
  ASSERT_EQ(run_with_input({"kv", "import", "acme/b", "-", "--durability", "buffered"}, lines).status, 0);
  const auto lines_of = [](const std::string& text) { return std::ranges::count(text, '\n'); };
  EXPECT_EQ(lines_of(run({"kv", "scan", "acme/b"}).out), 2500);
  EXPECT_EQ(lines_of(run({"kv", "scan", "acme/b", "--limit", "1500"}).out), 1500);
  EXPECT_EQ(run({"kv", "scan", "acme/b", "--limit", "2", "--after", "k10001"}).out, "k10002\tv2\nk10003\tv3\n");
  EXPECT_EQ(run({"kv", "scan", "acme/b", "--prefix", "k1249", "--keys-only", "--limit", "1"}).out, "k12490\n");
  const Outcome outcome = run({"kv", "scan", "acme/b", "--prefix", "k10000", "--json"});
  EXPECT_EQ(outcome.json()["key"], "k10000");
  EXPECT_EQ(outcome.json()["values"], (nlohmann::json{"v0"}));
  EXPECT_EQ(outcome.json()["version"].get<std::string>().size(), 16u);
  EXPECT_EQ(run({"kv", "scan", "acme/b", "--prefix", "none"}).out, "");
}

TEST_F(Commands, WhatTheNodeRefusesEndsWithOne) {
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{{"kv", "get", "nope/b", "k"},
                                                                                    {"kv", "put", "nope/b", "k", "v"},
                                                                                    {"kv", "get", "acme/nope", "k"},
                                                                                    {"kv", "scan", "acme/nope"},
                                                                                    {"kv", "export", "acme/nope", "-"},
                                                                                    {"kv", "import", "nope/b", "-"},
                                                                                    {"tenant", "describe", "nope"}}) {
    const Outcome outcome = run(args);
    EXPECT_EQ(outcome.status, 1) << args[1] << " " << args[2];
    EXPECT_TRUE(outcome.is_one_line_error()) << outcome.out << outcome.err;
  }
  EXPECT_EQ(run({"kv", "get", "nope/b", "k", "--json"}).error_json()["code"], "unknown_tenant");
  EXPECT_EQ(run({"kv", "get", "acme/nope", "k", "--json"}).error_json()["code"], "unknown_bucket");
}

TEST_F(Commands, ArgumentsThatAreTooManyAreNamedInOrder) {
  const Outcome outcome = run({"kv", "get", "acme/b", "k", "one", "two", "three"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.err.find("not expected: one two three; see latium kv get --help"), std::string::npos) << outcome.err;
}

TEST_F(Commands, WrongUsageEndsWithTwo) {
  const std::string long_key(kMaxKeyBytes + 1, 'k');
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{{},
                                             {"lock"},
                                             {"sql"},
                                             {"kv"},
                                             {"kv", "frobnicate"},
                                             {"kv", "get", "acme/b"},
                                             {"kv", "get", "acme/b", "k", "extra"},
                                             {"kv", "get", "acme", "k"},
                                             {"kv", "get", "/b", "k"},
                                             {"kv", "get", "acme/", "k"},
                                             {"kv", "get", "acme/b", ""},
                                             {"kv", "put", "acme/b", "", "v"},
                                             {"kv", "put", "acme/b", long_key, "v"},
                                             {"kv", "get", "acme/b", "k", "--unknown"},
                                             {"kv", "scan", "acme/b", "--limit", "many"},
                                             {"kv", "put", "acme/b", "k", "v", "--durability", "maybe"},
                                             {"kv", "get", "acme/b", "k", "--encoding", "hex"},
                                             {"kv", "get", "acme/\xff", "k"},
                                             {"tenant", "create", "x", "--placement", "rennes"},
                                             {"tenant", "create", "no spaces", "--placement", "rennes:1"},
                                             {"status", "--timeout", "5"},
                                             {"status", "--timeout", "0s"},
                                             {"status", "--tls-cert", "x"},
                                             {"status", "--tls-cert", "x", "--tls-key", "x", "--tls-ca", "x"},
                                             {"status", "--node", "nonsense"},
                                             {"status", "--node", "127.0.0.1:0"},
                                             {"bench", "kv", "--clients", "0"},
                                             {"bench", "kv", "--zipfian", "1"},
                                             {"bench", "kv", "--ops", "1", "--duration", "1s"}}) {
    std::string shown;
    for (const std::string& arg : args) shown += arg.substr(0, 20) + " ";
    const Outcome outcome = run(args);
    EXPECT_EQ(outcome.status, 2) << shown << outcome.err;
    EXPECT_TRUE(outcome.is_one_line_error()) << shown << outcome.out << outcome.err;
    auto with_json = args;
    with_json.emplace_back("--json");
    const Outcome json = run(with_json);
    EXPECT_EQ(json.status, 2) << shown;
    EXPECT_EQ(json.error_json()["code"], "invalid_argument") << shown;
  }
}

TEST_F(Commands, ValuesAreAtMost16MiB) {
  const std::string most(kMaxValueBytes, 'v');
  ASSERT_EQ(run_with_input({"kv", "put", "acme/b", "k", "-", "--durability", "buffered"}, most).status, 0);
  EXPECT_EQ(run({"kv", "get", "acme/b", "k"}).out.size(), kMaxValueBytes + 1);
  const Outcome outcome = run_with_input({"kv", "put", "acme/b", "k", "-"}, most + "v");
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.err.find("16 MiB"), std::string::npos);
}

TEST_F(Commands, HelpAndVersionAreNoErrors) {
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{{"--help"}, {"kv", "--help"}, {"kv", "put", "--help"}, {"--version"}}) {
    const Outcome outcome = run(args);
    EXPECT_EQ(outcome.status, 0);
    EXPECT_FALSE(outcome.out.empty());
    EXPECT_TRUE(outcome.err.empty());
  }
}

TEST_F(Commands, ANodeThatIsNotThereEndsWithThree) {
  stop_node();
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{
           {"status"}, {"kv", "put", "acme/b", "k", "v"}, {"kv", "import", "acme/b", "-"}, {"bench", "kv", "--ops", "1"}}) {
    const Outcome outcome = run(args);
    EXPECT_EQ(outcome.status, 3) << args[0];
    EXPECT_EQ(outcome.err, "latium: cannot reach node " + address_ +
                               " (connection refused): is latiumd running there? use --node HOST:PORT or LATIUM_NODE\n");
  }
  const auto error = run({"kv", "put", "acme/b", "k", "v", "--json"}).error_json();
  EXPECT_EQ(error["code"], "unavailable");
  EXPECT_EQ(error["certainty"], "not_applied");
}

TEST_F(Commands, TheNodeOptionWinsOverTheEnvironment) {
  const std::string address = address_;
  address_ = "127.0.0.1:1";
  EXPECT_EQ(run({"--node", address, "status"}).status, 0);
  EXPECT_EQ(run({"status", "--node", address}).status, 0);
  EXPECT_EQ(run({"status"}).status, 3);
}

TEST_F(Commands, TerminalsGetBytesEscaped) {
  ASSERT_EQ(run({"kv", "put", "acme/b", "k", "\x1b[31m"}).status, 0);
  const Environment terminal{.node = address_, .out_is_terminal = true, .err_is_terminal = false, .watch_interrupts = nullptr};
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(run_latium({"kv", "get", "acme/b", "k"}, in, out, err, terminal), 0);
  EXPECT_EQ(out.str(), "\\x1b[31m\n");
}

TEST_F(Commands, AnOutputThatCannotBeWrittenIsAnError) {
  std::istringstream in;
  std::ostringstream out;
  out.setstate(std::ios::badbit);
  std::ostringstream err;
  const Environment environment{
      .node = address_, .out_is_terminal = false, .err_is_terminal = false, .watch_interrupts = nullptr};
  EXPECT_EQ(run_latium({"status"}, in, out, err, environment), 3);
  EXPECT_NE(err.str().find("cannot write to stdout"), std::string::npos);
}

}  // namespace
}  // namespace latium::cli
