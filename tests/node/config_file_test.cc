#include "node/config_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temp_directory.h"

namespace latium {
namespace {

TEST(Config, SetsEveryOption) {
  NodeOptions o;
  const auto applied = apply_config(R"(
data_dir = "/var/lib/latium"
site = "rennes"
rack = "r1"
weight = 2
role = "client"
bootstrap = true
seeds = ["a:1", "b:2"]
cluster_id = "00000000000000ab"
listen = "10.0.0.1:7400"
advertise = "n1.example:7400"
plaintext = true
tls_cert = "c"
tls_key = "k"
tls_ca = "a"
enable_faults = true
metrics = "127.0.0.1:9100"
max_requests_per_connection = 7
max_connections = 8
block_cache_bytes = "1GiB"
write_buffer_bytes = 1048576
hints_max_bytes = "64KiB"
hints_max_bytes_a_node = 4096
blocking_threads = 4
max_clock_offset_ms = 250
stop_timeout_ms = 1000
log_level = "debug"
log_format = "json"
log_file = "/tmp/x"
)",
                                    "t.toml", o);
  ASSERT_TRUE(applied.has_value()) << applied.error().message;
  EXPECT_EQ(o.data_dir, "/var/lib/latium");
  EXPECT_EQ(o.site, "rennes");
  EXPECT_EQ(o.rack, "r1");
  EXPECT_EQ(o.weight, 2.0);
  EXPECT_EQ(o.role, NodeRole::client);
  EXPECT_TRUE(o.bootstrap);
  EXPECT_EQ(o.seeds, (std::vector<std::string>{"a:1", "b:2"}));
  EXPECT_EQ(o.cluster_id, "00000000000000ab");
  EXPECT_EQ(o.listen, "10.0.0.1:7400");
  EXPECT_EQ(o.advertise, "n1.example:7400");
  EXPECT_TRUE(o.plaintext);
  EXPECT_TRUE(o.enable_faults);
  EXPECT_EQ(o.tls.cert + o.tls.key + o.tls.ca, "cka");
  EXPECT_EQ(o.metrics, "127.0.0.1:9100");
  EXPECT_EQ(o.max_requests_per_connection, 7u);
  EXPECT_EQ(o.max_connections, 8u);
  EXPECT_EQ(o.block_cache_bytes, 1ull << 30);
  EXPECT_EQ(o.write_buffer_bytes, 1ull << 20);
  EXPECT_EQ(o.hints_max_bytes, 64ull << 10);
  EXPECT_EQ(o.hints_max_bytes_a_node, 4096u);
  EXPECT_EQ(o.blocking_threads, 4u);
  EXPECT_EQ(o.max_clock_offset_ms, 250u);
  EXPECT_EQ(o.stop_timeout_ms, 1000u);
  EXPECT_EQ(o.log.level + o.log.format + o.log.file, "debugjson/tmp/x");
}

struct BadConfig {
  const char* text;
  const char* said;
};
class BadConfigTest : public testing::TestWithParam<BadConfig> {};

TEST_P(BadConfigTest, NamesLineAndKey) {
  NodeOptions options;
  const auto applied = apply_config(GetParam().text, "t.toml", options);
  ASSERT_FALSE(applied.has_value());
  EXPECT_EQ(applied.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(applied.error().message.find(GetParam().said), std::string::npos) << applied.error().message;
  EXPECT_EQ(applied.error().message.find('\n'), std::string::npos) << applied.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    All, BadConfigTest,
    testing::Values(BadConfig{"site = \"a\"\nsitee = \"b\"", "t.toml:2: unknown option 'sitee'"},
                    BadConfig{"\nsite = 3", "t.toml:2: option site wants a string"},
                    BadConfig{"weight = \"x\"", "option weight wants a number"},
                    BadConfig{"bootstrap = 1", "option bootstrap wants true or false"},
                    BadConfig{"max_connections = -1", "option max_connections wants a whole number"},
                    BadConfig{"seeds = \"a:1\"", "option seeds wants an array"},
                    BadConfig{"seeds = [1]", "option seeds wants an array"}, BadConfig{"role = \"king\"", "option role wants"},
                    BadConfig{"block_cache_bytes = \"64 bananas\"", "option block_cache_bytes"}, BadConfig{"site = ", "t.toml:1"},
                    BadConfig{"bootstrap = tru\nsite = \"a\"", "saw 'tru\\x0a'"}, BadConfig{"site = \"\xff\"", "t.toml:1"},
                    BadConfig{"[tls]\ncert = \"x\"", "t.toml:1: unknown option 'tls'"}));

TEST(Config, ReadsAFileOrSaysWhyNot) {
  const TempDirectory directory;
  std::ofstream(directory / "c.toml") << "site = \"paris\"\n";
  NodeOptions options;
  ASSERT_TRUE(load_config(directory / "c.toml", options).has_value());
  EXPECT_EQ(options.site, "paris");
  EXPECT_EQ(load_config(directory.path(), options).error().code, ErrorCode::invalid_argument) << "a directory";
  const auto missing = load_config(directory / "none.toml", options);
  ASSERT_FALSE(missing.has_value());
  EXPECT_NE(missing.error().message.find("none.toml"), std::string::npos);
}

}  // namespace
}  // namespace latium
