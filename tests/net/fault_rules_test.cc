#include "net/fault_rules.h"

#include <gtest/gtest.h>

namespace latium {
namespace {

using std::chrono::milliseconds;

PeerIdentity node(std::uint64_t id, std::string site) {
  PeerIdentity peer;
  peer.role = PeerRole::node;
  peer.node = NodeId{id};
  peer.site = std::move(site);
  return peer;
}

TEST(FaultRules, NoRuleNoFault) {
  EXPECT_EQ(FaultRules().towards({"h", 1}), Fault());
  EXPECT_EQ(FaultRules().from(node(1, "paris")), Fault());
}

TEST(FaultRules, CallsAreKnownByTheirAddress) {
  const FaultRules rules({{.site = "", .nodes = {}, .addresses = {{"h", 1}, {"h", 2}}, .fault = {.cut = true}}});
  EXPECT_TRUE(rules.towards({"h", 1}).cut);
  EXPECT_TRUE(rules.towards({"h", 2}).cut);
  EXPECT_FALSE(rules.towards({"h", 3}).cut);
  EXPECT_FALSE(rules.towards({"i", 1}).cut);
  EXPECT_FALSE(rules.from(node(1, "paris")).cut);
}

TEST(FaultRules, CallersAreKnownByTheirSiteOrTheirId) {
  const FaultRules rules({{.site = "paris", .nodes = {NodeId{7}}, .addresses = {}, .fault = {.cut = true}}});
  EXPECT_TRUE(rules.from(node(1, "paris")).cut);
  EXPECT_TRUE(rules.from(node(7, "lyon")).cut);
  EXPECT_FALSE(rules.from(node(8, "lyon")).cut);
  EXPECT_FALSE(rules.towards({"paris", 1}).cut);
}

TEST(FaultRules, ARuleWithoutASiteIsNotForPeersWithoutOne) {
  const FaultRules rules({{.site = "", .nodes = {NodeId{7}}, .addresses = {}, .fault = {.cut = true}}});
  EXPECT_FALSE(rules.from(node(1, "")).cut);
}

TEST(FaultRules, ClientsHaveNoFaults) {
  const FaultRules rules({{.site = "paris", .nodes = {NodeId{0}}, .addresses = {}, .fault = {.cut = true}}});
  PeerIdentity client = node(0, "paris");
  EXPECT_TRUE(rules.from(client).cut);
  client.role = PeerRole::client;
  EXPECT_EQ(rules.from(client), Fault());
}

TEST(FaultRules, TheWorstOfSeveralHolds) {
  const Address peer{"h", 1};
  const FaultRules rules({{.site = "paris", .nodes = {}, .addresses = {peer}, .fault = {.delay = milliseconds(5)}},
                          {.site = "", .nodes = {NodeId{1}}, .addresses = {peer}, .fault = {.cut = true}},
                          {.site = "paris", .nodes = {}, .addresses = {peer}, .fault = {.delay = milliseconds(3)}}});
  const Fault worst{.cut = true, .delay = milliseconds(5)};
  EXPECT_EQ(rules.towards(peer), worst);
  EXPECT_EQ(rules.from(node(1, "paris")), worst);
  EXPECT_EQ(rules.from(node(2, "paris")), Fault{.delay = milliseconds(5)});
}

}  // namespace
}  // namespace latium
