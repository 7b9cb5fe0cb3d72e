// A register's state in messages: nothing of it is lost, and what to_message cannot have made is refused.
#include "replication/register_messages.h"

#include <gtest/gtest.h>

#include "proto/replica.pb.h"

namespace latium {
namespace {

RegisterState with_earlier(std::size_t count) {
  RegisterState state{100, {1, 2}, true, "value"};
  for (std::size_t i = 0; i < count; ++i) state.earlier.push_oldest({10 + i, 20 + i});
  return state;
}

replica::State message_of(const RegisterState& state) {
  replica::State message;
  to_message(state, message);
  return message;
}

TEST(RegisterMessagesTest, AStateComesBackAsItWas) {
  for (std::size_t count = 0; count <= RequestLineage::kMax; ++count) {
    const RegisterState state = with_earlier(count);
    EXPECT_EQ(from_message(message_of(state)), state) << count;
  }
  EXPECT_EQ(from_message(message_of({})), RegisterState());
}

TEST(RegisterMessagesTest, TheEarlierRequestsCostSixteenBytesEach) {
  const std::size_t none = message_of(with_earlier(0)).ByteSizeLong();
  EXPECT_EQ(message_of(with_earlier(1)).ByteSizeLong(), none + 2 + 16);
  EXPECT_EQ(message_of(with_earlier(4)).ByteSizeLong(), none + 2 + 64);
}

TEST(RegisterMessagesTest, AnImpossibleNumberOfEarlierRequestsIsRefused) {
  replica::State half = message_of(with_earlier(1));
  half.add_earlier(1);
  EXPECT_EQ(from_message(half).error().code, ErrorCode::invalid_argument);
  replica::State many = message_of(with_earlier(RequestLineage::kMax));
  many.add_earlier(1);
  many.add_earlier(1);
  EXPECT_FALSE(from_message(many).has_value());
  replica::State young = message_of(with_earlier(2));
  young.set_version(3);
  EXPECT_TRUE(from_message(young).has_value());
  young.set_version(2);
  EXPECT_FALSE(from_message(young).has_value());
}

TEST(RegisterMessagesTest, AStepAndAnAnswerWithABadStateAreRefused) {
  const Ballot ballot{Hlc{5}, NodeId{1}, 1};
  replica::Item item;
  to_message(ReplicaItem{{TenantId{1}, PartitionId{0}, "rkey"}, AcceptOp{ballot, with_earlier(2), ballot, {}}}, item);
  ASSERT_TRUE(from_message(item).has_value());
  item.mutable_state()->add_earlier(1);
  EXPECT_FALSE(from_message(item).has_value());
  replica::ItemAnswer answer;
  to_message(Result<AcceptorAnswer>(AcceptorAnswer{.ok = true, .accepted = ballot, .state = with_earlier(2), .floor = ballot}),
             answer);
  ASSERT_EQ(from_message(answer)->state, with_earlier(2));
  EXPECT_EQ(from_message(answer)->floor, ballot);
  answer.mutable_state()->add_earlier(1);
  EXPECT_FALSE(from_message(answer).has_value());
}

// An older replica, which knows no fast accepts, refuses the step: to take it for an ordinary one would be wrong.
TEST(RegisterMessagesTest, AFastAcceptIsAStepOfItsOwn) {
  const Ballot ballot{Hlc{5}, NodeId{1}, 1};
  const Ballot next{Hlc{6}, NodeId{1}, 2};
  for (const bool fast : {false, true}) {
    replica::Item item;
    const Ballot base{Hlc{4}, NodeId{2}, 1};
    to_message(ReplicaItem{{TenantId{1}, PartitionId{0}, "rkey"}, AcceptOp{ballot, with_earlier(0), next, base, fast}}, item);
    EXPECT_EQ(item.kind(), fast ? replica::Item::KIND_FAST_ACCEPT : replica::Item::KIND_ACCEPT);
    const auto parsed = from_message(item);
    ASSERT_TRUE(parsed.has_value());
    const auto& accept = std::get<AcceptOp>(parsed->op);
    EXPECT_EQ(accept.fast, fast);
    EXPECT_EQ(accept.ballot, ballot);
    EXPECT_EQ(accept.next, next);
    EXPECT_EQ(accept.base, base);
    EXPECT_EQ(accept.state, with_earlier(0));
    replica::ItemAnswer answer;
    to_message(Result<AcceptorAnswer>(AcceptorAnswer{.ok = true, .accepted = ballot, .fast = fast}), answer);
    EXPECT_EQ(from_message(answer)->fast, fast);
  }
}

TEST(RegisterMessagesTest, WhatAFastAcceptWasTakenOverComesWithItsState) {
  const Ballot ballot{Hlc{5}, NodeId{1}, 1};
  const Ballot base{Hlc{4}, NodeId{2}, 1};
  AcceptorAnswer told{.ok = true, .accepted = ballot, .fast = true, .base = base, .base_state = with_earlier(2)};
  replica::ItemAnswer answer;
  to_message(Result<AcceptorAnswer>(told), answer);
  EXPECT_EQ(from_message(answer)->base, base);
  EXPECT_EQ(from_message(answer)->base_state, with_earlier(2));
  answer.clear_base_state();
  EXPECT_FALSE(from_message(answer).has_value()) << "to go on from nothing in its place would lose it";
}

}  // namespace
}  // namespace latium
