#include "ring/site_ring.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "ring/arc_owners.h"

namespace latium {

namespace {

/// The members picked so far in one walk. Walks are short (replicas and stand-ins): a line of numbers beats any set.
class Picked {
 public:
  explicit Picked(const std::vector<SiteRing::Index>& racks) : racks_(racks) {}
  std::size_t size() const { return members_.size(); }
  bool has(SiteRing::Index member) const { return std::ranges::find(members_, member) != members_.end(); }
  std::uint32_t in_rack_of(SiteRing::Index member) const {
    const auto same = [this, rack = racks_[member]](SiteRing::Index other) { return racks_[other] == rack; };
    return static_cast<std::uint32_t>(std::ranges::count_if(members_, same));
  }
  void add(SiteRing::Index member) { members_.push_back(member); }
  const std::vector<SiteRing::Index>& members() const { return members_; }

 private:
  const std::vector<SiteRing::Index>& racks_;
  std::vector<SiteRing::Index> members_;
};

}  // namespace

std::shared_ptr<const SiteRing> SiteRing::build(std::vector<RingMember> members) {
  return std::shared_ptr<const SiteRing>(new SiteRing(std::move(members)));
}

SiteRing::SiteRing(std::vector<RingMember> members) : members_(std::move(members)) {
  LATIUM_CHECK(!members_.empty() && members_.size() <= 65'535, "a ring has 1 to 65,535 members");
  std::ranges::sort(members_, {}, &RingMember::id);
  for (const RingMember& member : members_) weight_milli_ += member.weight_milli;
  find_racks();
  ArcOwners arcs = assign_arcs(members_, kArcs);
  owners_ = std::move(arcs.owners);
  costs_ = std::move(arcs.costs);
}

void SiteRing::find_racks() {
  std::map<std::string_view, Index> numbers;
  for (const RingMember& member : members_) {
    const auto [rack, added] = numbers.try_emplace(member.rack, static_cast<Index>(numbers.size()));
    racks_.push_back(rack->second);
    if (added) rack_sizes_.push_back(0);
    ++rack_sizes_[rack->second];
  }
}

std::size_t SiteRing::room_in_racks(std::uint32_t most_in_one) const {
  std::size_t room = 0;
  for (const Index size : rack_sizes_) room += std::min<std::size_t>(size, most_in_one);
  return room;
}

void SiteRing::append_owners(std::uint32_t arc, std::size_t count, std::vector<NodeId>& out) const {
  if (count == 1) return out.push_back(owner(arc));
  count = std::min(count, members_.size());
  Picked picked(racks_);
  // One rack, or none with two nodes: all rounds would be the same.
  const bool racks_matter = rack_sizes_.size() > 1 && rack_sizes_.size() < members_.size();
  for (std::uint32_t most = racks_matter ? 1 : 65'535; picked.size() < count; ++most) {
    const std::size_t goal = std::min(count, room_in_racks(most));
    const auto consider = [&](Index member) {
      if (!picked.has(member) && (!racks_matter || picked.in_rack_of(member) < most)) picked.add(member);
    };
    for (std::uint32_t i = 0; i < kArcs && picked.size() < goal; ++i) consider(owners_[(arc + i) % kArcs]);
    // Whoever owns no arc at all (a small weight among thousands of nodes) comes last.
    for (std::size_t i = 0; i < members_.size() && picked.size() < goal; ++i) {
      consider(static_cast<Index>((arc + i) % members_.size()));
    }
  }
  for (const Index member : picked.members()) out.push_back(members_[member].id);
}

std::vector<std::uint32_t> SiteRing::arcs_owned() const {
  std::vector<std::uint32_t> owned(members_.size());
  for (const Index owner : owners_) ++owned[owner];
  return owned;
}

}  // namespace latium
