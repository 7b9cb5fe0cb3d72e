#include "runtime/sync.h"

#include <optional>

#include "tests/runtime/simulated.h"

namespace latium::testing {
namespace {

class SyncTest : public Simulated {
 protected:
  std::vector<std::string> notes_;
  TaskGroup group_{runtime().executor, 16};
};

Task<void> note_event(Event& event, std::string name, std::vector<std::string>& notes) {
  notes.push_back(name + ' ' + code_of(co_await event.wait()));
  co_return Result<void>();
}

Task<void> hold(Runtime& runtime, Semaphore& semaphore, Duration time, std::string name, std::vector<std::string>& notes) {
  const Result<Permit> permit = co_await semaphore.acquire();
  notes.push_back(name + ' ' + code_of(permit));
  LATIUM_CO_CHECKED(co_await sleep_for(runtime, time));
  co_return Result<void>();
}

TEST_F(SyncTest, EventWakesAllWaitersInOrder) {
  Event event;
  ASSERT_TRUE(group_.spawn(note_event(event, "a", notes_)));
  ASSERT_TRUE(group_.spawn(note_event(event, "b", notes_)));
  settle();
  EXPECT_TRUE(notes_.empty());
  event.set();
  event.clear();
  ASSERT_TRUE(run(group_.join()));
  EXPECT_EQ(notes_, (std::vector<std::string>{"a ok", "b ok"})) << "who waited was woken, whatever came after";
  EXPECT_FALSE(event.is_set());
}

TEST_F(SyncTest, EventThatIsSetDoesNotHoldAnyone) {
  Event event;
  event.set();
  EXPECT_TRUE(run(event.wait()));
}

Task<void> note_wait_until(Runtime& runtime, Event& event, MonotonicTime at, std::string name, std::vector<std::string>& notes) {
  notes.push_back(name + ' ' + code_of(co_await event.wait_until(runtime, at)));
  co_return Result<void>();
}

TEST_F(SyncTest, AWaitEndsAtItsDeadlineAndLeavesTheOthers) {
  Event event;
  const MonotonicTime soon = runtime().clock.monotonic_now() + std::chrono::seconds(1);
  ASSERT_TRUE(group_.spawn(note_wait_until(runtime(), event, soon, "a", notes_)));
  ASSERT_TRUE(group_.spawn(note_wait_until(runtime(), event, soon + std::chrono::seconds(9), "b", notes_)));
  ASSERT_TRUE(group_.spawn(note_wait_until(runtime(), event, kNever, "c", notes_)));
  pass(std::chrono::seconds(2));
  EXPECT_EQ(notes_, (std::vector<std::string>{"a deadline_exceeded"}));
  on_loop([&] { event.set(); });
  ASSERT_TRUE(run(group_.join()));
  EXPECT_EQ(notes_, (std::vector<std::string>{"a deadline_exceeded", "b ok", "c ok"}));
  EXPECT_TRUE(run(event.wait_until(runtime(), soon))) << "what is set already is not too late";
}

TEST_F(SyncTest, ACancelledWaitUntilSaysSoAndLeavesNothing) {
  Event event;
  const MonotonicTime soon = runtime().clock.monotonic_now() + std::chrono::seconds(1);
  ASSERT_TRUE(group_.spawn(note_wait_until(runtime(), event, soon, "a", notes_)));
  settle();
  group_.cancel();
  ASSERT_TRUE(run(group_.join()));
  pass(std::chrono::seconds(2));
  EXPECT_EQ(notes_, (std::vector<std::string>{"a cancelled"}));
}

TEST_F(SyncTest, OfASetAndADeadlineAtOnceTheFirstDecides) {
  Event event;
  const MonotonicTime soon = runtime().clock.monotonic_now() + std::chrono::seconds(1);
  runtime().timers.schedule(soon, [&event] { event.set(); });
  ASSERT_TRUE(group_.spawn(note_wait_until(runtime(), event, soon, "a", notes_)));
  ASSERT_TRUE(run(group_.join()));
  EXPECT_EQ(notes_, (std::vector<std::string>{"a ok"}));
}

TEST_F(SyncTest, CancelledWaiterLeavesTheOthers) {
  Event event;
  TaskGroup other(runtime().executor, 1);
  ASSERT_TRUE(other.spawn(note_event(event, "a", notes_)));
  ASSERT_TRUE(group_.spawn(note_event(event, "b", notes_)));
  settle();
  on_loop([&] {
    other.cancel();
    event.set();
  });
  ASSERT_TRUE(run(other.join()));
  ASSERT_TRUE(run(group_.join()));
  EXPECT_EQ(notes_, (std::vector<std::string>{"a cancelled", "b ok"}));
}

TEST_F(SyncTest, SemaphoreServesInOrder) {
  Semaphore semaphore(2, 16);
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    ASSERT_TRUE(group_.spawn(hold(runtime(), semaphore, seconds(1), name, notes_)));
  }
  settle();
  EXPECT_EQ(notes_, (std::vector<std::string>{"a ok", "b ok"}));
  pass(milliseconds(1'500));
  EXPECT_EQ(notes_.size(), 4u);
  ASSERT_TRUE(run(group_.join()));
  EXPECT_EQ(notes_, (std::vector<std::string>{"a ok", "b ok", "c ok", "d ok", "e ok"}));
  EXPECT_EQ(semaphore.free(), 2u);
}

TEST_F(SyncTest, ALateComerDoesNotOvertake) {
  Semaphore semaphore(1, 16);
  std::optional<Permit> held(std::move(*run(semaphore.acquire())));
  ASSERT_TRUE(group_.spawn(hold(runtime(), semaphore, seconds(1), "first", notes_)));
  settle();
  held.reset();  // handed to the waiter, which has not run yet
  EXPECT_EQ(semaphore.free(), 0u);
  ASSERT_TRUE(group_.spawn(hold(runtime(), semaphore, seconds(1), "second", notes_)));
  ASSERT_TRUE(run(group_.join()));
  EXPECT_EQ(notes_, (std::vector<std::string>{"first ok", "second ok"}));
}

TEST_F(SyncTest, TooManyWaitersAreRefused) {
  Semaphore semaphore(1, 1);
  ASSERT_TRUE(group_.spawn(hold(runtime(), semaphore, seconds(1), "a", notes_)));
  ASSERT_TRUE(group_.spawn(hold(runtime(), semaphore, seconds(1), "b", notes_)));
  ASSERT_TRUE(group_.spawn(hold(runtime(), semaphore, seconds(1), "c", notes_)));
  ASSERT_TRUE(run(group_.join()));
  EXPECT_EQ(notes_, (std::vector<std::string>{"a ok", "c overloaded", "b ok"}));
}

TEST_F(SyncTest, ACancelledWaiterTakesNoPermit) {
  Semaphore semaphore(1, 16);
  TaskGroup other(runtime().executor, 1);
  std::optional<Permit> held(std::move(*run(semaphore.acquire())));
  ASSERT_TRUE(other.spawn(hold(runtime(), semaphore, seconds(1), "cancelled one", notes_)));
  ASSERT_TRUE(group_.spawn(hold(runtime(), semaphore, seconds(1), "next", notes_)));
  settle();
  on_loop([&] {
    other.cancel();
    held.reset();
  });
  ASSERT_TRUE(run(other.join()));
  ASSERT_TRUE(run(group_.join()));
  EXPECT_EQ(notes_, (std::vector<std::string>{"cancelled one cancelled", "next ok"}));
  EXPECT_EQ(semaphore.free(), 1u);
}

Task<void> release_between(TaskGroup& cancelled, std::optional<Permit>& held, Task<void> taker) {
  // Inside the loop: the cancelled waiter is marked, and stays listed until it runs.
  cancelled.cancel();
  held.reset();
  LATIUM_CO_CHECKED(co_await std::move(taker));
  co_return Result<void>();
}

TEST_F(SyncTest, AFreePermitIsTakenWhileACancelledWaiterIsStillListed) {
  Semaphore semaphore(1, 16);
  TaskGroup other(runtime().executor, 1);
  std::optional<Permit> held(std::move(*run(semaphore.acquire())));
  ASSERT_TRUE(other.spawn(hold(runtime(), semaphore, seconds(1), "cancelled one", notes_)));
  settle();
  ASSERT_TRUE(group_.spawn(release_between(other, held, hold(runtime(), semaphore, seconds(1), "taker", notes_))));
  pass(seconds(10));
  EXPECT_EQ(group_.size(), 0u) << "the taker waits for a permit that is free";
  EXPECT_EQ(semaphore.free(), 1u);
  group_.cancel();
  ASSERT_TRUE(run(group_.join()));
  ASSERT_TRUE(run(other.join()));
}

TEST_F(SyncTest, APermitGrantedBeforeTheCancelIsNotLost) {
  Semaphore semaphore(1, 16);
  TaskGroup other(runtime().executor, 1);
  std::optional<Permit> held(std::move(*run(semaphore.acquire())));
  ASSERT_TRUE(other.spawn(hold(runtime(), semaphore, hours(1), "woken, then cancelled", notes_)));
  settle();
  on_loop([&] {
    held.reset();
    other.cancel();
  });
  ASSERT_TRUE(run(other.join()));
  EXPECT_EQ(notes_, (std::vector<std::string>{"woken, then cancelled ok"}));
  EXPECT_EQ(semaphore.free(), 1u);
}

TEST_F(SyncTest, PermitsMove) {
  Semaphore semaphore(2, 0);
  {
    Permit one = std::move(*run(semaphore.acquire()));
    Permit two = std::move(*run(semaphore.acquire()));
    EXPECT_EQ(semaphore.free(), 0u);
    two = std::move(one);
    EXPECT_EQ(semaphore.free(), 0u) << "the moved-from one holds the other's unit until it dies";
  }
  EXPECT_EQ(semaphore.free(), 2u);
}

}  // namespace
}  // namespace latium::testing
