// What the handler behind the simulated network hears when nobody waits for an answer any more: the same as behind TCP.
#include <gtest/gtest.h>

#include <vector>

#include "tests/sim/network_fixture.h"

namespace latium::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

using SimCancelTest = SimNetworkTest;

TEST_F(SimCancelTest, TheHandlerHearsOfCallersThatGaveUp) {
  begin(kSilence, "in time", {client_.clock.monotonic_now() + seconds(30)});
  begin(kSilence, "late", {client_.clock.monotonic_now() + seconds(1)});
  begin(kEcho, "answered", {client_.clock.monotonic_now() + seconds(1)});
  pass(seconds(2));
  EXPECT_EQ(server_->cancelled_payloads, (std::vector<Bytes>{"late"}));
  tasks_.cancel();
  pass(seconds(1));
  EXPECT_EQ(server_->cancelled_payloads, (std::vector<Bytes>{"late", "in time"}));
  // Once each, though the connection goes as well.
  ASSERT_TRUE(simulation_.run(client_.transport.stop()));
  pass(seconds(1));
  EXPECT_EQ(server_->cancelled_payloads.size(), 2u);
}

TEST_F(SimCancelTest, BothCopiesOfARequestAreCancelled) {
  network_.options().duplication = 1;
  network_.options().duplicate_delay_max = milliseconds(100);
  begin(kSilence, "x", {client_.clock.monotonic_now() + seconds(1)});
  pass(seconds(2));
  EXPECT_EQ(server_->cancelled_payloads, (std::vector<Bytes>{"x", "x"}));
}

TEST_F(SimCancelTest, ACancelThatIsLostIsMadeUpForByKeepalive) {
  begin(kSilence, "x", {client_.clock.monotonic_now() + seconds(1)});
  pass(milliseconds(500));
  network_.isolate(client_.transport.host());
  pass(milliseconds(1'400));
  EXPECT_EQ(notes_, (std::vector<std::string>{"deadline_exceeded/unknown"}));
  EXPECT_TRUE(server_->cancelled_payloads.empty());
  pass(seconds(11));
  EXPECT_EQ(server_->cancelled_payloads, (std::vector<Bytes>{"x"}));
}

TEST_F(SimCancelTest, TheHandlerHearsOfConnectionsThatEndBeforeTheAnswers) {
  Machine other(simulation_, network_, "other");
  TaskGroup others(other.runtime.runtime().executor, 1);
  std::vector<std::string> notes;
  ASSERT_TRUE(others.spawn(call_and_note(other.transport, address_, kSilence, "other", {}, notes)));
  begin(kSilence, "a");
  begin(kSilence, "b");
  pass(seconds(1));
  std::move(*server_->held.at(1)).respond(Bytes("answer"));
  network_.reset(client_.transport.host(), server_->transport.host());
  settle();
  EXPECT_EQ(server_->cancelled_payloads.size(), 1u);
  // Its process dies: the server is told by the reset.
  other.runtime.gate().kill();
  other.transport.kill(true);
  pass(seconds(1));
  EXPECT_EQ(server_->cancelled_payloads.size(), 2u);
  EXPECT_EQ(server_->cancelled_payloads.back(), "other");
  others.cancel();
}

TEST_F(SimCancelTest, TheHandlerHearsOfItsOwnStopButNotOfItsDeath) {
  begin(kSilence, "x");
  pass(seconds(1));
  ASSERT_TRUE(simulation_.run(server_->transport.stop()));
  EXPECT_EQ(server_->cancelled_payloads, (std::vector<Bytes>{"x"}));
  pass(seconds(1));
  Machine mortal(simulation_, network_, "mortal");
  ASSERT_TRUE(mortal.transport.listen({"mortal", 1}, mortal));
  address_ = {"mortal", 1};
  begin(kSilence, "y");
  pass(seconds(1));
  ASSERT_EQ(mortal.held.size(), 1u);
  mortal.runtime.gate().kill();
  mortal.transport.kill(true);
  ASSERT_TRUE(simulation_.run(mortal.transport.stop()));
  pass(seconds(1));
  EXPECT_TRUE(mortal.cancelled_payloads.empty());
}

}  // namespace
}  // namespace latium::sim
