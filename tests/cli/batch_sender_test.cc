#include "node/cli/batch_sender.h"

#include <gtest/gtest.h>

#include <future>
#include <map>
#include <mutex>
#include <vector>

#include "net/tcp_transport.h"
#include "proto/client.pb.h"
#include "proto/wire.pb.h"
#include "runtime/event_loop.h"
#include "runtime/spawn.h"

namespace latium::cli {
namespace {

using Verdict = std::function<std::optional<Error>(std::size_t)>;

/// Takes batches as a node would, except for those requests (by number, from 0) that the verdict refuses.
class ScriptedNode final : public RequestHandler {
 public:
  explicit ScriptedNode(Verdict verdict)
      : verdict_(std::move(verdict)), loop_({.pool_threads = 1, .seed = 1, .logger = nullptr}) {
    TcpTransportOptions options;
    options.hello = {
        .cluster = ClusterId{1}, .node = NodeId{2}, .incarnation = Incarnation{1}, .role = PeerRole::node, .site = "s"};
    options.security = Plaintext{};
    transport_ = std::move(*TcpTransport::create(loop_.runtime(), hlc_, std::move(options)));
    address_ = *transport_->listen({"127.0.0.1", 0}, *this);
    loop_.start();
  }
  ~ScriptedNode() override {
    std::promise<void> stopped;
    boost::asio::post(loop_.context(), [this, &stopped] {
      start_task(loop_.runtime().executor, transport_->stop(), boost::asio::cancellation_slot(),
                 [&stopped](const Result<void>&) { stopped.set_value(); });
    });
    stopped.get_future().wait();
    loop_.stop();
  }

  void handle(IncomingRequest request) override {
    if (auto refused = verdict_(requests_++)) return std::move(request).respond(fail(*std::move(refused)));
    client::KvPutManyRequest batch;
    EXPECT_TRUE(batch.ParseFromString(request.payload()));
    const std::lock_guard lock(mutex_);
    for (const auto& item : batch.items()) kept_[item.key()] = item.value();
    std::move(request).respond(Bytes());
  }

  const Address& address() const { return address_; }
  std::map<std::string, std::string> kept() {
    const std::lock_guard lock(mutex_);
    return kept_;
  }

 private:
  Verdict verdict_;
  std::size_t requests_ = 0;  // loop only
  std::mutex mutex_;
  std::map<std::string, std::string> kept_;
  HlcClock hlc_;
  EventLoop loop_;
  std::unique_ptr<TcpTransport> transport_;
  Address address_;
};

// Every batch writes its number to one key of its own and to one that all share.
BatchSender::Batch batch(std::uint64_t number) {
  client::KvPutManyRequest request;
  for (const std::string& key : {"own" + std::to_string(number), std::string("shared")}) {
    auto& item = *request.add_items();
    item.set_key(key);
    item.set_value(std::to_string(number));
  }
  return {request.SerializeAsString(), {.position = {}, .imported = number, .bad = 0}};
}

BatchSender::Options quick(const std::atomic<bool>* interrupted = nullptr) {
  return {.window = 4,
          .timeout = std::chrono::seconds(20),
          .backoff = {.base = std::chrono::milliseconds(1), .cap = std::chrono::milliseconds(2)},
          .interrupted = interrupted};
}

std::unique_ptr<RemoteClient> client_of(const ScriptedNode& node) {
  return std::move(*RemoteClient::open({.node = node.address(), .tls = {}, .connections = 1}));
}

TEST(BatchSender, LaterBatchesWinThroughFailures) {
  constexpr std::uint64_t kBatches = 60;
  // One in five requests fails, so that batches behind a failed one have taken effect before it does.
  ScriptedNode node([](std::size_t request) -> std::optional<Error> {
    if (request % 5 == 2) return Error(ErrorCode::overloaded, "busy");
    return std::nullopt;
  });
  const auto client = client_of(node);
  BatchSender sender(*client, quick(), {});
  std::uint64_t before = 0;
  for (std::uint64_t i = 1; i <= kBatches; ++i) {
    ASSERT_TRUE(sender.send(batch(i)));
    EXPECT_GE(sender.acknowledged().imported, before);
    before = sender.acknowledged().imported;
  }
  ASSERT_TRUE(sender.drain());
  EXPECT_EQ(sender.acknowledged().imported, kBatches);
  const auto kept = node.kept();
  EXPECT_EQ(kept.size(), kBatches + 1);
  EXPECT_EQ(kept.at("shared"), std::to_string(kBatches));
}

TEST(BatchSender, WhatIsAcknowledgedHasNoGap) {
  // The second batch never gets through; those behind it do.
  ScriptedNode node([](std::size_t request) -> std::optional<Error> {
    if (request % 4 == 1 || request > 40) return Error(ErrorCode::unavailable, "away");
    return std::nullopt;
  });
  const auto client = client_of(node);
  auto options = quick();
  options.timeout = std::chrono::milliseconds(50);
  BatchSender sender(*client, options, {});
  Result<void> result;
  for (std::uint64_t i = 1; result && i <= 1000; ++i) result = sender.send(batch(i));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::unavailable);
  const auto kept = node.kept();
  for (std::uint64_t i = 1; i <= sender.acknowledged().imported; ++i) EXPECT_TRUE(kept.contains("own" + std::to_string(i))) << i;
}

TEST(BatchSender, ARefusalIsNotRetried) {
  ScriptedNode node([](std::size_t request) -> std::optional<Error> {
    if (request == 1) return Error(ErrorCode::unknown_tenant, "dropped");
    return std::nullopt;
  });
  const auto client = client_of(node);
  BatchSender sender(*client, quick(), {});
  Result<void> result;
  for (std::uint64_t i = 1; result && i <= 10; ++i) result = sender.send(batch(i));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::unknown_tenant);
}

TEST(BatchSender, EmptyBatchesOnlyMoveTheEnd) {
  ScriptedNode node([](std::size_t) { return std::nullopt; });
  const auto client = client_of(node);
  BatchSender sender(*client, quick(), {});
  ASSERT_TRUE(sender.send({Bytes(), {.position = {}, .imported = 0, .bad = 3}}));
  EXPECT_EQ(sender.acknowledged().bad, 3u);
  EXPECT_TRUE(sender.idle());
}

TEST(BatchSender, AnInterruptionEndsTheWait) {
  std::atomic<bool> interrupted{false};
  ScriptedNode node([&interrupted](std::size_t) -> std::optional<Error> {
    interrupted = true;
    return Error(ErrorCode::unavailable, "away");
  });
  const auto client = client_of(node);
  BatchSender sender(*client, quick(&interrupted), {});
  Result<void> result = sender.send(batch(1));
  if (result) result = sender.drain();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::cancelled);
  EXPECT_EQ(sender.acknowledged().imported, 0u);
}

}  // namespace
}  // namespace latium::cli
