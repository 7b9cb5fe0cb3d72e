// The acceptor's rules, one scenario each.
#include "replication/acceptor.h"

#include <gtest/gtest.h>

namespace latium {
namespace {

Ballot ballot(std::uint64_t stamp, std::uint64_t node = 1) {
  return {Hlc{stamp}, NodeId{node}, stamp};
}
RegisterState state(std::uint64_t version, Bytes value) {
  return {version, {1, version}, true, std::move(value)};
}
RegisterState tombstone(std::uint64_t version) {
  return {version, {1, version}, false, {}};
}

class AcceptorTest : public testing::Test {
 protected:
  AcceptorStep take(const AcceptorOp& op) { return step(record_, floor_, op); }
  bool prepares(const Ballot& b) { return take(PrepareOp{b}).answer.ok; }
  bool accepts(const Ballot& b, RegisterState s, const Ballot& next = {}, const Ballot& base = {}) {
    return take(AcceptOp{b, std::move(s), next ? next : b, base}).answer.ok;
  }
  bool accepts_fast(const Ballot& b, RegisterState s, const Ballot& next, const Ballot& base = {}) {
    return take(AcceptOp{b, std::move(s), next, base, true}).answer.ok;
  }
  // As after a crash and a start: only what is on disk.
  void restart() {
    const auto decoded = decode_acceptor(encode_acceptor(record_));
    ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
    EXPECT_EQ(*decoded, record_);
    EXPECT_EQ(decode_last_chosen(encode_acceptor(record_)), record_.last_chosen());
    record_ = *decoded;
  }

  AcceptorRecord record_;
  Ballot floor_;
};

TEST_F(AcceptorTest, OfTwoProposersTheLowerIsRefused) {
  EXPECT_TRUE(prepares(ballot(2, 2)));
  const AcceptorStep refused = take(PrepareOp{ballot(1, 1)});
  EXPECT_FALSE(refused.answer.ok);
  EXPECT_EQ(refused.answer.promised, ballot(2, 2));
  EXPECT_FALSE(accepts(ballot(1, 1), state(1, "a")));
  EXPECT_TRUE(accepts(ballot(2, 2), state(1, "b")));
  EXPECT_EQ(take(PrepareOp{ballot(3, 1)}).answer.state, state(1, "b"));
}

TEST_F(AcceptorTest, APromiseHoldsOverARestart) {
  EXPECT_TRUE(prepares(ballot(5)));
  restart();
  EXPECT_FALSE(accepts(ballot(4), state(1, "a")));
  EXPECT_TRUE(accepts(ballot(5), state(1, "a"), ballot(7)));
  restart();
  EXPECT_FALSE(prepares(ballot(6, 9)));
  EXPECT_TRUE(accepts(ballot(7), state(2, "b"), ballot(8), ballot(5)));
}

TEST_F(AcceptorTest, ASecondCopyOfAnAcceptChangesNothing) {
  EXPECT_TRUE(accepts(ballot(1), state(1, "a"), ballot(2)));
  const AcceptorRecord before = record_;
  EXPECT_TRUE(accepts(ballot(2), state(2, "b"), ballot(3)));
  EXPECT_FALSE(accepts(ballot(1), state(1, "a"), ballot(2)));
  EXPECT_NE(record_, before);
  EXPECT_EQ(record_.accepted, ballot(2));
}

TEST_F(AcceptorTest, WhatIsNotKnownToBeChosenIsNotReadLocally) {
  EXPECT_TRUE(accepts(ballot(1), state(1, "a"), ballot(2)));
  EXPECT_EQ(record_.last_chosen().version, 0u);
  take(LearnOp{ballot(1), std::nullopt});
  EXPECT_EQ(record_.last_chosen(), state(1, "a"));
  // The next one is under way: the older one is what is known.
  EXPECT_TRUE(accepts(ballot(2), state(2, "b"), ballot(3)));
  EXPECT_EQ(record_.last_chosen(), state(1, "a"));
  restart();
  EXPECT_EQ(record_.last_chosen(), state(1, "a"));
  // The accept after it says that it was chosen.
  EXPECT_TRUE(accepts(ballot(3), state(3, "c"), ballot(4), ballot(2)));
  EXPECT_EQ(record_.last_chosen(), state(2, "b"));
}

// The proposer of the only replica asks for no promise: it says what it goes on from.
TEST_F(AcceptorTest, TheOnlyReplicaAcceptsOnWhatItHasAndKnowsItToBeChosen) {
  const auto alone = [&](const Ballot& b, RegisterState s, const Ballot& base) {
    return take(AcceptOp{b, std::move(s), Ballot(), base}).answer.ok;
  };
  EXPECT_TRUE(alone(ballot(1), state(1, "a"), {}));
  EXPECT_EQ(record_.last_chosen(), state(1, "a"));
  restart();
  EXPECT_FALSE(alone(ballot(2), state(1, "b"), {})) << "it has accepted something since";
  EXPECT_TRUE(alone(ballot(2), state(2, "b"), ballot(1)));
  EXPECT_TRUE(alone(ballot(2), state(2, "b"), ballot(1))) << "again";
  EXPECT_FALSE(alone(ballot(3), state(2, "c"), ballot(1))) << "of two that go on from one state the second is refused";
  EXPECT_EQ(record_.last_chosen(), state(2, "b"));
  // Promised to another proposer, who has been told of it.
  EXPECT_TRUE(prepares(ballot(9, 2)));
  EXPECT_FALSE(alone(ballot(4), state(3, "d"), ballot(2)));
  floor_ = ballot(20);
  record_ = {};
  EXPECT_FALSE(alone(ballot(20), state(1, "e"), {}));
  EXPECT_TRUE(alone(ballot(21), state(1, "e"), {}));
}

TEST_F(AcceptorTest, AStaleLearnChangesNothing) {
  EXPECT_TRUE(accepts(ballot(5), state(2, "b")));
  take(LearnOp{ballot(5), std::nullopt});
  const AcceptorRecord before = record_;
  EXPECT_EQ(take(LearnOp{ballot(3), state(1, "a")}).change, RecordChange::none);
  EXPECT_EQ(record_, before);
}

TEST_F(AcceptorTest, ALearnBringsTheStateToWhoMissedTheAccept) {
  EXPECT_EQ(take(LearnOp{ballot(3), state(1, "a")}).change, RecordChange::durable);
  EXPECT_EQ(record_.last_chosen(), state(1, "a"));
  EXPECT_FALSE(accepts(ballot(2), state(1, "x")));
}

TEST_F(AcceptorTest, ACollectedTombstoneStaysGone) {
  EXPECT_TRUE(accepts(ballot(3), tombstone(2), ballot(4)));
  EXPECT_FALSE(take(CollectOp{ballot(3), ballot(4)}).answer.ok) << "not known to be chosen yet";
  EXPECT_EQ(take(LearnOp{ballot(3), std::nullopt}).answer.promised, ballot(4));
  EXPECT_EQ(take(CollectOp{ballot(3), ballot(4)}).change, RecordChange::removed);
  floor_ = ballot(4);
  record_ = AcceptorRecord();
  // Late copies of what was before, and of the promise that was held.
  EXPECT_FALSE(accepts(ballot(2), state(1, "a")));
  EXPECT_FALSE(accepts(ballot(4), state(3, "b")));
  EXPECT_FALSE(prepares(ballot(4)));
  take(LearnOp{ballot(2), state(1, "a")});
  EXPECT_EQ(record_, AcceptorRecord());
  EXPECT_TRUE(prepares(ballot(5)));
  // Also once something new was promised.
  take(LearnOp{ballot(2), state(1, "a")});
  EXPECT_FALSE(record_.accepted);
}

// Another replica had promised ballot 9 while it still held what was before the tombstone, and told the proposer so.
TEST_F(AcceptorTest, ACollectedTombstoneIsNotPassedOverByAnOlderPromiseElsewhere) {
  EXPECT_TRUE(accepts(ballot(3), tombstone(2), ballot(4)));
  take(LearnOp{ballot(3), std::nullopt});
  EXPECT_EQ(take(CollectOp{ballot(3), ballot(9)}).change, RecordChange::removed);
  floor_ = ballot(9);
  record_ = AcceptorRecord();
  EXPECT_FALSE(prepares(ballot(9)));
}

TEST_F(AcceptorTest, ATombstoneThatWasPromisedOnMeanwhileStays) {
  EXPECT_TRUE(accepts(ballot(3), tombstone(2), ballot(4)));
  take(LearnOp{ballot(3), std::nullopt});
  EXPECT_TRUE(prepares(ballot(5, 2)));
  EXPECT_FALSE(take(CollectOp{ballot(3), ballot(4)}).answer.ok);
  EXPECT_EQ(record_.accepted, ballot(3));
}

TEST_F(AcceptorTest, ALiveRegisterIsNotCollected) {
  EXPECT_TRUE(accepts(ballot(3), state(2, "b")));
  take(LearnOp{ballot(3), std::nullopt});
  EXPECT_FALSE(take(CollectOp{ballot(3), ballot(3)}).answer.ok);
}

TEST_F(AcceptorTest, WhatIsAbsorbedCountsUnderItsOwnBallotWhateverWasPromised) {
  EXPECT_TRUE(prepares(ballot(9)));
  EXPECT_TRUE(take(AbsorbOp{ballot(4), state(1, "a")}).answer.ok);
  EXPECT_EQ(record_.accepted, ballot(4));
  EXPECT_FALSE(accepts(ballot(5), state(2, "x")));
  EXPECT_TRUE(take(AbsorbOp{ballot(3), state(1, "old")}).answer.ok);
  EXPECT_EQ(record_.state, state(1, "a"));
}

TEST_F(AcceptorTest, AFastAcceptIsTakenWhereNothingIs) {
  EXPECT_TRUE(accepts_fast(ballot(3), state(3, "a"), ballot(4)));
  EXPECT_TRUE(record_.fast);
  restart();
  EXPECT_EQ(record_.last_chosen(), RegisterState()) << "others may have refused it";
  EXPECT_FALSE(prepares(ballot(3, 9))) << "the next ballot is promised";
  const AcceptorAnswer told = take(PrepareOp{ballot(5)}).answer;
  EXPECT_TRUE(told.ok && told.fast && !told.chosen);
  EXPECT_EQ(told.accepted, ballot(3));
  EXPECT_EQ(told.state, state(3, "a"));
  EXPECT_TRUE(take(ReadOp{}).answer.fast);
}

TEST_F(AcceptorTest, AFastAcceptIsRefusedWhereSomethingIs) {
  EXPECT_TRUE(prepares(ballot(2)));
  EXPECT_FALSE(accepts_fast(ballot(3), state(3, "a"), ballot(4))) << "promised";
  EXPECT_TRUE(accepts(ballot(2), state(2, "b")));
  EXPECT_FALSE(accepts_fast(ballot(3), state(3, "a"), ballot(4))) << "accepted";
  record_ = {};
  EXPECT_TRUE(accepts_fast(ballot(3), state(3, "a"), ballot(4)));
  EXPECT_FALSE(accepts_fast(ballot(5, 2), state(5, "c"), ballot(6, 2))) << "another fast accept";
  record_ = {};
  floor_ = ballot(7);
  EXPECT_FALSE(accepts_fast(ballot(7), state(7, "d"), ballot(8))) << "collected";
  EXPECT_EQ(record_, AcceptorRecord());
  EXPECT_TRUE(accepts_fast(ballot(8), state(8, "d"), ballot(9)));
}

TEST_F(AcceptorTest, ASecondCopyOfAFastAcceptIsTaken) {
  EXPECT_TRUE(accepts_fast(ballot(3), state(3, "a"), ballot(4)));
  const AcceptorRecord before = record_;
  EXPECT_TRUE(accepts_fast(ballot(3), state(3, "a"), ballot(4)));
  EXPECT_EQ(record_, before);
  take(LearnOp{ballot(3), std::nullopt});
  EXPECT_TRUE(accepts_fast(ballot(3), state(3, "a"), ballot(4)));
  EXPECT_FALSE(record_.fast) << "it is known to be chosen";
}

TEST_F(AcceptorTest, AFastAcceptThatIsKnownToBeChosenIsAnOrdinaryOne) {
  EXPECT_TRUE(accepts_fast(ballot(3), state(3, "a"), ballot(4)));
  EXPECT_TRUE(take(LearnOp{ballot(3), std::nullopt}).answer.chosen);
  EXPECT_FALSE(record_.fast);
  restart();
  EXPECT_EQ(record_.last_chosen(), state(3, "a"));
  record_ = {};
  // So does the accept after it.
  EXPECT_TRUE(accepts_fast(ballot(3), state(3, "a"), ballot(4)));
  EXPECT_TRUE(accepts(ballot(4), state(4, "b"), ballot(5), ballot(3)));
  EXPECT_FALSE(record_.fast);
  EXPECT_EQ(record_.last_chosen(), state(3, "a"));
}

TEST_F(AcceptorTest, AFastAcceptGivesWayToWhatWasChosen) {
  for (const std::uint64_t chosen : {5, 9}) {  // below it, by a majority that has refused it; above it
    record_ = {};
    EXPECT_TRUE(accepts_fast(ballot(7), state(7, "a"), ballot(8)));
    EXPECT_TRUE(take(LearnOp{ballot(chosen, 2), state(chosen, "b")}).answer.chosen);
    EXPECT_FALSE(record_.fast);
    EXPECT_EQ(record_.last_chosen(), state(chosen, "b"));
    restart();
    EXPECT_FALSE(accepts_fast(ballot(7), state(7, "a"), ballot(8))) << "a late copy";
    EXPECT_FALSE(accepts(ballot(7, 3), state(8, "c"))) << "what was promised along with it stays promised";
  }
}

TEST_F(AcceptorTest, AFastAcceptDoesNotGiveWayToWhatWasCollected) {
  floor_ = ballot(6);
  EXPECT_TRUE(accepts_fast(ballot(7), state(7, "a"), ballot(8)));
  take(LearnOp{ballot(5), state(5, "old")});
  EXPECT_EQ(record_.accepted, ballot(7));
  EXPECT_TRUE(record_.fast);
}

TEST_F(AcceptorTest, ATombstoneIsCollectedWithThePromiseOfTheFastAcceptThatItReplaced) {
  EXPECT_TRUE(accepts_fast(ballot(7), state(7, "a"), ballot(8)));
  EXPECT_EQ(take(LearnOp{ballot(5, 2), tombstone(5)}).answer.promised, ballot(8));
  EXPECT_FALSE(take(CollectOp{ballot(5, 2), ballot(6)}).answer.ok) << "a late copy would be taken";
  EXPECT_EQ(take(CollectOp{ballot(5, 2), ballot(8)}).change, RecordChange::removed);
}

TEST_F(AcceptorTest, AFastAcceptIsTakenOverWhatItGoesOnFrom) {
  EXPECT_TRUE(accepts(ballot(1), state(1, "a")));  // the proposer knows that it is chosen; the replica does not
  EXPECT_TRUE(accepts_fast(ballot(3), state(2, "b"), ballot(4), ballot(1)));
  EXPECT_TRUE(record_.fast);
  restart();
  EXPECT_EQ(record_.last_chosen(), state(1, "a")) << "others may have refused the other";
  EXPECT_FALSE(prepares(ballot(3, 9))) << "the next ballot is promised";
  const AcceptorAnswer told = take(PrepareOp{ballot(5)}).answer;
  EXPECT_TRUE(told.ok && told.fast && !told.chosen);
  EXPECT_EQ(told.accepted, ballot(3));
  EXPECT_EQ(told.state, state(2, "b"));
  EXPECT_EQ(told.base, ballot(1));
  EXPECT_EQ(told.base_state, state(1, "a"));
  // One after the other, without learns in between.
  EXPECT_TRUE(accepts_fast(ballot(6), state(3, "c"), ballot(7), ballot(3)));
  EXPECT_EQ(record_.last_chosen(), state(2, "b"));
}

TEST_F(AcceptorTest, AFastAcceptIsRefusedOverAnythingElse) {
  EXPECT_FALSE(accepts_fast(ballot(3), state(2, "b"), ballot(4), ballot(1))) << "nothing";
  EXPECT_EQ(record_, AcceptorRecord());
  EXPECT_TRUE(accepts(ballot(2), state(1, "a")));
  EXPECT_FALSE(accepts_fast(ballot(3), state(2, "b"), ballot(4), ballot(1))) << "another ballot";
  EXPECT_TRUE(prepares(ballot(5)));
  EXPECT_FALSE(accepts_fast(ballot(4), state(2, "b"), ballot(6), ballot(2))) << "promised";
  EXPECT_TRUE(accepts_fast(ballot(6), state(2, "b"), ballot(7), ballot(2)));
  EXPECT_FALSE(accepts_fast(ballot(8, 2), state(2, "c"), ballot(9, 2), ballot(2))) << "another fast accept";
  record_ = {};
  EXPECT_TRUE(accepts(ballot(2), tombstone(1)));
  EXPECT_FALSE(accepts_fast(ballot(3), state(2, "b"), ballot(4), ballot(2))) << "it is collected soon";
}

TEST_F(AcceptorTest, AnOrdinaryAcceptTakesThePlaceOfAFastOneAndNotOfItsBase) {
  EXPECT_TRUE(accepts(ballot(1), state(1, "a")));
  EXPECT_TRUE(accepts_fast(ballot(3), state(2, "b"), ballot(4), ballot(1)));
  EXPECT_TRUE(accepts(ballot(5), state(2, "c")));
  EXPECT_FALSE(record_.fast);
  restart();
  EXPECT_EQ(record_.last_chosen(), state(1, "a"));
}

TEST_F(AcceptorTest, AFastAcceptGivesWayToWhatWasChosenSinceItsBaseWhateverWasCollected) {
  for (const std::uint64_t chosen : {5, 9}) {  // below it, by a majority that has refused it; above it
    record_ = {};
    floor_ = {};
    EXPECT_TRUE(accepts(ballot(2), state(1, "a")));
    floor_ = ballot(10);  // of other registers
    EXPECT_TRUE(accepts_fast(ballot(7), state(2, "b"), ballot(8), ballot(2)));
    take(LearnOp{ballot(1), state(1, "old")});
    take(LearnOp{ballot(2), state(1, "a")});
    EXPECT_EQ(record_.accepted, ballot(7));
    EXPECT_TRUE(record_.fast);
    EXPECT_TRUE(take(LearnOp{ballot(chosen, 2), state(2, "c")}).answer.chosen);
    EXPECT_FALSE(record_.fast);
    EXPECT_EQ(record_.last_chosen(), state(2, "c"));
    EXPECT_FALSE(accepts(ballot(7, 3), state(8, "d"))) << "what was promised along with it stays promised";
  }
}

// docs/formats.md: the table of a register's record.
TEST(AcceptorCodecTest, AFastAcceptIsAFlagOfTheRecord) {
  AcceptorRecord record;
  (void)step(record, Ballot(), AcceptOp{ballot(3), state(3, "a"), ballot(4), Ballot(), true});
  Bytes stored = encode_acceptor(record);
  EXPECT_EQ(stored.substr(0, 2), Bytes("\x01\x09", 2));
  EXPECT_EQ(decode_acceptor(stored), record);
  for (const char flags : {8, 8 + 1 + 2, 8 + 1 + 4}) {
    stored[1] = flags;
    EXPECT_FALSE(decode_acceptor(stored).has_value()) << "not accepted, or chosen: " << int{flags};
  }
  stored[1] = 1;
  EXPECT_FALSE(decode_acceptor(stored)->fast);
}

TEST(AcceptorCodecTest, TheLastChosenIsReadWithoutTheRest) {
  const auto last = [](const AcceptorRecord& record) { return decode_last_chosen(encode_acceptor(record)).value(); };
  AcceptorRecord record;
  EXPECT_EQ(last(record), RegisterState());
  (void)step(record, Ballot(), AcceptOp{ballot(1), state(1, "a"), ballot(2), Ballot()});
  EXPECT_EQ(last(record), RegisterState()) << "accepted, not known to be chosen";
  (void)step(record, Ballot(), AcceptOp{ballot(2), state(2, "b"), ballot(3), ballot(1)});
  EXPECT_EQ(last(record), state(1, "a"));
  (void)step(record, Ballot(), LearnOp{ballot(2), std::nullopt});
  EXPECT_EQ(last(record), state(2, "b"));
  const Bytes good = encode_acceptor(record);
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(decode_last_chosen(good.substr(0, size)).has_value()) << size;
  }
}

// Where the number of earlier requests stands, in a record of one state with a version below 128.
constexpr std::size_t kCountAt = 2 + 2 * kBallotBytes + 1 + 16;

TEST(AcceptorCodecTest, TheEarlierRequestsAreKept) {
  for (std::uint64_t count = 0; count <= RequestLineage::kMax; ++count) {
    RegisterState kept = state(100, "a");
    for (std::uint64_t i = 0; i < count; ++i) kept.earlier.push_oldest({i, 100 - i});
    AcceptorRecord record;
    (void)step(record, Ballot(), AcceptOp{ballot(1), kept, ballot(2), Ballot()});
    (void)step(record, Ballot(), AcceptOp{ballot(2), state(101, "b"), ballot(3), ballot(1)});
    const Bytes stored = encode_acceptor(record);
    EXPECT_EQ(decode_acceptor(stored), record) << count;
    EXPECT_EQ(decode_last_chosen(stored), kept) << count;
    AcceptorRecord alone;
    (void)step(alone, Ballot(), AcceptOp{ballot(1), kept, ballot(2), Ballot()});
    EXPECT_EQ(encode_acceptor(alone).size(), kCountAt + 1 + 16 * count + 2) << "16 bytes each";
  }
}

TEST(AcceptorCodecTest, MoreEarlierRequestsThanThereCanBeAreRefused) {
  const auto with = [](std::uint64_t version, std::size_t count) {
    AcceptorRecord record;
    (void)step(record, Ballot(), AcceptOp{ballot(1), state(version, ""), ballot(2), Ballot()});
    Bytes bytes = encode_acceptor(record);
    bytes[kCountAt] = static_cast<char>(count);
    bytes.insert(kCountAt + 1, Bytes(16 * count, 'x'));
    return decode_acceptor(bytes).has_value();
  };
  EXPECT_TRUE(with(100, RequestLineage::kMax));
  EXPECT_FALSE(with(100, RequestLineage::kMax + 1));
  EXPECT_FALSE(with(100, 255));
  EXPECT_TRUE(with(2, 1));
  EXPECT_FALSE(with(2, 2)) << "the first version is 1";
  EXPECT_FALSE(with(0, 1)) << "nothing was ever written";
}

TEST(AcceptorCodecTest, DamageIsCorruption) {
  AcceptorRecord record;
  (void)step(record, Ballot(), AcceptOp{ballot(1), state(1, "value"), ballot(2), Ballot()});
  const Bytes good = encode_acceptor(record);
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(decode_acceptor(good.substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(decode_acceptor(good + "x").has_value());
  EXPECT_EQ(decode_acceptor("\x02").error().code, ErrorCode::corruption);
}

}  // namespace
}  // namespace latium
