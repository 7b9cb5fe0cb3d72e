#include "replication/version.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

namespace latium {
namespace {

constexpr std::uint64_t kActors = 3;

Dot dot(std::uint64_t actor, std::uint64_t counter) {
  return {NodeId{actor}, counter};
}

VersionedValue value_of(Dot at, std::uint64_t stamp) {
  return {.dot = at, .stamp = Hlc{stamp}, .value = "v" + std::to_string(at.actor.value) + "-" + std::to_string(at.counter)};
}

std::set<Bytes> values(const VersionSet& set) {
  std::set<Bytes> out;
  for (const VersionedValue& version : set.versions) out.insert(version.value);
  return out;
}

// A cluster that never loses what a replica holds: sets on replicas, copies on their way, and contexts in the hands of clients.
// Beside it an oracle that keeps every write's whole past as a set of writes.
struct World {
  struct Held {
    VersionSet set;
    std::set<int> known;  // writes that this set has heard of
  };
  struct Reader {
    CausalContext context;
    std::set<int> seen;
  };

  explicit World(Conflicts conflicts) : replicas(kActors, {VersionSet{conflicts, {}, {}}, {}}), kind(conflicts) {}

  std::set<Bytes> living(const std::set<int>& known) const {
    std::set<int> dead;
    for (const int write : known) dead.insert(past[write].begin(), past[write].end());
    std::set<Bytes> out;
    for (const int write : known) {
      if (!dead.contains(write) && !value[write].empty()) out.insert(value[write]);
    }
    return out;
  }

  // At a replica, or at a stand-in, which holds nothing before.
  void write(std::size_t at, const Reader& reader, bool stand_in) {
    Held& held = replicas[at];
    const Dot name = stand_in ? dot(100 + at, ++counter) : dot(at, ++counter);
    const VersionSet before = stand_in ? VersionSet{kind, {}, {}} : held.set;
    VersionSet after = with_write(before, reader.context, value_of(name, counter), !stand_in);
    const int write = static_cast<int>(past.size());
    past.push_back(reader.seen);
    value.push_back(after.versions.empty() ? Bytes() : value_of(name, counter).value);
    std::set<int> known = stand_in ? std::set<int>() : held.known;
    known.insert(write);
    if (!stand_in) held = {after, known};
    sent.push_back({std::move(after), std::move(known)});
  }

  void remove(std::size_t at, const Reader& reader) {
    Held& held = replicas[at];
    if (held.set.empty() && reader.context.empty()) return;
    held.set = with_deletion(held.set, reader.context);
    past.push_back(reader.seen);
    value.emplace_back();
    held.known.insert(static_cast<int>(past.size()) - 1);
    sent.push_back(held);
  }

  // What a reader of that replica has seen: what lives there, and what these have replaced.
  Reader read(std::size_t at) const {
    Reader reader{replicas[at].set.context, replicas[at].known};
    for (const int write : replicas[at].known) reader.seen.insert(past[write].begin(), past[write].end());
    return reader;
  }

  void deliver(std::size_t copy, std::size_t to) {
    replicas[to].set = merge(replicas[to].set, sent[copy].set);
    replicas[to].known.insert(sent[copy].known.begin(), sent[copy].known.end());
  }

  std::vector<Held> replicas;
  std::vector<Held> sent;
  std::vector<std::set<int>> past;
  std::vector<Bytes> value;
  std::uint64_t counter = 0;
  Conflicts kind;
};

// Plays random steps; every replica has to hold what the oracle says all along.
void play(World& world, int steps, const std::function<void(const World::Held&)>& check) {
  std::vector<World::Reader> readers(1);
  for (int i = 0; i < steps; ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, kActors);
    const auto& reader = readers[*rc::gen::inRange<std::size_t>(0, readers.size())];
    switch (*rc::gen::inRange(0, 8)) {
      case 0:
      case 1:
        world.write(at, reader, false);
        break;
      case 2:
        world.write(at, reader, true);
        break;
      case 3:
        if (world.kind == Conflicts::siblings) world.remove(at, reader);
        break;
      case 4:
      case 5:
        readers.push_back(world.read(at));
        break;
      default:
        if (!world.sent.empty()) world.deliver(*rc::gen::inRange<std::size_t>(0, world.sent.size()), at);
    }
    check(world.replicas[at]);
  }
}

RC_GTEST_PROP(VersionSetProperty, SiblingsAreThoseThatNobodyHasReplacedKnowingly, ()) {
  World world(Conflicts::siblings);
  play(world, *rc::gen::inRange(1, 60),
       [&](const World::Held& held) { RC_ASSERT(values(held.set) == world.living(held.known)); });
  for (std::size_t at = 0; at < kActors; ++at) {
    for (std::size_t copy = 0; copy < world.sent.size(); ++copy) world.deliver(copy, at);
    RC_ASSERT(world.replicas[at].set == world.replicas[0].set);
    RC_ASSERT(encode_versions(world.replicas[at].set) == encode_versions(world.replicas[0].set));
  }
}

RC_GTEST_PROP(VersionSetProperty, MergeIsALattice, ()) {
  World world(*rc::gen::element(Conflicts::siblings, Conflicts::last_write_wins));
  play(world, *rc::gen::inRange(3, 40), [](const World::Held&) {});
  RC_PRE(!world.sent.empty());
  const auto any = [&] { return world.sent[*rc::gen::inRange<std::size_t>(0, world.sent.size())].set; };
  const VersionSet a = any();
  const VersionSet b = any();
  const VersionSet c = any();
  RC_ASSERT(merge(a, a) == a);
  RC_ASSERT(merge(a, b) == merge(b, a));
  RC_ASSERT(merge(merge(a, b), c) == merge(a, merge(b, c)));
  RC_ASSERT(merge(a, VersionSet{}) == a);
  RC_ASSERT(merge(VersionSet{}, a) == a);
}

RC_GTEST_PROP(VersionSetProperty, EncodingComesBack, ()) {
  World world(*rc::gen::element(Conflicts::siblings, Conflicts::last_write_wins));
  play(world, *rc::gen::inRange(3, 40), [](const World::Held&) {});
  RC_PRE(!world.sent.empty());
  for (const World::Held& held : world.sent) {
    const Bytes bytes = encode_versions(held.set);
    const auto back = decode_versions(bytes);
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back == held.set);
    RC_ASSERT(back->digest() == held.set.digest());
    const auto token = decode_context_token(encode_context_token(held.set, 7), 7);
    RC_ASSERT(token.has_value());
    RC_ASSERT(token->context == held.set.context);
    RC_ASSERT(token->stamp == held.set.newest_stamp());
    if (held.set.conflicts == Conflicts::siblings) continue;
    RC_ASSERT(*decode_last_write(bytes) == held.set.versions.front());
    RC_ASSERT(encode_last_write(held.set.versions.front()) == bytes);
  }
}

TEST(VersionSet, AWriterThatReadsLeavesOneValueWhoeverCoordinates) {
  VersionSet set{Conflicts::siblings, {}, {}};
  for (std::uint64_t i = 1; i <= 100; ++i) set = with_write(set, set.context, value_of(dot(i % kActors, i), i), true);
  EXPECT_EQ(set.versions.size(), 1u);
  // As many entries as replicas, however many writes.
  EXPECT_EQ(set.context.prefixes().size(), kActors);
  EXPECT_TRUE(set.context.dots().empty());
}

TEST(VersionSet, BlindWritesStayUntilSomebodyHasReadThem) {
  VersionSet set{Conflicts::siblings, {}, {}};
  set = with_write(set, {}, value_of(dot(1, 1), 1), true);
  const CausalContext first = set.context;
  set = with_write(set, {}, value_of(dot(1, 2), 2), true);
  EXPECT_EQ(values(set), (std::set<Bytes>{"v1-1", "v1-2"}));
  set = with_write(set, first, value_of(dot(1, 3), 3), true);
  EXPECT_EQ(values(set), (std::set<Bytes>{"v1-2", "v1-3"}));
  set = with_deletion(set, set.context);
  EXPECT_TRUE(set.versions.empty());
  EXPECT_FALSE(set.empty());
}

// A stand-in has nothing of what it wrote before: its second write says nothing of the first.
TEST(VersionSet, TheWritesOfAStandInDoNotHideEachOther) {
  const VersionSet none{Conflicts::siblings, {}, {}};
  const VersionSet first = with_write(none, {}, value_of(dot(9, 1), 1), false);
  const VersionSet second = with_write(none, {}, value_of(dot(9, 2), 2), false);
  EXPECT_EQ(values(merge(first, second)), (std::set<Bytes>{"v9-1", "v9-2"}));
}

// What a life may have lost, a later one does not claim to know.
TEST(VersionSet, AWriteOfALaterLifeSaysNothingOfAnEarlierOne) {
  const VersionSet none{Conflicts::siblings, {}, {}};
  const Dot lost = dot(1, (std::uint64_t{7} << 32) + 1);
  const Dot later = dot(1, (std::uint64_t{8} << 32) + 1);
  const VersionSet elsewhere = with_write(none, {}, value_of(lost, 1), true);
  const VersionSet here = with_write(none, {}, value_of(later, 2), true);
  EXPECT_EQ(merge(elsewhere, here).versions.size(), 2u);
  EXPECT_FALSE(here.context.covers(lost));
  EXPECT_EQ(decode_versions(encode_versions(merge(elsewhere, here))), merge(elsewhere, here));
  // In one life a write stands for those before it.
  const VersionSet same = with_write(none, {}, value_of(dot(1, lost.counter + 1), 2), true);
  EXPECT_EQ(merge(elsewhere, same).versions.size(), 1u);
}

TEST(VersionSet, TheHighestStampWinsAndItsActorBreaksATie) {
  const auto one = [](Dot at, std::uint64_t stamp) { return with_write(VersionSet{}, {}, value_of(at, stamp), true); };
  EXPECT_EQ(values(merge(one(dot(1, 9), 5), one(dot(2, 1), 6))), (std::set<Bytes>{"v2-1"}));
  EXPECT_EQ(values(merge(one(dot(1, 9), 6), one(dot(2, 1), 6))), (std::set<Bytes>{"v2-1"}));
}

// On disk: never changes.
TEST(VersionCodec, GoldenBytes) {
  VersionedValue version{.dot = dot(0x0102030405060708, 300), .stamp = Hlc{0x1112131415161718}, .value = "v"};
  EXPECT_EQ(to_hex(encode_last_write(version)),
            "02"
            "00"
            "1817161514131211"
            "0807060504030201"
            "ac02"
            "76");
  version.expires_ms = 1;
  EXPECT_EQ(to_hex(encode_last_write(version)),
            "02"
            "02"
            "1817161514131211"
            "0807060504030201"
            "ac02"
            "01"
            "76");
  version.expires_ms = 0;
  VersionSet set = with_write(VersionSet{Conflicts::siblings, {}, {}}, {}, version, true);
  set.context.add(dot(9, 7));
  EXPECT_EQ(to_hex(encode_versions(set)),
            "03"
            "01"
            "0807060504030201"
            "ac02"
            "01"
            "0900000000000000"
            "07"
            "01"
            "00"
            "1817161514131211"
            "0807060504030201"
            "ac02"
            "01"
            "76");
}

TEST(VersionCodec, WhatNobodyEncodedIsCorruption) {
  VersionSet set = with_write(VersionSet{Conflicts::siblings, {}, {}}, {}, value_of(dot(1, 1), 1), true);
  set = with_write(set, {}, value_of(dot(2, 1), 1), true);
  const Bytes good = encode_versions(set);
  ASSERT_TRUE(decode_versions(good).has_value());
  for (std::size_t length = 0; length < good.size(); ++length) {
    const auto cut = decode_versions(BytesView(good).substr(0, length));
    ASSERT_FALSE(cut.has_value()) << length;
    EXPECT_EQ(cut.error().code, ErrorCode::corruption) << length;
  }
  EXPECT_FALSE(decode_versions(good + "x").has_value());
  Bytes unknown = good;
  unknown[0] = 9;
  EXPECT_EQ(decode_versions(unknown).error().code, ErrorCode::corruption);
}

TEST(ContextToken, IsOfOneKey) {
  const VersionSet set = with_write(VersionSet{Conflicts::siblings, {}, {}}, {}, value_of(dot(1, 1), 1), true);
  const Bytes token = encode_context_token(set, 7);
  EXPECT_EQ(decode_context_token(token, 7)->context, set.context);
  const auto of_another = decode_context_token(token, 8);
  ASSERT_FALSE(of_another.has_value());
  EXPECT_EQ(of_another.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(of_another.error().message.find("another key"), std::string::npos);
  // Those that were given out before tokens named their keys.
  const Bytes old = encode_context_token(ContextToken{.context = set.context, .stamp = set.newest_stamp()});
  EXPECT_EQ(decode_context_token(old, 8)->context, set.context);
}

TEST(ContextToken, WhatNobodyGaveIsRefused) {
  EXPECT_EQ(decode_context_token("what", 7).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(decode_context_token("", 7).error().code, ErrorCode::invalid_argument);
  const VersionSet set = with_write(VersionSet{Conflicts::siblings, {}, {}}, {}, value_of(dot(1, 1), 1), true);
  const Bytes good = encode_context_token(set, 7);
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_FALSE(decode_context_token(BytesView(good).substr(0, length), 7).has_value()) << length;
  }
}

TEST(VersionedValue, IsSeenUntilItExpires) {
  VersionedValue version = value_of(dot(1, 1), 1);
  EXPECT_TRUE(version.visible_at(~std::uint64_t{0}));
  version.expires_ms = 1000;
  EXPECT_TRUE(version.visible_at(999));
  EXPECT_FALSE(version.visible_at(1000));
  version.expires_ms = 0;
  version.tombstone = true;
  EXPECT_FALSE(version.visible_at(0));
}

}  // namespace
}  // namespace latium
