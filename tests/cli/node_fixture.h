// A node in this process, and the command run against it.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "latium/node.h"
#include "node/cli/run_latium.h"
#include "tests/support/temp_directory.h"

namespace latium::cli {

struct Outcome {
  int status = -1;
  std::string out;
  std::string err;

  nlohmann::json json() const { return nlohmann::json::parse(out); }
  nlohmann::json error_json() const { return nlohmann::json::parse(err); }
  /// The rule for errors: one line on stderr, nothing on stdout.
  bool is_one_line_error() const { return out.empty() && !err.empty() && err.find('\n') == err.size() - 1; }
};

/// A stream that comes in pieces; before each one something happens.
class PiecewiseInput final : public std::streambuf {
 public:
  void add(std::string text, std::function<void()> before = nullptr) { pieces_.push_back({std::move(text), std::move(before)}); }

 protected:
  int_type underflow() override {
    if (next_ == pieces_.size()) return traits_type::eof();
    Piece& piece = pieces_[next_++];
    if (piece.before) piece.before();
    setg(piece.text.data(), piece.text.data(), piece.text.data() + piece.text.size());
    return piece.text.empty() ? underflow() : traits_type::to_int_type(piece.text.front());
  }

 private:
  struct Piece {
    std::string text;
    std::function<void()> before;
  };
  std::vector<Piece> pieces_;
  std::size_t next_ = 0;
};

class NodeFixture : public testing::Test {
 protected:
  void SetUp() override {
    start_node("127.0.0.1:0");
    ASSERT_EQ(run({"tenant", "create", "acme", "--placement", "rennes:1"}).status, 0);
  }
  void TearDown() override { stop_node(); }

  void start_node(const std::string& listen) {
    NodeOptions options;
    options.data_dir = path("data");
    options.site = "rennes";
    options.bootstrap = true;
    options.listen = listen;
    options.log.level = "error";
    options.enable_faults = enable_faults_;
    auto opened = Node::open(std::move(options));
    ASSERT_TRUE(opened) << opened.error().message;
    node_.emplace(std::move(*opened));
    address_ = node_->status().listen;
  }
  void stop_node() {
    if (node_) EXPECT_TRUE(node_->stop());
    node_.reset();
  }
  /// On the address that it had.
  void restart_node() { start_node(address_); }

  Outcome run(const std::vector<std::string>& args) {
    std::istringstream in(input_);
    return run(args, in);
  }
  Outcome run(const std::vector<std::string>& args, std::istream& in) {
    Environment environment;
    environment.node = address_;
    environment.watch_interrupts = [this] { return &interrupted_; };
    std::ostringstream out;
    std::ostringstream err;
    const int status = run_latium(args, in, out, err, environment);
    return {status, out.str(), err.str()};
  }
  Outcome run_with_input(const std::vector<std::string>& args, std::string input) {
    input_ = std::move(input);
    return run(args);
  }

  std::string path(const std::string& name) const { return directory_ / name; }
  void write(const std::string& name, const std::string& text) { std::ofstream(path(name), std::ios::binary) << text; }
  std::string read(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  TempDirectory directory_;
  std::optional<Node> node_;
  std::string address_;
  std::string input_;
  bool enable_faults_ = false;
  std::atomic<bool> interrupted_{false};
};

}  // namespace latium::cli
