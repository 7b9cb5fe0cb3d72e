// What every implementation of the Transport seam has to do. An implementation gives a World and runs the suite with
//   INSTANTIATE_TYPED_TEST_SUITE_P(Tcp, TransportConformance, TcpWorld);
//
// A World is default constructible and has
//   Transport& server();  Transport& client();      two ends that can reach each other
//   Address listen_address();                       where the server can listen
//   Runtime& runtime();                             the one that both run on
//   void run(Task<void> task);                      runs the task to its end and fails the test on an error of it
#pragma once

#include <gtest/gtest.h>

#include <list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/transport.h"
#include "runtime/deadline.h"
#include "runtime/sync.h"
#include "runtime/task_group.h"

namespace latium::testing {

/// Methods of the handler below.
inline constexpr Method kEcho = 1;      ///< answers the request
inline constexpr Method kFail = 2;      ///< answers `conflict`, not_applied, with the request as text
inline constexpr Method kHold = 3;      ///< keeps the request until released
inline constexpr Method kDrop = 4;      ///< drops it unanswered
inline constexpr Method kDeadline = 5;  ///< answers "never", or the milliseconds that are left
inline constexpr Method kBytes = 6;     ///< answers as many bytes as the number in the request says

class ScriptedHandler final : public RequestHandler {
 public:
  explicit ScriptedHandler(Clock& clock) : clock_(clock) {}

  void handle(IncomingRequest request) override {
    ++handled;
    last_peer = request.peer();
    switch (request.method()) {
      case kEcho:
        echo(std::move(request));
        return;
      case kFail: {
        std::string text = request.payload();
        std::move(request).respond(fail(ErrorCode::conflict, std::move(text)));
        return;
      }
      case kHold:
        held.push_back(std::move(request));
        arrived.set();
        return;
      case kDeadline: {
        const auto left = request.deadline() - clock_.monotonic_now();
        std::string text =
            request.deadline() == kNever ? "never" : std::to_string(std::chrono::ceil<std::chrono::milliseconds>(left).count());
        std::move(request).respond(std::move(text));
        return;
      }
      case kBytes: {
        const std::size_t count = std::stoull(request.payload());
        std::move(request).respond(Bytes(count, 'x'));
        return;
      }
      default:
        return;
    }
  }
  void cancelled(std::uint64_t connection_id, std::uint64_t request_id) override {
    cancelled_ids.emplace_back(connection_id, request_id);
    cancel_came.set();
  }

  /// Answers what is held, the last one first.
  void release() {
    auto requests = std::move(held);
    held.clear();
    for (auto request = requests.rbegin(); request != requests.rend(); ++request) echo(std::move(*request));
  }

  std::uint64_t handled = 0;
  PeerIdentity last_peer;
  std::list<IncomingRequest> held;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> cancelled_ids;  ///< connection, request
  Event arrived;
  Event cancel_came;

 private:
  static void echo(IncomingRequest request) {
    Bytes payload = request.take_payload();
    std::move(request).respond(std::move(payload));
  }
  Clock& clock_;
};

/// Waits in steps of the loop until `condition` holds; the test's own time limit ends what never comes.
template <class Condition>
Task<void> until(Condition condition) {
  while (!condition()) co_await yield_now();
  co_return Result<void>();
}

/// Puts the result of a call where a test can look at it.
inline Task<void> keep(Task<Bytes> call, std::optional<Result<Bytes>>* into) {
  into->emplace(co_await std::move(call));
  co_return Result<void>();
}

template <class World>
class TransportConformance : public ::testing::Test {
 protected:
  TransportConformance() : handler(world.runtime().clock) {}

  void SetUp() override {
    auto listening = world.server().listen(world.listen_address(), handler);
    ASSERT_TRUE(listening.has_value()) << listening.error().message;
    address = *listening;
  }
  void TearDown() override {
    world.run(world.client().stop());
    world.run(world.server().stop());
    handler.held.clear();
  }
  Result<Bytes> call(Method method, Bytes request, CallOptions options = {}) {
    std::optional<Result<Bytes>> result;
    world.run(keep(world.client().call(address, method, std::move(request), options), &result));
    return *std::move(result);
  }
  MonotonicTime in(Duration duration) { return world.runtime().clock.monotonic_now() + duration; }

  World world;
  ScriptedHandler handler;
  Address address;
};

TYPED_TEST_SUITE_P(TransportConformance);

TYPED_TEST_P(TransportConformance, AnswersComeBack) {
  EXPECT_EQ(this->call(kEcho, "hello"), Result<Bytes>("hello"));
  EXPECT_EQ(this->call(kEcho, ""), Result<Bytes>(""));
}

TYPED_TEST_P(TransportConformance, ErrorsComeBackAsTheHandlerGaveThem) {
  EXPECT_EQ(this->call(kFail, "version 3").error(), Error(ErrorCode::conflict, Certainty::not_applied, "version 3"));
}

TYPED_TEST_P(TransportConformance, ADroppedRequestAnswersInternal) {
  const auto answer = this->call(kDrop, "x");
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::internal);
  EXPECT_EQ(answer.error().certainty, Certainty::unknown);
}

TYPED_TEST_P(TransportConformance, TooLargeRequestsAreRefusedBeforeTheyAreSent) {
  const auto answer = this->call(kEcho, Bytes(kMaxMessageBytes + 1, 'x'));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(answer.error().certainty, Certainty::not_applied);
  EXPECT_EQ(this->handler.handled, 0u);
}

TYPED_TEST_P(TransportConformance, TheHandlerKnowsTheDeadline) {
  EXPECT_EQ(this->call(kDeadline, ""), Result<Bytes>("never"));
  const auto left = this->call(kDeadline, "", {.deadline = this->in(std::chrono::hours(1))});
  ASSERT_TRUE(left.has_value());
  EXPECT_LE(std::stoll(*left), 3'600'001);
  EXPECT_GT(std::stoll(*left), 3'000'000);
}

TYPED_TEST_P(TransportConformance, APassedDeadlineSendsNothing) {
  const auto answer = this->call(kEcho, "x", {.deadline = this->in(Duration(-1))});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::deadline_exceeded);
  EXPECT_EQ(answer.error().certainty, Certainty::not_applied);
}

TYPED_TEST_P(TransportConformance, ADeadlineWithoutAnswerIsUnknown) {
  // One call first: the connection stands, so that the request surely leaves before its deadline.
  ASSERT_TRUE(this->call(kEcho, "x").has_value());
  const auto answer = this->call(kHold, "x", {.deadline = this->in(std::chrono::milliseconds(100))});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::deadline_exceeded);
  EXPECT_EQ(answer.error().certainty, Certainty::unknown);
  this->world.run(until([this] { return !this->handler.held.empty(); }));
  // The late answer meets nobody.
  this->handler.release();
  EXPECT_EQ(this->call(kEcho, "next"), Result<Bytes>("next"));
}

TYPED_TEST_P(TransportConformance, ACancelledCallEndsAtOnceAndIsUnknown) {
  ASSERT_TRUE(this->call(kEcho, "x").has_value());
  std::optional<Result<Bytes>> result;
  TaskGroup tasks(this->world.runtime().executor, 1);
  ASSERT_TRUE(tasks.spawn(keep(this->world.client().call(this->address, kHold, "x", {}), &result)).has_value());
  this->world.run(this->handler.arrived.wait());
  tasks.cancel();
  this->world.run(tasks.join());
  ASSERT_TRUE(result.has_value());
  ASSERT_FALSE(result->has_value());
  EXPECT_EQ(result->error().code, ErrorCode::cancelled);
  EXPECT_EQ(result->error().certainty, Certainty::unknown);
  this->handler.release();
  EXPECT_EQ(this->call(kEcho, "next"), Result<Bytes>("next"));
}

TYPED_TEST_P(TransportConformance, ManyCallsInFlightAnsweredInAnyOrder) {
  constexpr std::size_t kCalls = 2000;
  std::vector<std::optional<Result<Bytes>>> results(kCalls);
  TaskGroup tasks(this->world.runtime().executor, kCalls);
  for (std::size_t i = 0; i < kCalls; ++i) {
    const Method method = i % 3 == 0 ? kHold : kEcho;
    ASSERT_TRUE(
        tasks.spawn(keep(this->world.client().call(this->address, method, std::to_string(i), {}), &results[i])).has_value());
  }
  this->world.run(until([this] { return this->handler.handled == kCalls; }));
  this->handler.release();
  this->world.run(tasks.join());
  for (std::size_t i = 0; i < kCalls; ++i) EXPECT_EQ(results[i], Result<Bytes>(std::to_string(i)));
}

TYPED_TEST_P(TransportConformance, ACallToNobodyIsUnavailableAndNotApplied) {
  this->world.run(this->world.server().stop());
  const auto answer = this->call(kEcho, "x", {.deadline = this->in(std::chrono::seconds(30))});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().certainty, Certainty::not_applied);
}

TYPED_TEST_P(TransportConformance, StopOfTheServerEndsCallsInFlight) {
  std::optional<Result<Bytes>> result;
  TaskGroup tasks(this->world.runtime().executor, 1);
  ASSERT_TRUE(tasks.spawn(keep(this->world.client().call(this->address, kHold, "x", {}), &result)).has_value());
  this->world.run(this->handler.arrived.wait());
  this->world.run(this->world.server().stop());
  this->world.run(tasks.join());
  ASSERT_TRUE(result.has_value());
  ASSERT_FALSE(result->has_value());
  EXPECT_EQ(result->error().code, ErrorCode::unavailable);
  EXPECT_EQ(result->error().certainty, Certainty::unknown);
  // An answer after the stop goes nowhere.
  this->handler.release();
}

TYPED_TEST_P(TransportConformance, StopOfTheClientEndsItsCallsAndRefusesNewOnes) {
  std::optional<Result<Bytes>> result;
  TaskGroup tasks(this->world.runtime().executor, 1);
  ASSERT_TRUE(tasks.spawn(keep(this->world.client().call(this->address, kHold, "x", {}), &result)).has_value());
  this->world.run(this->handler.arrived.wait());
  this->world.run(this->world.client().stop());
  this->world.run(tasks.join());
  EXPECT_EQ(result->error().code, ErrorCode::unavailable);
  EXPECT_EQ(result->error().certainty, Certainty::unknown);
  const auto refused = this->call(kEcho, "x");
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_EQ(refused.error().certainty, Certainty::not_applied);
}

REGISTER_TYPED_TEST_SUITE_P(TransportConformance, AnswersComeBack, ErrorsComeBackAsTheHandlerGaveThem,
                            ADroppedRequestAnswersInternal, TooLargeRequestsAreRefusedBeforeTheyAreSent,
                            TheHandlerKnowsTheDeadline, APassedDeadlineSendsNothing, ADeadlineWithoutAnswerIsUnknown,
                            ACancelledCallEndsAtOnceAndIsUnknown, ManyCallsInFlightAnsweredInAnyOrder,
                            ACallToNobodyIsUnavailableAndNotApplied, StopOfTheServerEndsCallsInFlight,
                            StopOfTheClientEndsItsCallsAndRefusesNewOnes);

}  // namespace latium::testing
