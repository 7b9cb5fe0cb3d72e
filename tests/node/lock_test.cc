// The public locks, on nodes with and without replicas.
#include "latium/lock.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <optional>
#include <thread>

#include "latium/asio.h"
#include "tests/node/three_nodes.h"

namespace latium {
namespace {

using std::chrono::milliseconds;

class LockTest : public ThreeNodesTest {
 protected:
  Lock taken(Node& node, LockOptions options = {}) {
    auto lock = node.lock("acme", "l", std::move(options));
    if (!lock) throw std::runtime_error(lock.error().message);
    return *std::move(lock);
  }
};

// Long enough for whatever the machine does meanwhile.
constexpr milliseconds kLong = std::chrono::hours(1);

TEST_F(LockTest, OneHolderAtATimeAndATokenThatGrows) {
  std::uint64_t token = 0;
  for (Node& node : nodes_) {
    Lock lock = taken(node, {.lease = kLong});
    EXPECT_GT(lock.token(), token);
    token = lock.token();
    for (Node& other : nodes_) {
      const auto refused = other.lock("acme", "l");
      ASSERT_FALSE(refused.has_value());
      EXPECT_EQ(refused.error().code, ErrorCode::conflict);
      EXPECT_NE(refused.error().message.find(lock.owner()), std::string::npos) << refused.error().message;
    }
    const auto released = lock.release();
    ASSERT_TRUE(released.has_value()) << released.error().message;
    EXPECT_FALSE(released->held);
    EXPECT_EQ(lock.release().error().code, ErrorCode::conflict) << "given back already";
    EXPECT_EQ(lock.renew().error().code, ErrorCode::conflict);
  }
}

TEST_F(LockTest, TwoHandlesOfOneNodeAreTwoOwners) {
  Lock lock = taken(replica(0), {.lease = kLong});
  EXPECT_EQ(replica(0).lock("acme", "l").error().code, ErrorCode::conflict);
  EXPECT_TRUE(replica(0).lock("acme", "another").has_value());
}

TEST_F(LockTest, ShowSaysWhoHoldsIt) {
  EXPECT_FALSE(client().show_lock("acme", "l")->held);
  Lock lock = taken(replica(0), {.lease = kLong, .owner = "scheduler-7"});
  const auto shown = client().show_lock("acme", "l");
  ASSERT_TRUE(shown.has_value()) << shown.error().message;
  EXPECT_TRUE(shown->held);
  EXPECT_EQ(shown->owner, "scheduler-7");
  EXPECT_EQ(shown->token, lock.token());
  EXPECT_EQ(shown->expires, lock.expires());
  EXPECT_GE(shown->cost.round_trips, 1u);
}

TEST_F(LockTest, ARenewalPutsTheEndOff) {
  Lock lock = taken(client(), {.lease = kLong});
  const auto before = lock.expires();
  const auto renewed = lock.renew();
  ASSERT_TRUE(renewed.has_value()) << renewed.error().message;
  EXPECT_TRUE(renewed->held);
  EXPECT_GE(lock.expires(), before);
  EXPECT_EQ(lock.expires(), renewed->expires);
  EXPECT_EQ(renewed->token, lock.token());
  EXPECT_TRUE(lock.release().has_value());
}

TEST_F(LockTest, TheLastHandleGivesItBack) {
  std::uint64_t token = 0;
  {
    Lock lock = taken(client(), {.lease = kLong});
    token = lock.token();
    Lock moved = std::move(lock);
    EXPECT_EQ(replica(1).lock("acme", "l").error().code, ErrorCode::conflict)
        << "a handle that was moved from gives nothing back";
  }
  // In the background: whoever waits gets it.
  Lock next = taken(replica(1), {.lease = kLong, .wait = kLong});
  EXPECT_EQ(next.token(), token + 1);
}

TEST_F(LockTest, AssignmentGivesBackWhatItReplaces) {
  Lock lock = taken(replica(0), {.lease = kLong});
  auto other = replica(0).lock("acme", "other", {.lease = kLong});
  ASSERT_TRUE(other.has_value());
  lock = *std::move(other);
  EXPECT_EQ(lock.name(), "other");
  EXPECT_TRUE(replica(2).lock("acme", "l", {.wait = kLong}).has_value());
}

TEST_F(LockTest, WhoeverWaitsGetsItAfterTheRelease) {
  Lock lock = taken(replica(0), {.lease = kLong});
  std::promise<Result<Lock>> promise;
  auto waiting = promise.get_future();
  client().lock_async("acme", "l", {.lease = kLong, .wait = kLong},
                      [&promise](Result<Lock> result) { promise.set_value(std::move(result)); });
  ASSERT_TRUE(lock.release().has_value());
  const auto got = waiting.get();
  ASSERT_TRUE(got.has_value()) << got.error().message;
  EXPECT_EQ(got->token(), lock.token() + 1);
}

TEST_F(LockTest, AHolderLearnsThatItsLeaseWasLost) {
  Lock first = taken(replica(0), {.lease = milliseconds(1)});
  // It ran out; the other gets it once no clock can think otherwise.
  Lock second = taken(client(), {.lease = kLong, .wait = kLong});
  EXPECT_GT(second.token(), first.token());
  const auto renewed = first.renew();
  ASSERT_FALSE(renewed.has_value());
  EXPECT_EQ(renewed.error().code, ErrorCode::conflict);
  EXPECT_NE(renewed.error().message.find(second.owner()), std::string::npos) << renewed.error().message;
  EXPECT_EQ(first.release().error().code, ErrorCode::conflict);
  EXPECT_TRUE(client().show_lock("acme", "l")->held) << "who lost it takes nothing from who has it";
}

TEST_F(LockTest, ALeaseThatRanOutIsTakenUpAgainIfNobodyTookIt) {
  Lock lock = taken(replica(0), {.lease = milliseconds(1)});
  const auto renewed = lock.renew();
  ASSERT_TRUE(renewed.has_value()) << renewed.error().message;
  EXPECT_EQ(renewed->token, lock.token());
}

TEST_F(LockTest, BadArgumentsAreRefused) {
  const auto code = [&](LockOptions options) { return replica(0).lock("acme", "l", std::move(options)).error().code; };
  EXPECT_EQ(code({.lease = milliseconds(0)}), ErrorCode::invalid_argument);
  EXPECT_EQ(code({.lease = std::chrono::hours(25)}), ErrorCode::invalid_argument);
  EXPECT_EQ(code({.wait = milliseconds(-1)}), ErrorCode::invalid_argument);
  EXPECT_EQ(code({.timeout = milliseconds(0)}), ErrorCode::invalid_argument);
  EXPECT_EQ(replica(0).lock("acme", "").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(replica(0).lock("nobody", "l").error().code, ErrorCode::unknown_tenant);
  EXPECT_EQ(replica(0).show_lock("nobody", "l").error().code, ErrorCode::unknown_tenant);
}

TEST_F(LockTest, ALockOutlivesItsNode) {
  std::optional<Lock> lock;
  {
    auto alone = Node::open({.data_dir = directory_ / "alone", .site = "rennes", .bootstrap = true, .log = {.level = "error"}});
    ASSERT_TRUE(alone.has_value() && alone->create_tenant("acme").has_value());
    lock.emplace(*alone->lock("acme", "l", {.lease = kLong}));
  }
  EXPECT_EQ(lock->renew().error().code, ErrorCode::unavailable);
}

boost::asio::awaitable<bool> awaits(Node& node) {
  using boost::asio::use_awaitable;
  const auto me = std::this_thread::get_id();
  auto lock = co_await async_lock(node, "acme", "l", {}, use_awaitable);
  if (!lock) co_return false;
  const auto renewed = co_await async_renew(*lock, use_awaitable);
  const auto released = co_await async_release(*lock, use_awaitable);
  co_return renewed && renewed->held&& released && !released->held && std::this_thread::get_id() == me;
}

TEST_F(LockTest, AwaitableFormsRunOnTheCallersExecutor) {
  boost::asio::io_context context;
  auto outcome = boost::asio::co_spawn(context, awaits(client()), boost::asio::use_future);
  context.run();
  EXPECT_TRUE(outcome.get());
}

}  // namespace
}  // namespace latium
