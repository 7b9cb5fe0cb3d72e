// The public API, as an embedding program uses it.
#include "latium/node.h"

#include <gtest/gtest.h>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <fstream>
#include <future>
#include <thread>
#include <vector>

#include "latium/asio.h"
#include "tests/support/temp_directory.h"

namespace latium {
namespace {

class NodeTest : public testing::Test {
 protected:
  NodeOptions options(const std::string& name = "data") {
    return {.data_dir = directory_ / name, .site = "rennes", .bootstrap = true, .log = {.level = "error"}};
  }
  Node opened(NodeOptions wanted) {
    auto node = Node::open(std::move(wanted));
    EXPECT_TRUE(node.has_value()) << node.error().message;
    return *std::move(node);
  }
  Bucket bucket_of(Node& node, std::string_view tenant = "acme") {
    const auto created = node.create_tenant(tenant);
    EXPECT_TRUE(created.has_value() || created.error().code == ErrorCode::already_exists);
    return *node.bucket(tenant, "b");
  }

  TempDirectory directory_;
};

TEST_F(NodeTest, KeepsDataOverARestart) {
  NodeStatus before;
  {
    Node node = opened(options());
    Bucket bucket = bucket_of(node);
    ASSERT_TRUE(bucket.put("k", "v").has_value());
    before = node.status();
  }
  Node node = opened(options());
  EXPECT_EQ(node.status().node_id, before.node_id);
  EXPECT_EQ(node.status().cluster_id, before.cluster_id);
  EXPECT_EQ(node.status().tenants, 1u);
  const auto found = node.bucket("acme", "b")->get("k");
  ASSERT_TRUE(found.has_value() && found->has_value());
  EXPECT_EQ((*found)->value, "v");
}

TEST_F(NodeTest, TenantsAreManaged) {
  Node node = opened(options());
  const auto created = node.create_tenant("acme", {.placement = "rennes:1", .partitions = 8});
  ASSERT_TRUE(created.has_value());
  EXPECT_EQ(created->placement, "rennes:1");
  EXPECT_EQ(created->partitions, 8);
  EXPECT_EQ(node.create_tenant("acme").error().code, ErrorCode::already_exists);
  EXPECT_EQ(node.create_tenant("beta", {.placement = "paris:1"}).error().code, ErrorCode::unsatisfiable_placement);
  EXPECT_EQ(node.create_tenant("beta", {.placement = "rennes"}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(node.bucket("beta", "b").error().code, ErrorCode::unknown_tenant);
  ASSERT_TRUE(node.bucket("acme", "b")->put("k", "v").has_value());
  EXPECT_EQ(node.tenant("acme")->buckets, std::vector<std::string>{"b"});
  ASSERT_TRUE(node.drop_tenant("acme").has_value());
  EXPECT_TRUE(node.tenants()->empty());
}

TEST_F(NodeTest, AClientRoleBeginsNoCluster) {
  NodeOptions client = options();
  client.role = NodeRole::client;
  const auto node = Node::open(client);
  ASSERT_FALSE(node.has_value());
  EXPECT_EQ(node.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(node.error().message.find("seed"), std::string::npos) << node.error().message;
}

TEST_F(NodeTest, ADirectoryWithTenantsIsNoClients) {
  {
    Node node = opened(options());
    (void)bucket_of(node);
  }
  NodeOptions client = options();
  client.role = NodeRole::client;
  EXPECT_EQ(Node::open(client).error().code, ErrorCode::invalid_argument);
}

TEST_F(NodeTest, AHeldDirectoryIsRefused) {
  Node node = opened(options());
  const auto second = Node::open(options());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::data_dir_locked);
  EXPECT_NE(second.error().message.find(directory_ / "data"), std::string::npos) << second.error().message;
}

TEST_F(NodeTest, SeveralNodesInOneProcess) {
  std::vector<Node> nodes;
  for (int i = 0; i < 3; ++i) nodes.push_back(opened(options("n" + std::to_string(i))));
  for (std::size_t i = 0; i < nodes.size(); ++i) ASSERT_TRUE(bucket_of(nodes[i]).put("k", std::to_string(i)).has_value());
  for (std::size_t i = 0; i < nodes.size(); ++i) EXPECT_EQ((*bucket_of(nodes[i]).get("k"))->value, std::to_string(i));
}

TEST_F(NodeTest, BadDirectoriesAreRefusedWithARemedy) {
  NodeOptions fresh = options("fresh");
  fresh.bootstrap = false;
  EXPECT_EQ(Node::open(fresh).error().code, ErrorCode::invalid_argument);
  fresh.seeds = {"127.0.0.1:1"};
  EXPECT_EQ(Node::open(fresh).error().code, ErrorCode::invalid_argument);

  std::ofstream(directory_ / "file") << "x";
  EXPECT_EQ(Node::open(options("file")).error().code, ErrorCode::io_error);
  EXPECT_EQ(Node::open(options("file/below")).error().code, ErrorCode::io_error);

  {
    Node node = opened(options());
  }
  NodeOptions elsewhere = options();
  elsewhere.site = "paris";
  EXPECT_EQ(Node::open(elsewhere).error().code, ErrorCode::invalid_argument);
  NodeOptions other = options();
  other.cluster_id = "00000000000000ab";
  EXPECT_EQ(Node::open(other).error().code, ErrorCode::wrong_cluster);
}

TEST_F(NodeTest, AnUnwritableDirectoryIsRefused) {
  // Nobody may write there, not even root.
  NodeOptions unwritable = options();
  unwritable.data_dir = "/proc/latium-data";
  const auto refused = Node::open(unwritable);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::io_error);
  EXPECT_NE(refused.error().message.find("/proc/latium-data"), std::string::npos);
}

TEST_F(NodeTest, AnAddressInUseIsRefused) {
  NodeOptions first = options("a");
  first.listen = "127.0.0.1:0";
  Node node = opened(first);
  NodeOptions second = options("b");
  second.listen = node.status().listen;
  EXPECT_EQ(Node::open(second).error().code, ErrorCode::io_error);
  second.listen = "";
  second.metrics = node.status().listen;
  const auto refused = Node::open(second);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::io_error);
  EXPECT_NE(refused.error().message.find("metrics"), std::string::npos);
  second.metrics = "";
  EXPECT_TRUE(Node::open(second).has_value()) << "a refused start leaves nothing behind";
}

TEST_F(NodeTest, ManyThreadsWriteAndRead) {
  Node node = opened(options());
  Bucket bucket = bucket_of(node);
  constexpr int kThreads = 8;
  constexpr int kKeys = 50;
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      Bucket mine = bucket;
      for (int i = 0; i < kKeys; ++i) {
        const std::string key = std::to_string(t) + "/" + std::to_string(i);
        if (!mine.put(key, key)) ++failures;
        const auto found = mine.get(key);
        if (!found || !*found || (*found)->value != key) ++failures;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  std::size_t seen = 0;
  ScanOptions scan{.prefix = "", .after = "", .limit = 33};
  for (bool more = true; more;) {
    auto page = bucket.scan(scan);
    ASSERT_TRUE(page.has_value());
    seen += page->entries.size();
    more = page->more;
    if (more) scan.after = page->entries.back().key;
  }
  EXPECT_EQ(seen, static_cast<std::size_t>(kThreads * kKeys));
}

boost::asio::awaitable<int> awaits(Bucket bucket) {
  using boost::asio::use_awaitable;
  const auto me = std::this_thread::get_id();
  const auto put = co_await async_put(bucket, "k", "v", {}, use_awaitable);
  const auto found = co_await async_get(bucket, "k", use_awaitable);
  const auto page = co_await async_scan(bucket, {}, use_awaitable);
  const auto removed = co_await async_remove(bucket, "k", {}, use_awaitable);
  const auto gone = co_await async_get(bucket, "k", use_awaitable);
  const bool all = put && found && *found && (*found)->value == "v" && page && page->entries.size() == 1 && removed && *removed &&
                   gone && !*gone && std::this_thread::get_id() == me;
  co_return all ? 1 : 0;
}

TEST_F(NodeTest, AwaitableFormsRunOnTheCallersExecutor) {
  Node node = opened(options());
  Bucket bucket = bucket_of(node);
  boost::asio::io_context context;
  auto outcome = boost::asio::co_spawn(context, awaits(bucket), boost::asio::use_future);
  context.run();
  EXPECT_EQ(outcome.get(), 1);
}

TEST_F(NodeTest, FuturesWorkFromAnyThread) {
  Node node = opened(options());
  Bucket bucket = bucket_of(node);
  std::vector<std::future<Result<Written>>> puts;
  for (int i = 0; i < 500; ++i) puts.push_back(async_put(bucket, std::to_string(i), "v", {}, boost::asio::use_future));
  for (auto& put : puts) EXPECT_TRUE(put.get().has_value());
}

TEST_F(NodeTest, AfterStopEverythingAnswersUnavailable) {
  Node node = opened(options());
  Bucket bucket = bucket_of(node);
  ASSERT_TRUE(bucket.put("k", "v").has_value());
  ASSERT_TRUE(node.stop().has_value());
  ASSERT_TRUE(node.stop().has_value());
  EXPECT_EQ(bucket.put("k", "v").error().code, ErrorCode::unavailable);
  EXPECT_EQ(bucket.get("k").error().code, ErrorCode::unavailable);
  EXPECT_EQ(bucket.remove("k").error().code, ErrorCode::unavailable);
  EXPECT_EQ(bucket.scan().error().code, ErrorCode::unavailable);
  EXPECT_EQ(node.create_tenant("x").error().code, ErrorCode::unavailable);
  EXPECT_EQ(node.status().state, "stopping");
  bool called = false;
  bucket.get_async("k", {}, [&called](auto found) { called = found.error().code == ErrorCode::unavailable; });
  EXPECT_TRUE(called);
}

TEST_F(NodeTest, StopUnderLoadAnswersEveryCallOnce) {
  auto node = std::make_unique<Node>(opened(options()));
  Bucket bucket = bucket_of(*node);
  std::atomic<int> asked = 0;
  std::atomic<int> answered = 0;
  std::atomic<int> acknowledged = 0;
  std::promise<void> some_done;
  std::thread caller([&] {
    for (int i = 0; i < 5000; ++i) {
      ++asked;
      bucket.put_async(std::to_string(i), "v", {}, [&](Result<Written> put) {
        if (put) ++acknowledged;
        if (++answered == 100) some_done.set_value();
      });
    }
  });
  some_done.get_future().wait();
  node.reset();
  caller.join();
  EXPECT_EQ(answered, asked);
  // What was acknowledged before the stop is there after it.
  Node again = opened(options());
  std::size_t kept = 0;
  ScanOptions scan{.prefix = "", .after = "", .limit = 10'000};
  kept = bucket_of(again).scan(scan)->entries.size();
  EXPECT_GE(kept, static_cast<std::size_t>(acknowledged.load()));
}

TEST_F(NodeTest, HandlesMayOutliveTheNode) {
  std::optional<Bucket> late;
  {
    Node node = opened(options());
    late.emplace(bucket_of(node));
    ASSERT_TRUE(late->put("k", "v").has_value());
  }
  EXPECT_EQ(late->get("k").error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace latium
