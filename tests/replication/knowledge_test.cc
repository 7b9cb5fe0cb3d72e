// Knowledge: its record, and what it may refuse. The laws are judged by an oracle: a set of writes that a replica has had.
#include "replication/knowledge.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

namespace latium {
namespace {

constexpr std::uint64_t kActors = 3;
constexpr std::uint64_t kCounters = 6;

Knowledge any_knowledge() {
  Knowledge out;
  out.floor = Hlc{*rc::gen::arbitrary<std::uint64_t>()};
  const auto known = *rc::gen::arbitrary<std::map<std::uint64_t, std::uint64_t>>();
  for (const auto& [node, counter] : known) out.known[NodeId{node}] = counter;
  return out;
}

// Few nodes and counters, so that what is offered meets what is known.
Knowledge small_knowledge() {
  Knowledge out;
  for (std::uint64_t actor = 1; actor <= kActors; ++actor) {
    if (const auto counter = *rc::gen::inRange<std::uint64_t>(0, kCounters); counter > 0) out.known[NodeId{actor}] = counter;
  }
  return out;
}

VersionSet any_siblings() {
  VersionSet set{Conflicts::siblings, {}, {}};
  const auto writes = *rc::gen::container<std::vector<std::pair<std::uint64_t, std::uint64_t>>>(
      rc::gen::pair(rc::gen::inRange<std::uint64_t>(1, kActors + 1), rc::gen::inRange<std::uint64_t>(1, kCounters)));
  for (const auto& [actor, counter] : writes) {
    const Dot dot{NodeId{actor}, counter};
    if (set.context.covers(dot)) continue;
    VersionedValue version{.dot = dot, .stamp = Hlc{counter}, .value = "v"};
    VersionSet one = with_write(VersionSet{Conflicts::siblings, {}, {}}, {}, std::move(version), *rc::gen::arbitrary<bool>());
    if (*rc::gen::inRange(0, 3) == 0) one = with_deletion(one, one.context);
    set = merge(set, one);
  }
  return set;
}

std::set<Dot> dots(const VersionSet& set) {
  std::set<Dot> out;
  for (const VersionedValue& version : set.versions) out.insert(version.dot);
  return out;
}

RC_GTEST_PROP(KnowledgeTest, IsReadBack, ()) {
  const Knowledge knowledge = any_knowledge();
  const auto read = decode_knowledge(encode_knowledge(knowledge));
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == knowledge);
}

RC_GTEST_PROP(KnowledgeTest, AnyBytesAreReadOrRefused, (const std::string& bytes)) {
  const auto read = decode_knowledge("\x01" + bytes);
  if (read) RC_ASSERT(*decode_knowledge(encode_knowledge(*read)) == *read);
  if (!read) RC_ASSERT(read.error().code == ErrorCode::corruption);
}

TEST(KnowledgeTest, DamagedRecordsAreRefused) {
  const Bytes whole = encode_knowledge({.known = {{NodeId{1}, 300}, {NodeId{2}, 5}}, .floor = Hlc{7}});
  // Cut between two nodes it is a record too.
  const std::set<std::size_t> whole_lengths = {9, 9 + 8 + 2, whole.size()};
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    EXPECT_EQ(decode_knowledge(BytesView(whole).substr(0, length)).has_value(), whole_lengths.contains(length)) << length;
  }
  Bytes other_format = whole;
  other_format.front() = 2;
  EXPECT_FALSE(decode_knowledge(other_format));
  const Bytes one = encode_knowledge({.known = {{NodeId{1}, 3}}, .floor = {}});
  EXPECT_FALSE(decode_knowledge(one + one.substr(9))) << "a node twice";
  const Bytes two = encode_knowledge({.known = {{NodeId{2}, 3}}, .floor = {}});
  EXPECT_FALSE(decode_knowledge(two + one.substr(9))) << "nodes out of order";
}

RC_GTEST_PROP(KnowledgeTest, MergeIsAUnion, ()) {
  const Knowledge a = any_knowledge();
  const Knowledge b = any_knowledge();
  Knowledge ab = a;
  ab.merge(b);
  Knowledge ba = b;
  ba.merge(a);
  RC_ASSERT(ab == ba);
  Knowledge again = ab;
  again.merge(a);
  RC_ASSERT(again == ab);
  const Dot dot{NodeId{*rc::gen::arbitrary<std::uint64_t>()}, *rc::gen::arbitrary<std::uint64_t>()};
  RC_ASSERT(ab.covers(dot) == (a.covers(dot) || b.covers(dot)));
}

// Whether the offer has replaced something that is held: then it is taken whole.
bool replaces(const VersionSet& offered, const VersionSet& held) {
  return std::ranges::any_of(dots(held),
                             [&](const Dot& dot) { return offered.context.covers(dot) && !dots(offered).contains(dot); });
}

RC_GTEST_PROP(KnowledgeTest, NothingButWhatIsGoneIsRefused, ()) {
  const Knowledge knowledge = small_knowledge();
  const VersionSet held = any_siblings();
  const VersionSet offered = any_siblings();
  const VersionSet left = knowledge.without_obsolete(offered, held);
  if (replaces(offered, held)) {
    RC_ASSERT(left == offered);
    return;
  }
  for (const VersionedValue& version : offered.versions) {
    const bool gone = knowledge.covers(version.dot) && !dots(held).contains(version.dot);
    RC_ASSERT(dots(left).contains(version.dot) == !gone);
  }
  RC_ASSERT(std::ranges::all_of(dots(left), [&](const Dot& dot) { return dots(offered).contains(dot); }));
  // A context is given up only where all of it is known: a deletion that says more stays.
  if (left.context != offered.context) {
    RC_ASSERT(left.empty());
    RC_ASSERT(knowledge.covers(offered.context));
  }
  RC_ASSERT(knowledge.without_obsolete(left, held) == left);
}

// What replaced a version goes on replacing it, though the version itself was sifted out.
RC_GTEST_PROP(KnowledgeTest, WhatIsSiftedOutChangesNothingElse, ()) {
  const Knowledge knowledge = small_knowledge();
  const VersionSet held = any_siblings();
  const VersionSet offered = any_siblings();
  const VersionSet sifted = merge(held, knowledge.without_obsolete(offered, held));
  std::set<Dot> expected = dots(merge(held, offered));
  if (!replaces(offered, held))
    std::erase_if(expected, [&](const Dot& dot) { return knowledge.covers(dot) && !dots(held).contains(dot); });
  RC_ASSERT(dots(sifted) == expected);
}

RC_GTEST_PROP(KnowledgeTest, WhoeverKnowsNothingRefusesNothing, ()) {
  const VersionSet offered = any_siblings();
  RC_ASSERT(Knowledge{}.without_obsolete(offered, any_siblings()) == offered);
}

TEST(KnowledgeTest, OfLastWritesWhatIsHeldDecides) {
  const Knowledge knowledge{.known = {{NodeId{1}, 5}}, .floor = {}};
  const auto set = [](std::uint64_t counter) {
    return VersionSet{Conflicts::last_write_wins, {}, {{.dot = {NodeId{1}, counter}, .stamp = Hlc{1}, .value = "v"}}};
  };
  EXPECT_TRUE(knowledge.without_obsolete(set(5), {}).empty()) << "nothing is held, and it is known to be gone";
  EXPECT_EQ(knowledge.without_obsolete(set(5), set(6)), set(5)) << "the stamps decide";
  EXPECT_EQ(knowledge.without_obsolete(set(5), set(5)), set(5)) << "it is held";
  EXPECT_EQ(knowledge.without_obsolete(set(6), set(5)), set(6));
}

TEST(ExpiryOfTest, TheLastOfAllAndNothingWhileOneStays) {
  const auto version = [](std::uint64_t counter, std::uint64_t expires_ms, bool tombstone = false) {
    return VersionedValue{
        .dot = {NodeId{1}, counter}, .stamp = {}, .expires_ms = expires_ms, .tombstone = tombstone, .value = {}};
  };
  const auto set = [](std::vector<VersionedValue> versions) {
    CausalContext context;
    context.add_up_to({NodeId{1}, 9});
    return VersionSet{Conflicts::siblings, context, std::move(versions)};
  };
  EXPECT_EQ(expiry_of({}), std::nullopt) << "nothing is held";
  EXPECT_EQ(expiry_of(set({})), 0u) << "a deletion";
  EXPECT_EQ(expiry_of(set({version(1, 0, true)})), 0u);
  EXPECT_EQ(expiry_of(set({version(1, 50), version(2, 70), version(3, 60)})), 70u);
  EXPECT_EQ(expiry_of(set({version(1, 50), version(2, 0)})), std::nullopt);
  EXPECT_EQ(expiry_of(set({version(1, 0)})), std::nullopt);
}

}  // namespace
}  // namespace latium
