#include "ring/topology.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <set>

#include "proto/topology.pb.h"
#include "ring/voters.h"
#include "tests/ring/ring_shapes.h"

namespace latium {
namespace {

using namespace std::string_view_literals;

TopologyNode node(std::uint64_t id) {
  return {.id = NodeId{id},
          .site = "rennes",
          .rack = "r1",
          .weight_milli = 1000,
          .storage = true,
          .state = NodeState::up,
          .address = "10.0.0.1:7400"};
}

Topology good() {
  Topology out{.epoch = Epoch{3}, .cluster = ClusterId{77}, .nodes = {}, .voters = {}, .transition = {}};
  for (std::uint64_t id = 1; id <= 9; ++id) out.nodes.push_back(node(id));
  out.nodes[7].storage = false;
  out.nodes[8].state = NodeState::joining;
  out.voters = {NodeId{1}, NodeId{2}, NodeId{3}};
  out.transition = Transition{.node = NodeId{9}, .voters = {NodeId{1}, NodeId{2}, NodeId{9}}, .started_ms = 5};
  return out;
}

rc::Gen<Topology> any_good_topology() {
  return rc::gen::map(rc::gen::arbitrary<std::uint64_t>(), [](std::uint64_t seed) {
    Random random(seed);
    Topology out = shaped_topology(random, {.sites = static_cast<std::uint32_t>(random.between(1, 4)),
                                            .nodes = static_cast<std::uint32_t>(random.between(1, 9)),
                                            .racks = static_cast<std::uint32_t>(random.below(3)),
                                            .weights_milli = {kMinWeightMilli, 1000, kMaxWeightMilli}});
    std::ranges::sort(out.nodes, {}, &TopologyNode::id);
    out.epoch = Epoch{1 + random.next() / 2};
    out.cluster = ClusterId{1 + random.next() / 2};
    for (TopologyNode& node : out.nodes) {
      if (random.chance(0.1)) node.state = NodeState::joining;
      if (random.chance(0.1)) node.address.clear();
      if (random.chance(0.3)) node.token = static_cast<std::uint32_t>(random.below(16));
    }
    out.voters = choose_voters(out.nodes, {});
    if (random.chance(0.1)) out.nodes.back().storage = std::ranges::binary_search(out.voters, out.nodes.back().id);
    if (random.chance(0.5)) out.transition = Transition{out.nodes.front().id, out.voters, random.next()};
    return out;
  });
}

RC_GTEST_PROP(Topology, IsTheSameAfterEncodingAndDecoding, ()) {
  const Topology topology = *any_good_topology();
  RC_ASSERT(check_topology(topology).has_value());
  const auto decoded = decode_topology(encode_topology(topology));
  RC_ASSERT(decoded.has_value());
  RC_ASSERT(*decoded == topology);
  RC_ASSERT(encode_topology(*decoded) == encode_topology(topology));
}

RC_GTEST_PROP(Topology, BytesThatAreCutOrChangedAreRefusedOrAnotherGoodValue, ()) {
  Bytes bytes = encode_topology(*any_good_topology());
  const auto place = *rc::gen::inRange<std::size_t>(0, bytes.size());
  if (*rc::gen::arbitrary<bool>()) {
    bytes.resize(place);
  } else {
    bytes[place] = static_cast<char>(bytes[place] ^ *rc::gen::inRange(1, 256));
  }
  const auto decoded = decode_topology(bytes);
  if (decoded) {
    RC_ASSERT(check_topology(*decoded).has_value());
  } else {
    RC_ASSERT(decoded.error().code == ErrorCode::corruption);
  }
}

struct Wrong {
  const char* name;
  std::function<void(Topology&)> spoil;
  const char* says;

  friend void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.name; }
};

class WrongTopology : public testing::TestWithParam<Wrong> {};

TEST_P(WrongTopology, IsRefusedByCheckAndByDecode) {
  Topology topology = good();
  ASSERT_TRUE(check_topology(topology).has_value());
  GetParam().spoil(topology);
  const auto checked = check_topology(topology);
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(checked.error().message, testing::HasSubstr(GetParam().says));
  EXPECT_THAT(checked.error().message, testing::HasSubstr("epoch " + std::to_string(topology.epoch.value)));
  const auto decoded = decode_topology(encode_topology(topology));
  ASSERT_FALSE(decoded.has_value());
  EXPECT_EQ(decoded.error().code, ErrorCode::corruption);
  EXPECT_EQ(decoded.error().message, checked.error().message);
}

INSTANTIATE_TEST_SUITE_P(
    Each, WrongTopology,
    testing::Values(
        Wrong{"epoch", [](Topology& t) { t.epoch = Epoch{}; }, "the first epoch is 1"},
        Wrong{"cluster", [](Topology& t) { t.cluster = ClusterId{}; }, "names no cluster"},
        Wrong{"node_zero", [](Topology& t) { t.nodes.insert(t.nodes.begin(), node(0)); }, "id 0"},
        Wrong{"unsorted", [](Topology& t) { std::swap(t.nodes[4], t.nodes[5]); }, "ascending order of their ids"},
        Wrong{"twice", [](Topology& t) { t.nodes.insert(t.nodes.begin(), node(1)); }, "ascending order of their ids"},
        Wrong{"no_site", [](Topology& t) { t.nodes[4].site = ""; }, "node 0000000000000005: site ''"},
        Wrong{"site", [](Topology& t) { t.nodes[4].site = "a b"; }, "site 'a b'"},
        Wrong{"long_site", [](Topology& t) { t.nodes[4].site = std::string(65, 'a'); }, "must be 1 to 64"},
        Wrong{"rack", [](Topology& t) { t.nodes[4].rack = ".r"; }, "rack '.r'"},
        Wrong{"light", [](Topology& t) { t.nodes[4].weight_milli = kMinWeightMilli - 1; }, "weight of 99 thousandths"},
        Wrong{"heavy", [](Topology& t) { t.nodes[4].weight_milli = kMaxWeightMilli + 1; }, "not 100 to 100000"},
        Wrong{"no_state", [](Topology& t) { t.nodes[4].state = NodeState{0}; }, "unknown state 0"},
        Wrong{"no_port", [](Topology& t) { t.nodes[4].address = "host"; }, "not host:port"},
        Wrong{"empty_port", [](Topology& t) { t.nodes[4].address = "host:"; }, "not host:port"},
        Wrong{"no_host", [](Topology& t) { t.nodes[4].address = ":7400"; }, "not host:port"},
        Wrong{"spaced", [](Topology& t) { t.nodes[4].address = "a b:1"; }, "not host:port"},
        Wrong{"long_address", [](Topology& t) { t.nodes[4].address = std::string(kMaxAddressBytes, 'a') + ":1"; },
              "not host:port"},
        Wrong{"no_voters", [](Topology& t) { t.voters.clear(); }, "it has 0 voters, not 1 to 7"},
        Wrong{"many_voters",
              [](Topology& t) {
                t.voters.clear();
                for (std::uint64_t id = 1; id <= 9; ++id) t.voters.push_back(NodeId{id});
              },
              "it has 9 voters"},
        Wrong{"voters_unsorted", [](Topology& t) { std::swap(t.voters[0], t.voters[1]); }, "voters are not in ascending"},
        Wrong{"voter_twice", [](Topology& t) { t.voters[1] = t.voters[0]; }, "voters are not in ascending"},
        Wrong{"strange_voter", [](Topology& t) { t.voters[2] = NodeId{99}; }, "node 0000000000000063 is no storage node"},
        Wrong{"client_votes", [](Topology& t) { t.voters[2] = NodeId{8}; }, "node 0000000000000008 is no storage node"},
        Wrong{"strange_transition", [](Topology& t) { t.transition->node = NodeId{99}; }, "the transition is about node"},
        Wrong{"no_next_voters", [](Topology& t) { t.transition->voters.clear(); }, "it has 0 next voters"},
        Wrong{"next_unsorted", [](Topology& t) { std::swap(t.transition->voters[0], t.transition->voters[1]); },
              "next voters are not"},
        Wrong{"next_voter", [](Topology& t) { t.transition->voters[2] = NodeId{8}; }, "of its next voters"}));

TEST(Topology, WhatDoesNotParseIsRefused) {
  EXPECT_EQ(decode_topology("").error().code, ErrorCode::corruption);
  EXPECT_THAT(decode_topology("\xff\xff").error().message, testing::HasSubstr("of 2 bytes does not parse"));
}

TEST(Topology, AStateOfALaterVersionDoesNotTurnIntoAKnownOne) {
  topology::Topology message;
  ASSERT_TRUE(message.ParseFromString(encode_topology(good())));
  for (const int state : {0, 3, 257, 258}) {
    message.mutable_nodes(4)->set_state(static_cast<topology::NodeState>(state));
    EXPECT_FALSE(decode_topology(message.SerializeAsString()).has_value()) << state;
  }
}

TEST(Topology, FindsItsNodes) {
  const Topology topology = good();
  for (const TopologyNode& each : topology.nodes) EXPECT_EQ(topology.find(each.id), &each);
  EXPECT_EQ(topology.find(NodeId{10}), nullptr);
  EXPECT_EQ(topology.find(NodeId{0}), nullptr);
  EXPECT_EQ(Topology().find(NodeId{1}), nullptr);
}

TEST(Topology, NodesThatJoinOrHoldNothingDoNotOwn) {
  const Topology topology = good();
  EXPECT_TRUE(topology.nodes[0].owns());
  EXPECT_FALSE(topology.nodes[7].owns());
  EXPECT_FALSE(topology.nodes[8].owns());
}

TEST(Topology, HasThePinnedBytes) {
  Topology topology{.epoch = Epoch{2}, .cluster = ClusterId{3}, .nodes = {node(4)}, .voters = {NodeId{4}}, .transition = {}};
  topology.nodes[0].rack = "";
  const std::string_view expected =
      "\x08\x02"
      "\x11\x03\0\0\0\0\0\0\0"
      "\x1a\x27"
      "\x09\x04\0\0\0\0\0\0\0"
      "\x12\x06rennes"
      "\x20\xe8\x07"
      "\x28\x01"
      "\x30\x02"
      "\x3a\x0d"
      "10.0.0.1:7400"
      "\x22\x08\x04\0\0\0\0\0\0\0"sv;
  EXPECT_EQ(encode_topology(topology), expected);
}

}  // namespace
}  // namespace latium
