#include "node/cli/batch_sender.h"

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <vector>

#include "proto/client.pb.h"
#include "tests/cli/scripted_node.h"

namespace latium::cli {
namespace {

using Verdict = std::function<std::optional<Error>(std::size_t)>;

/// Takes batches as a node would, except for those requests (by number, from 0) that the verdict refuses.
class BatchNode {
 public:
  explicit BatchNode(Verdict verdict)
      : verdict_(std::move(verdict)), node_([this](IncomingRequest request) { handle(std::move(request)); }) {}

  std::unique_ptr<RemoteClient> client() const { return node_.client(); }
  std::map<std::string, std::string> kept() {
    const std::lock_guard lock(mutex_);
    return kept_;
  }

 private:
  void handle(IncomingRequest request) {
    if (auto refused = verdict_(requests_++)) return std::move(request).respond(fail(*std::move(refused)));
    client::KvPutManyRequest batch;
    EXPECT_TRUE(batch.ParseFromString(request.payload()));
    const std::lock_guard lock(mutex_);
    for (const auto& item : batch.items()) kept_[item.key()] = item.value();
    std::move(request).respond(Bytes());
  }

  Verdict verdict_;
  std::size_t requests_ = 0;  // loop only
  std::mutex mutex_;
  std::map<std::string, std::string> kept_;
  ScriptedNode node_;  // last: it calls handle()
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

TEST(BatchSender, LaterBatchesWinThroughFailures) {
  constexpr std::uint64_t kBatches = 60;
  // One in five requests fails, so that batches behind a failed one have taken effect before it does.
  BatchNode node([](std::size_t request) -> std::optional<Error> {
    if (request % 5 == 2) return Error(ErrorCode::overloaded, "busy");
    return std::nullopt;
  });
  const auto client = node.client();
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
  BatchNode node([](std::size_t request) -> std::optional<Error> {
    if (request % 4 == 1 || request > 40) return Error(ErrorCode::unavailable, "away");
    return std::nullopt;
  });
  const auto client = node.client();
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
  BatchNode node([](std::size_t request) -> std::optional<Error> {
    if (request == 1) return Error(ErrorCode::unknown_tenant, "dropped");
    return std::nullopt;
  });
  const auto client = node.client();
  BatchSender sender(*client, quick(), {});
  Result<void> result;
  for (std::uint64_t i = 1; result && i <= 10; ++i) result = sender.send(batch(i));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::unknown_tenant);
}

TEST(BatchSender, EmptyBatchesOnlyMoveTheEnd) {
  BatchNode node([](std::size_t) { return std::nullopt; });
  const auto client = node.client();
  BatchSender sender(*client, quick(), {});
  ASSERT_TRUE(sender.send({Bytes(), {.position = {}, .imported = 0, .bad = 3}}));
  EXPECT_EQ(sender.acknowledged().bad, 3u);
  EXPECT_TRUE(sender.idle());
}

TEST(BatchSender, AnInterruptionEndsTheWait) {
  std::atomic<bool> interrupted{false};
  BatchNode node([&interrupted](std::size_t) -> std::optional<Error> {
    interrupted = true;
    return Error(ErrorCode::unavailable, "away");
  });
  const auto client = node.client();
  BatchSender sender(*client, quick(&interrupted), {});
  Result<void> result = sender.send(batch(1));
  if (result) result = sender.drain();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::cancelled);
  EXPECT_EQ(sender.acknowledged().imported, 0u);
}

}  // namespace
}  // namespace latium::cli
