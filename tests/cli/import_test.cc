// Import and export against a node: bad lines, interruptions, a node that goes away, and going on afterwards.
#include "tests/cli/node_fixture.h"

namespace latium::cli {
namespace {

class Import : public NodeFixture {
 protected:
  static std::string line(int i) {
    return "{\"key\":\"k" + std::to_string(10'000 + i) + "\",\"value\":\"v" + std::to_string(i) + "\"}\n";
  }
  static std::string lines(int from, int to) {
    std::string text;
    for (int i = from; i < to; ++i) text += line(i);
    return text;
  }
  std::string exported(const std::string& bucket) { return run({"kv", "export", "acme/" + bucket, "-"}).out; }
};

TEST_F(Import, ExportsWhatWasImported) {
  write("in", lines(0, 3000));
  Outcome outcome = run({"kv", "import", "acme/b", path("in"), "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.json()["imported"], 3000);
  EXPECT_EQ(outcome.json()["bad"], 0);
  EXPECT_EQ(outcome.json()["lines"], 3000);
  EXPECT_EQ(outcome.json()["bytes"], read("in").size());
  EXPECT_FALSE(std::filesystem::exists(path("in.latium-import")));

  outcome = run({"kv", "export", "acme/b", path("out"), "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.json()["exported"], 3000);
  EXPECT_EQ(read("out"), read("in"));
  EXPECT_FALSE(std::filesystem::exists(path("out.partial")));
  EXPECT_EQ(exported("b"), read("in"));
}

TEST_F(Import, BytesSurvive) {
  for (int i = 0; i < 256; ++i) {
    const std::string byte(1, static_cast<char>(i));
    input_ = byte + std::string("\0\r\n", 3);
    if (byte == "-") continue;
    ASSERT_EQ(run({"kv", "put", "acme/b", "--durability", "buffered", "--", byte + "k", "-"}).status, 0) << i;
  }
  const std::string text = exported("b");
  ASSERT_EQ(run_with_input({"kv", "import", "acme/copy", "-"}, text).status, 0);
  EXPECT_EQ(exported("copy"), text);
  EXPECT_EQ(std::ranges::count(text, '\n'), 255);
}

TEST_F(Import, BadLinesAreReportedAndLeftOut) {
  std::string text = line(1) + "not json\n\n{\"key\":\"\xff\",\"value\":\"\"}\n" + line(2);
  Outcome outcome = run_with_input({"kv", "import", "acme/b", "-"}, text);
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.err, "line 2: not valid JSON at byte 2\nline 4: not valid UTF-8: write bytes as base64\n");
  EXPECT_EQ(exported("b"), line(1) + line(2));
  outcome = run_with_input({"kv", "import", "acme/b", "-", "--json"}, text);
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.json()["bad"], 2);
  EXPECT_EQ(outcome.json()["imported"], 2);
  EXPECT_EQ(nlohmann::json::parse(outcome.err.substr(0, outcome.err.find('\n')))["line"], 2);
}

TEST_F(Import, ManyBadLinesAreCounted) {
  std::string text;
  for (int i = 0; i < 30; ++i) text += "bad\n";
  const Outcome outcome = run_with_input({"kv", "import", "acme/b", "-"}, text);
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 21);
  EXPECT_NE(outcome.err.find("10 more bad lines"), std::string::npos);
}

TEST_F(Import, TheLaterOfTwoLinesWins) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "{\"key\":\"same\",\"value\":\"" + std::to_string(i) + "\"}\n";
  ASSERT_EQ(run_with_input({"kv", "import", "acme/b", "-"}, text).status, 0);
  EXPECT_EQ(run({"kv", "get", "acme/b", "same"}).out, "4999\n");
}

TEST_F(Import, AnEmptyInputIsNoError) {
  EXPECT_EQ(run_with_input({"kv", "import", "acme/b", "-", "--json"}, "").json()["imported"], 0);
}

TEST_F(Import, GoesOnAfterAnInterruption) {
  const std::vector<std::string> args = {"kv", "import", "acme/b", "-", "--checkpoint", path("check")};
  PiecewiseInput pieces;
  pieces.add("bad\n" + lines(0, 1000));
  pieces.add(lines(1000, 2000));
  pieces.add(lines(2000, 3000), [this] { interrupted_ = true; });
  std::istream in(&pieces);
  Outcome outcome = run(args, in);
  EXPECT_EQ(outcome.status, 3);
  EXPECT_NE(outcome.err.find("--resume"), std::string::npos);
  const auto checkpoint = nlohmann::json::parse(read("check"));
  EXPECT_EQ(checkpoint["target"], "acme/b");

  interrupted_ = false;
  auto resume = args;
  resume.insert(resume.end(), {"--resume", "--json"});
  outcome = run_with_input(resume, "bad\n" + lines(0, 3000));
  const std::uint64_t before = checkpoint["imported"];
  EXPECT_EQ(outcome.json()["imported"], 3000 - before);
  EXPECT_EQ(outcome.json()["total"], (nlohmann::json{{"imported", 3000}, {"bad", 1}, {"lines", 3001}}));
  EXPECT_EQ(outcome.status, 1);  // the bad line of the first part
  EXPECT_EQ(exported("b"), lines(0, 3000));
  EXPECT_FALSE(std::filesystem::exists(path("check")));
}

TEST_F(Import, GoesOnAfterTheNodeWentAway) {
  const std::vector<std::string> args = {"kv", "import", "acme/b", "-", "--checkpoint", path("check"), "--timeout", "300ms"};
  PiecewiseInput pieces;
  pieces.add(lines(0, 1000));
  pieces.add(lines(1000, 2000), [this] { stop_node(); });
  std::istream in(&pieces);
  Outcome outcome = run(args, in);
  EXPECT_EQ(outcome.status, 3);
  ASSERT_TRUE(std::filesystem::exists(path("check"))) << outcome.err;

  restart_node();
  auto resume = args;
  resume.emplace_back("--resume");
  outcome = run_with_input(resume, lines(0, 2000));
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(exported("b"), lines(0, 2000));
}

TEST_F(Import, WaitsForANodeThatComesBack) {
  PiecewiseInput pieces;
  pieces.add(lines(0, 1000));
  pieces.add(lines(1000, 2000), [this] {
    stop_node();
    restart_node();
  });
  std::istream in(&pieces);
  const Outcome outcome = run({"kv", "import", "acme/b", "-"}, in);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(exported("b"), lines(0, 2000));
}

TEST_F(Import, ResumesOnlyWhatItBegan) {
  write("in", lines(0, 100));
  const auto interrupt = [this] {
    interrupted_ = true;
    const Outcome outcome = run({"kv", "import", "acme/b", path("in")});
    EXPECT_EQ(outcome.status, 3);
    interrupted_ = false;
  };
  interrupt();
  ASSERT_TRUE(std::filesystem::exists(path("in.latium-import")));
  Outcome outcome = run({"kv", "import", "acme/other", path("in"), "--resume"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("acme/b, not acme/other"), std::string::npos);

  write("in", lines(0, 101));
  outcome = run({"kv", "import", "acme/b", path("in"), "--resume", "--json"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.error_json()["code"], "conflict");

  write("in.latium-import", "garbage");
  EXPECT_EQ(run({"kv", "import", "acme/b", path("in"), "--resume"}).status, 2);
  EXPECT_EQ(run_with_input({"kv", "import", "acme/b", "-", "--resume"}, "").status, 2);
}

TEST_F(Import, ResumeComparesTheBytesThatItPassesOver) {
  PiecewiseInput pieces;
  pieces.add(lines(0, 1000));
  pieces.add("", [this] { interrupted_ = true; });
  std::istream in(&pieces);
  std::vector<std::string> args = {"kv", "import", "acme/b", "-", "--checkpoint", path("check")};
  // The first piece is acknowledged before the interruption: nothing is ready behind it, so it is sent and drained below.
  ASSERT_EQ(run(args, in).status, 3);
  auto checkpoint = nlohmann::json::parse(read("check"));
  checkpoint["offset"] = line(0).size();
  checkpoint["crc32c"] = 1;
  write("check", checkpoint.dump());
  interrupted_ = false;
  args.emplace_back("--resume");
  const Outcome outcome = run_with_input(args, lines(0, 1000));
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("not those that were imported"), std::string::npos);
}

TEST_F(Import, FilesThatCannotBeUsedAreNamed) {
  EXPECT_EQ(run({"kv", "import", "acme/b", path("missing")}).status, 2);
  EXPECT_EQ(run({"kv", "import", "acme/b", directory_.path()}).status, 2);
  ASSERT_EQ(run({"kv", "put", "acme/b", "k", "v"}).status, 0);
  EXPECT_EQ(run({"kv", "export", "acme/b", path("no/such/dir")}).status, 3);
}

TEST_F(Import, AnInterruptedExportLeavesNothing) {
  ASSERT_EQ(run({"kv", "put", "acme/b", "k", "v"}).status, 0);
  interrupted_ = true;
  EXPECT_EQ(run({"kv", "export", "acme/b", path("out")}).status, 3);
  EXPECT_FALSE(std::filesystem::exists(path("out")));
  EXPECT_FALSE(std::filesystem::exists(path("out.partial")));
}

}  // namespace
}  // namespace latium::cli
