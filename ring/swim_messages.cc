#include "ring/swim_messages.h"

#include "proto/gossip.pb.h"

#include <bit>

namespace latium {

namespace {

/// A varint field with a tag of one byte; 0 is not written.
std::size_t varint_field(std::uint64_t value) {
  return value == 0 ? 0 : 1 + (static_cast<std::size_t>(std::bit_width(value)) + 6) / 7;
}

constexpr std::size_t kFixedField = 9;
constexpr std::size_t kTagAndLength = 2;

std::unexpected<Error> refused(std::string what) {
  return fail(ErrorCode::invalid_argument, "gossip message: " + std::move(what) + ": the sender is faulty or of a newer version");
}

Result<Liveness> liveness_from(std::uint32_t value) {
  if (value < 1 || value > 3) return refused("liveness " + std::to_string(value) + " is not 1 to 3");
  return static_cast<Liveness>(value);
}

Result<SwimUpdate> update_from(const gossip::Update& from) {
  if (from.node() == 0) return refused("an update without a node");
  if (from.incarnation() >= kMaxSwimIncarnation)
    return refused("incarnation " + std::to_string(from.incarnation()) + " is too high");
  LATIUM_TRY(const Liveness liveness, liveness_from(from.liveness()));
  return SwimUpdate{NodeId{from.node()}, liveness, from.incarnation(), NodeId{from.from()}};
}

Result<SwimSiteUpdate> site_update_from(const gossip::SiteUpdate& from) {
  if (from.site().empty() || from.site().size() > 64)
    return refused("a site name of " + std::to_string(from.site().size()) + " bytes");
  if (from.version() >= kMaxSwimIncarnation) return refused("site version " + std::to_string(from.version()) + " is too high");
  LATIUM_TRY(const Liveness liveness, liveness_from(from.liveness()));
  if (liveness == Liveness::suspect) return refused("a site is up or down, not suspect");
  return SwimSiteUpdate{from.site(), liveness, from.version()};
}

}  // namespace

std::string_view to_string(Liveness liveness) {
  switch (liveness) {
    case Liveness::up:
      return "up";
    case Liveness::suspect:
      return "suspect";
    case Liveness::down:
      return "down";
  }
  return "unlisted_liveness";
}

Bytes encode_swim(const SwimMessage& message) {
  gossip::Message out;
  out.set_kind(static_cast<gossip::Kind>(message.kind));
  out.set_sequence(message.sequence);
  out.set_target(message.target.value);
  out.set_epoch(message.epoch.value);
  out.set_reached(message.reached);
  for (const SwimUpdate& update : message.updates) {
    auto& to = *out.add_updates();
    to.set_node(update.node.value);
    to.set_liveness(static_cast<std::uint32_t>(update.liveness));
    to.set_incarnation(update.incarnation);
    to.set_from(update.from.value);
  }
  for (const SwimSiteUpdate& update : message.sites) {
    auto& to = *out.add_sites();
    to.set_site(update.site);
    to.set_liveness(static_cast<std::uint32_t>(update.liveness));
    to.set_version(update.version);
  }
  out.mutable_digests()->Assign(message.digests.begin(), message.digests.end());
  return out.SerializeAsString();
}

std::size_t encoded_size(const SwimUpdate& update) {
  return kTagAndLength + kFixedField + varint_field(static_cast<std::uint64_t>(update.liveness)) +
         varint_field(update.incarnation) + (update.from ? kFixedField : 0);
}

std::size_t encoded_size(const SwimSiteUpdate& update) {
  return kTagAndLength + kTagAndLength + update.site.size() + varint_field(static_cast<std::uint64_t>(update.liveness)) +
         varint_field(update.version);
}

Result<SwimMessage> decode_swim(BytesView bytes) {
  gossip::Message from;
  if (!from.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return refused(std::to_string(bytes.size()) + " bytes that do not parse");
  }
  if (from.kind() < gossip::KIND_PING || from.kind() > gossip::KIND_SYNC_ANSWER) {
    return refused("kind " + std::to_string(from.kind()) + " is unknown");
  }
  for (const int items : {from.updates_size(), from.sites_size(), from.digests_size()}) {
    if (static_cast<std::size_t>(items) > kMaxSwimItems) return refused(std::to_string(items) + " items are too many");
  }
  SwimMessage message;
  message.kind = static_cast<SwimMessage::Kind>(from.kind());
  message.sequence = from.sequence();
  message.target = NodeId{from.target()};
  message.epoch = Epoch{from.epoch()};
  message.reached = from.reached();
  const bool about_target = message.kind == SwimMessage::Kind::ping_req || message.kind == SwimMessage::Kind::relay;
  if (about_target && !message.target) return refused("a ping-req or relay without a target");
  message.updates.reserve(static_cast<std::size_t>(from.updates_size()));
  for (const auto& update : from.updates()) {
    LATIUM_TRY(message.updates.emplace_back(), update_from(update));
  }
  for (const auto& update : from.sites()) {
    LATIUM_TRY(message.sites.emplace_back(), site_update_from(update));
  }
  message.digests.assign(from.digests().begin(), from.digests().end());
  return message;
}

}  // namespace latium
