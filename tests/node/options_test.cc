#include "latium/options.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>

namespace latium {
namespace {

NodeOptions good() {
  return {.data_dir = "d", .site = "rennes"};
}

TEST(NodeOptions, DefaultsAreValid) {
  EXPECT_TRUE(good().validate().has_value());
}

struct Bad {
  const char* field;  // what the message must name
  std::function<void(NodeOptions&)> spoil;
};

class BadOption : public testing::TestWithParam<Bad> {};

TEST_P(BadOption, IsNamed) {
  NodeOptions options = good();
  GetParam().spoil(options);
  const auto valid = options.validate();
  ASSERT_FALSE(valid.has_value());
  EXPECT_EQ(valid.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(valid.error().message.find(GetParam().field), std::string::npos) << valid.error().message;
  EXPECT_EQ(valid.error().message.find('\n'), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    All, BadOption,
    testing::Values(Bad{"data_dir", [](NodeOptions& o) { o.data_dir = ""; }}, Bad{"site", [](NodeOptions& o) { o.site = ""; }},
                    Bad{"site", [](NodeOptions& o) { o.site = "a b"; }}, Bad{"rack", [](NodeOptions& o) { o.rack = "a/b"; }},
                    Bad{"weight", [](NodeOptions& o) { o.weight = 0; }},
                    Bad{"weight", [](NodeOptions& o) { o.weight = std::numeric_limits<double>::quiet_NaN(); }},
                    Bad{"cluster_id", [](NodeOptions& o) { o.cluster_id = "12"; }},
                    Bad{"cluster_id", [](NodeOptions& o) { o.cluster_id = "0000000000000000"; }},
                    Bad{"bootstrap", [](NodeOptions& o) { o.bootstrap = true, o.seeds = {"h:1"}; }},
                    Bad{"listen", [](NodeOptions& o) { o.listen = "nowhere"; }},
                    Bad{"listen", [](NodeOptions& o) { o.listen = "127.0.0.1:99999"; }},
                    Bad{"plaintext", [](NodeOptions& o) { o.listen = "0.0.0.0:7400"; }},
                    Bad{"plaintext", [](NodeOptions& o) { o.listen = "127.example.com:7400"; }},
                    Bad{"advertise", [](NodeOptions& o) { o.advertise = "h:1"; }},
                    Bad{"seeds", [](NodeOptions& o) { o.seeds = {"h:1", "bad"}; }},
                    Bad{"enable_faults", [](NodeOptions& o) { o.enable_faults = true; }},
                    Bad{"enable_faults", [](NodeOptions& o) { o.enable_faults = o.plaintext = true, o.listen = "0.0.0.0:1"; }},
                    Bad{"metrics", [](NodeOptions& o) { o.metrics = "9100"; }},
                    Bad{"tls_key", [](NodeOptions& o) { o.tls.cert = "c"; }},
                    Bad{"max_requests_per_connection", [](NodeOptions& o) { o.max_requests_per_connection = 0; }},
                    Bad{"max_connections", [](NodeOptions& o) { o.max_connections = 70000; }},
                    Bad{"block_cache_bytes", [](NodeOptions& o) { o.block_cache_bytes = 0; }},
                    Bad{"hints_max_bytes", [](NodeOptions& o) { o.hints_max_bytes = 2ull << 40; }},
                    Bad{"hints_max_bytes_a_node", [](NodeOptions& o) { o.hints_max_bytes_a_node = 2ull << 40; }},
                    Bad{"write_buffer_bytes", [](NodeOptions& o) { o.write_buffer_bytes = 1ull << 40; }},
                    Bad{"blocking_threads", [](NodeOptions& o) { o.blocking_threads = 65; }},
                    Bad{"max_clock_offset_ms", [](NodeOptions& o) { o.max_clock_offset_ms = 0; }},
                    Bad{"stop_timeout_ms", [](NodeOptions& o) { o.stop_timeout_ms = 60001; }},
                    Bad{"log_level", [](NodeOptions& o) { o.log.level = "loud"; }},
                    Bad{"log_format", [](NodeOptions& o) { o.log.format = "xml"; }}));

TEST(NodeOptions, PlaintextIsTakenWhereItIsAskedFor) {
  NodeOptions options = good();
  options.listen = "0.0.0.0:7400";
  options.plaintext = true;
  EXPECT_TRUE(options.validate().has_value());
  options.plaintext = false;
  options.tls = {"c", "k", "a"};
  EXPECT_TRUE(options.validate().has_value());
  for (const char* loopback : {"127.0.0.1:1", "localhost:1", "[::1]:1"}) {
    NodeOptions local = good();
    local.listen = loopback;
    EXPECT_TRUE(local.validate().has_value()) << loopback;
  }
}

}  // namespace
}  // namespace latium
