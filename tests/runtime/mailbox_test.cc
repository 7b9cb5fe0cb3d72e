#include "runtime/mailbox.h"

#include <memory>

#include "tests/runtime/simulated.h"

namespace latium::testing {
namespace {

class MailboxTest : public Simulated {
 protected:
  std::vector<std::string> notes_;
  TaskGroup group_{runtime().executor, 16};
  Mailbox<int> mailbox_{3};
};

Task<void> receive_one(Mailbox<int>& mailbox, std::string name, std::vector<std::string>& notes) {
  const Result<int> message = co_await mailbox.receive();
  notes.push_back(name + ' ' + (message ? std::to_string(*message) : code_of(message)));
  co_return Result<void>();
}

TEST_F(MailboxTest, KeepsOrder) {
  for (int i = 1; i <= 3; ++i) ASSERT_TRUE(mailbox_.push(i));
  for (int i = 1; i <= 3; ++i) EXPECT_EQ(run(mailbox_.receive()), Result<int>(i));
  EXPECT_EQ(mailbox_.size(), 0u);
}

TEST_F(MailboxTest, RefusesWhenFull) {
  for (int i = 1; i <= 3; ++i) ASSERT_TRUE(mailbox_.push(i));
  EXPECT_EQ(code_of(mailbox_.push(4)), "overloaded");
  EXPECT_EQ(run(mailbox_.receive()), Result<int>(1));
  EXPECT_TRUE(mailbox_.push(5));
}

TEST_F(MailboxTest, ReceiversAreServedInOrder) {
  ASSERT_TRUE(group_.spawn(receive_one(mailbox_, "a", notes_)));
  ASSERT_TRUE(group_.spawn(receive_one(mailbox_, "b", notes_)));
  settle();
  ASSERT_TRUE(mailbox_.push(1));
  ASSERT_TRUE(mailbox_.push(2));
  ASSERT_TRUE(run(group_.join()));
  EXPECT_EQ(notes_, (std::vector<std::string>{"a 1", "b 2"}));
}

TEST_F(MailboxTest, ACancelledReceiveLosesNothing) {
  TaskGroup other(runtime().executor, 1);
  ASSERT_TRUE(other.spawn(receive_one(mailbox_, "a", notes_)));
  settle();
  on_loop([&] {
    other.cancel();
    EXPECT_TRUE(mailbox_.push(1));
  });
  ASSERT_TRUE(run(other.join()));
  EXPECT_EQ(notes_, (std::vector<std::string>{"a cancelled"}));
  EXPECT_EQ(run(mailbox_.receive()), Result<int>(1));
}

TEST_F(MailboxTest, AMessageThatWokeAReceiverBeforeItsCancelIsDelivered) {
  TaskGroup other(runtime().executor, 1);
  ASSERT_TRUE(other.spawn(receive_one(mailbox_, "a", notes_)));
  settle();
  on_loop([&] {
    EXPECT_TRUE(mailbox_.push(1));
    other.cancel();
  });
  ASSERT_TRUE(run(other.join()));
  EXPECT_EQ(notes_, (std::vector<std::string>{"a 1"}));
  EXPECT_EQ(mailbox_.size(), 0u);
}

TEST_F(MailboxTest, ACancelledReceiverDoesNotSwallowTheWakeOfAnother) {
  TaskGroup other(runtime().executor, 1);
  ASSERT_TRUE(other.spawn(receive_one(mailbox_, "a", notes_)));
  settle();
  ASSERT_TRUE(group_.spawn(receive_one(mailbox_, "b", notes_)));
  settle();
  on_loop([&] {
    other.cancel();
    EXPECT_TRUE(mailbox_.push(1));
  });
  ASSERT_TRUE(run(other.join()));
  ASSERT_TRUE(run(group_.join()));
  EXPECT_EQ(notes_, (std::vector<std::string>{"a cancelled", "b 1"}));
}

TEST_F(MailboxTest, ClosedItCanBeEmptiedAndThenSaysSo) {
  ASSERT_TRUE(mailbox_.push(1));
  mailbox_.close();
  EXPECT_EQ(code_of(mailbox_.push(2)), "cancelled");
  EXPECT_EQ(run(mailbox_.receive()), Result<int>(1));
  EXPECT_EQ(code_of(run(mailbox_.receive())), "cancelled");
}

TEST_F(MailboxTest, ClosingWakesReceivers) {
  ASSERT_TRUE(group_.spawn(receive_one(mailbox_, "a", notes_)));
  settle();
  mailbox_.close();
  ASSERT_TRUE(run(group_.join()));
  EXPECT_EQ(notes_, (std::vector<std::string>{"a cancelled"}));
}

TEST_F(MailboxTest, CarriesWhatOnlyMoves) {
  Mailbox<std::unique_ptr<int>> mailbox(1);
  ASSERT_TRUE(mailbox.push(std::make_unique<int>(5)));
  auto message = run(mailbox.receive());
  ASSERT_TRUE(message);
  EXPECT_EQ(**message, 5);
}

}  // namespace
}  // namespace latium::testing
