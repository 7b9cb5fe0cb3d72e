#include "ring/site_ring.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/check.h"

namespace latium {

namespace {

std::vector<RingMember> sorted(std::vector<RingMember> members) {
  LATIUM_CHECK(!members.empty() && members.size() <= 65'535, "a ring has 1 to 65,535 members");
  std::ranges::sort(members, {}, &RingMember::id);
  return members;
}

std::vector<NodeId> ids_of(std::span<const RingMember> members) {
  std::vector<NodeId> out;
  out.reserve(members.size());
  for (const RingMember& member : members) out.push_back(member.id);
  return out;
}

std::vector<NodeDraw> draws_of(std::span<const RingMember> members) {
  std::vector<NodeDraw> out;
  out.reserve(members.size());
  for (const RingMember& member : members) out.emplace_back(member.id, member.token, member.weight_milli);
  return out;
}

}  // namespace

std::shared_ptr<const SiteRing> SiteRing::build(std::vector<RingMember> members) {
  return std::shared_ptr<const SiteRing>(new SiteRing(std::move(members)));
}

SiteRing::SiteRing(std::vector<RingMember> members)
    : members_(sorted(std::move(members))),
      ids_(ids_of(members_)),
      racks_(members_),
      draws_(draws_of(members_)),
      arcs_(assign_arcs(members_, draws_, racks_)) {}

void SiteRing::append_owners(std::uint32_t arc, std::size_t count, std::vector<NodeId>& out) const {
  count = std::min(count, members_.size());
  const std::span bounded = std::span(arcs_.owners).subspan(arc * arcs_.owners_an_arc, std::min(count, arcs_.owners_an_arc));
  for (const std::uint16_t member : bounded) out.push_back(ids_[member]);
  if (count == bounded.size()) return;
  for (const std::uint16_t member : owners_beyond_bounded(arc, count)) out.push_back(ids_[member]);
}

// In the order of their bids, rack by rack as the rule of Racks admits. Their load has no bound: among the owners of an arc they
// are few replicas, and as stand-ins they hold little.
std::vector<std::uint16_t> SiteRing::owners_beyond_bounded(std::uint32_t arc, std::size_t count) const {
  std::vector<std::size_t> in_rack(racks_.count());
  std::vector<Bid> left;
  left.reserve(members_.size());
  for (std::size_t m = 0; m < members_.size(); ++m) left.emplace_back(draws_[m].cost(arc), static_cast<std::uint16_t>(m));
  for (std::size_t rank = 0; rank < arcs_.owners_an_arc; ++rank) {
    const std::uint16_t owner = arcs_.owners[arc * arcs_.owners_an_arc + rank];
    ++in_rack[racks_.of(owner)];
    std::erase_if(left, [owner](const Bid& bid) { return bid.member() == owner; });
  }
  std::ranges::sort(left);

  std::vector<std::uint16_t> out;
  const std::size_t wanted = count - arcs_.owners_an_arc;
  for (std::size_t most = racks_.most_in_one(arcs_.owners_an_arc + 1); out.size() < wanted; ++most) {
    std::vector<Bid> put_off;
    for (const Bid& bid : left) {
      std::size_t& owners = in_rack[racks_.of(bid.member())];
      if (owners == most) {
        put_off.push_back(bid);
        continue;
      }
      ++owners;
      out.push_back(bid.member());
      if (out.size() == wanted) break;
    }
    left = std::move(put_off);
  }
  return out;
}

}  // namespace latium
