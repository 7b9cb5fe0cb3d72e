// Waiting for another node's answer only while that node shows that it is there.
#include "replication/peer_watch.h"

#include "proto/wire.pb.h"
#include "tests/runtime/simulated.h"

namespace latium::testing {
namespace {

constexpr Duration kSilence = milliseconds(400);

// A node that answers what anybody answers at once, until it hangs.
class Peer final : public Transport {
 public:
  explicit Peer(Runtime& runtime) : runtime_(runtime) {}
  Result<Address> listen(const Address& address, RequestHandler&) override { return address; }
  TransportStatistics statistics() const override { return {}; }
  Task<void> stop() override { co_return Result<void>(); }
  Task<Bytes> call(Address, Method method, Bytes, CallOptions options) override {
    EXPECT_EQ(method, wire::METHOD_CLUSTER_INFO);
    ++asked;
    LATIUM_CO_CHECKED(co_await sleep_for(runtime_, milliseconds(1)));
    if (refuses) co_return fail(ErrorCode::overloaded, "too much to do");
    if (!hangs) co_return Bytes();
    LATIUM_CO_CHECKED(co_await sleep_until(runtime_, options.deadline));
    co_return fail(ErrorCode::deadline_exceeded, Certainty::unknown, "no answer");
  }

  int asked = 0;
  bool hangs = false;
  bool refuses = false;

 private:
  Runtime& runtime_;
};

class PeerWatchTest : public Simulated {
 protected:
  static Task<int> answer_after(Runtime& runtime, Duration time) {
    LATIUM_CO_CHECKED(co_await sleep_for(runtime, time));
    co_return 7;
  }
  Task<int> watched(Duration time) { return watch_peer(runtime(), peer_, {"node", 1}, kSilence, answer_after(runtime(), time)); }

  Peer peer_{runtime()};
};

TEST_F(PeerWatchTest, SilenceIsAnEighthOfTheTimeWithinBounds) {
  EXPECT_EQ(silence_allowed(runtime(), in(seconds(4))), milliseconds(500));
  EXPECT_EQ(silence_allowed(runtime(), in(milliseconds(80))), milliseconds(150));
  EXPECT_EQ(silence_allowed(runtime(), in(-seconds(1))), milliseconds(150));
  EXPECT_EQ(silence_allowed(runtime(), in(hours(1))), seconds(1));
  EXPECT_EQ(silence_allowed(runtime(), kNever), seconds(1));
}

TEST_F(PeerWatchTest, AQuickAnswerCostsNothing) {
  EXPECT_EQ(*run(watched(kSilence / 4)), 7);
  EXPECT_EQ(peer_.asked, 0);
}

TEST_F(PeerWatchTest, ASlowAnswerIsWaitedForWhileTheNodeIsThere) {
  EXPECT_EQ(*run(watched(seconds(60))), 7);
  EXPECT_GT(peer_.asked, 200);
  EXPECT_LT(peer_.asked, 400) << "twice in the time that it may be silent";
}

TEST_F(PeerWatchTest, ANodeThatIsTooBusyToAnswerIsThere) {
  peer_.refuses = true;
  EXPECT_EQ(*run(watched(seconds(5))), 7);
}

TEST_F(PeerWatchTest, ANodeThatHangsIsGivenUpInTime) {
  peer_.hangs = true;
  const Duration began = simulation_.now();
  const auto outcome = run(watched(seconds(60)));
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code, ErrorCode::unavailable);
  EXPECT_EQ(outcome.error().certainty, Certainty::unknown) << "it may have done what it was asked";
  EXPECT_LE(simulation_.now() - began, kSilence * 3 / 2 + milliseconds(2));
}

TEST_F(PeerWatchTest, ANodeThatHangsLaterIsGivenUpThen) {
  bool ended = false;
  const auto wait = [](Task<int> work, bool& over) -> Task<void> {
    const auto outcome = co_await std::move(work);
    EXPECT_FALSE(outcome.has_value());
    over = true;
    co_return Result<void>();
  };
  TaskGroup group(runtime().executor, 1);
  ASSERT_TRUE(group.spawn(wait(watched(hours(1)), ended)));
  pass(seconds(30));
  EXPECT_FALSE(ended);
  peer_.hangs = true;
  pass(kSilence * 3 / 2 + milliseconds(2));
  EXPECT_TRUE(ended);
  ASSERT_TRUE(run(group.join()));
}

// The work's own end counts, whatever comes at the same time.
TEST_F(PeerWatchTest, AResultThatIsThereInSpiteOfTheCancelIsKept) {
  const auto stubborn = [](Runtime& runtime) -> Task<int> {
    (void)co_await sleep_for(runtime, hours(1));
    co_return 9;
  };
  peer_.hangs = true;
  EXPECT_EQ(*run(watch_peer(runtime(), peer_, {"node", 1}, kSilence, stubborn(runtime()))), 9);
}

TEST_F(PeerWatchTest, ACancelEndsBoth) {
  bool ended = false;
  const auto wait = [](Task<int> work, bool& over) -> Task<void> {
    const auto outcome = co_await std::move(work);
    EXPECT_EQ(code_of(outcome), "cancelled");
    over = true;
    co_return Result<void>();
  };
  TaskGroup group(runtime().executor, 1);
  ASSERT_TRUE(group.spawn(wait(watched(hours(1)), ended)));
  pass(milliseconds(250));  // it is being asked
  on_loop([&] { group.cancel(); });
  ASSERT_TRUE(run(group.join()));
  EXPECT_TRUE(ended);
}

TEST_F(PeerWatchTest, AnErrorOfTheWorkIsPassedOn) {
  const auto refused = [](Runtime& runtime) -> Task<int> {
    LATIUM_CO_CHECKED(co_await sleep_for(runtime, milliseconds(10)));
    co_return fail(ErrorCode::conflict, "no");
  };
  const auto outcome = run(watch_peer(runtime(), peer_, {"node", 1}, kSilence, refused(runtime())));
  EXPECT_EQ(code_of(outcome), "conflict");
}

}  // namespace
}  // namespace latium::testing
