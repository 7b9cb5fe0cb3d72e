// A cluster in one process: three nodes of one site that hold every replica, and one that holds none.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "latium/latium.h"
#include "tests/support/temp_directory.h"

namespace latium {

class ThreeNodesTest : public testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 3; ++i) add_node("n" + std::to_string(i), NodeRole::storage);
    add_node("client", NodeRole::client);
    if (HasFatalFailure()) return;
    const auto created = nodes_[0].create_tenant("acme", {.placement = "rennes:3", .partitions = 8});
    ASSERT_TRUE(created.has_value()) << created.error().message;
  }

  void add_node(const std::string& name, NodeRole role) {
    NodeOptions options{.data_dir = directory_ / name,
                        .site = "rennes",
                        .role = role,
                        .bootstrap = nodes_.empty(),
                        .listen = "127.0.0.1:0",
                        .enable_faults = enable_faults_,
                        .log = {.level = "error"}};
    if (!nodes_.empty()) options.seeds = {nodes_[0].status().listen};
    auto opened = Node::open(std::move(options));
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    nodes_.push_back(*std::move(opened));
  }
  Node& replica(std::size_t i) { return nodes_[i]; }
  Node& client() { return nodes_[3]; }

  TempDirectory directory_;
  bool enable_faults_ = false;  // set before SetUp()
  std::vector<Node> nodes_;
};

}  // namespace latium
