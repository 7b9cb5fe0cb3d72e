#include "ring/swim_messages.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "proto/gossip.pb.h"

namespace latium {
namespace {

SwimUpdate any_update() {
  return {NodeId{*rc::gen::inRange<std::uint64_t>(1, ~std::uint64_t{0})},
          *rc::gen::element(Liveness::up, Liveness::suspect, Liveness::down),
          *rc::gen::inRange<std::uint64_t>(0, kMaxSwimIncarnation), NodeId{*rc::gen::arbitrary<std::uint64_t>()}};
}

RC_GTEST_PROP(SwimMessages, WhatIsEncodedDecodes, ()) {
  SwimMessage message;
  message.kind = static_cast<SwimMessage::Kind>(*rc::gen::inRange(1, 8));
  message.sequence = *rc::gen::arbitrary<std::uint64_t>();
  message.target = NodeId{*rc::gen::inRange<std::uint64_t>(1, ~std::uint64_t{0})};
  message.epoch = Epoch{*rc::gen::arbitrary<std::uint64_t>()};
  message.reached = *rc::gen::arbitrary<bool>();
  const auto count = *rc::gen::inRange(0, 5);
  for (int i = 0; i < count; ++i) message.updates.push_back(any_update());
  if (*rc::gen::arbitrary<bool>()) message.sites.push_back({"rennes", Liveness::down, 7});
  message.digests = *rc::gen::arbitrary<std::vector<std::uint64_t>>();
  const auto decoded = decode_swim(encode_swim(message));
  RC_ASSERT(decoded.has_value());
  RC_ASSERT((*decoded == message));
}

RC_GTEST_PROP(SwimMessages, SizesOfUpdatesAreThoseOfTheirBytes, ()) {
  SwimMessage message{.kind = SwimMessage::Kind::gossip};
  const std::size_t empty = encode_swim(message).size();
  const SwimUpdate update = any_update();
  const SwimSiteUpdate site{std::string(*rc::gen::inRange<std::size_t>(1, 65), 's'), Liveness::down,
                            *rc::gen::inRange<std::uint64_t>(0, kMaxSwimIncarnation)};
  message.updates.push_back(update);
  message.sites.push_back(site);
  RC_ASSERT(encode_swim(message).size() == empty + encoded_size(update) + encoded_size(site));
}

void expect_refused(const Bytes& bytes, std::string_view why) {
  const auto decoded = decode_swim(bytes);
  ASSERT_FALSE(decoded.has_value()) << why;
  EXPECT_EQ(decoded.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(decoded.error().message.find(why), std::string::npos) << decoded.error().message;
}

TEST(SwimMessages, GarbageIsRefusedWithItsReason) {
  expect_refused("\xff\xff\xff", "do not parse");
  expect_refused("", "kind 0 is unknown");
  gossip::Message message;
  message.set_kind(static_cast<gossip::Kind>(8));
  expect_refused(message.SerializeAsString(), "kind 8 is unknown");
  message.set_kind(gossip::KIND_PING_REQ);
  expect_refused(message.SerializeAsString(), "without a target");

  message.set_kind(gossip::KIND_GOSSIP);
  auto& update = *message.add_updates();
  update.set_liveness(1);
  expect_refused(message.SerializeAsString(), "without a node");
  update.set_node(1);
  update.set_liveness(4);
  expect_refused(message.SerializeAsString(), "liveness 4");
  update.set_liveness(1);
  update.set_incarnation(kMaxSwimIncarnation);
  expect_refused(message.SerializeAsString(), "is too high");
  update.set_incarnation(kMaxSwimIncarnation - 1);
  EXPECT_TRUE(decode_swim(message.SerializeAsString()).has_value());

  auto& site = *message.add_sites();
  site.set_liveness(3);
  expect_refused(message.SerializeAsString(), "a site name of 0 bytes");
  site.set_site(std::string(65, 's'));
  expect_refused(message.SerializeAsString(), "a site name of 65 bytes");
  site.set_site("rennes");
  site.set_liveness(2);
  expect_refused(message.SerializeAsString(), "not suspect");
  site.set_liveness(3);
  site.set_version(kMaxSwimIncarnation);
  expect_refused(message.SerializeAsString(), "is too high");
  site.set_version(1);
  EXPECT_TRUE(decode_swim(message.SerializeAsString()).has_value());
  for (std::size_t i = 0; i <= kMaxSwimItems; ++i) message.add_digests(i);
  expect_refused(message.SerializeAsString(), "too many");
}

}  // namespace
}  // namespace latium
