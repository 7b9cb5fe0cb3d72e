// A cluster in one process: a node in each site.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "latium/latium.h"
#include "tests/support/temp_directory.h"

namespace latium {

struct ClusterOverSites {
  explicit ClusterOverSites(const std::vector<std::string>& sites) {
    for (const std::string& site : sites) {
      NodeOptions options{.data_dir = directory / site,
                          .site = site,
                          .bootstrap = nodes.empty(),
                          .listen = "127.0.0.1:0",
                          .log = {.level = "error"}};
      if (!nodes.empty()) options.seeds = {nodes[0].status().listen};
      auto opened = Node::open(std::move(options));
      if (!opened) {
        ADD_FAILURE() << opened.error().message;
        return;
      }
      nodes.push_back(*std::move(opened));
    }
  }

  TempDirectory directory;
  std::vector<Node> nodes;
};

}  // namespace latium
