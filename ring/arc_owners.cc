#include "ring/arc_owners.h"

#include <algorithm>
#include <utility>

#include "ring/fair_share.h"

namespace latium {

namespace {

// Bids kept of each arc. That none of the best has room and is admitted happens for 1 arc in 100 where there are 3 racks.
constexpr std::size_t kBidsKept = 12;
// Odd, and near kArcs times the golden ratio: arcs that choose late lie all over the circle, and so does the load they bring.
constexpr std::uint32_t kOrderStep = 10'127;

class Assignment {
 public:
  Assignment(std::span<const RingMember> members, std::span<const NodeDraw> draws, const Racks& racks);
  void choose_next_owners();
  ArcOwners take() { return std::move(out_); }
  std::size_t ranks() const { return ranks_; }

 private:
  void keep_best_bids(std::uint32_t arc);
  void set_caps();
  bool admits(std::uint32_t arc, std::uint16_t member) const;
  bool has_room(std::uint16_t member) const { return held_[member] < caps_[member]; }
  std::uint16_t choose(std::uint32_t arc) const;
  std::uint16_t choose_of_all(std::uint32_t arc) const;
  std::span<const std::uint16_t> chosen(std::uint32_t arc) const { return {&out_.owners[arc * ranks_], rank_}; }

  std::span<const RingMember> members_;
  std::span<const NodeDraw> draws_;
  const Racks& racks_;
  const std::size_t ranks_;
  const std::size_t kept_;
  std::size_t rank_ = 0;  // choices made by every arc
  std::size_t most_in_rack_ = 1;
  std::vector<Bid> bids_;            // arc by arc: the kept_ least, in order
  std::vector<std::uint32_t> held_;  // by member: arcs chosen so far
  std::vector<std::uint32_t> caps_;  // by member
  ArcOwners out_;
};

Assignment::Assignment(std::span<const RingMember> members, std::span<const NodeDraw> draws, const Racks& racks)
    : members_(members),
      draws_(draws),
      racks_(racks),
      ranks_(std::min(kBoundedOwners, members.size())),
      kept_(std::min(kBidsKept, members.size())),
      bids_(kArcs * kept_),
      held_(members.size()),
      out_{.owners_an_arc = ranks_, .owners = std::vector<std::uint16_t>(kArcs * ranks_), .costs = {}} {
  out_.costs.reserve(kArcs);
  for (std::uint32_t arc = 0; arc < kArcs; ++arc) {
    keep_best_bids(arc);
    out_.costs.push_back(bids_[arc * kept_].cost());
  }
}

void Assignment::keep_best_bids(std::uint32_t arc) {
  const std::span<Bid> best(&bids_[arc * kept_], kept_);
  std::size_t kept = 0;
  for (std::size_t m = 0; m < draws_.size(); ++m) {
    const Bid bid(draws_[m].cost(arc), static_cast<std::uint16_t>(m));
    if (kept == kept_) {
      if (bid >= best.back()) continue;
      --kept;
    }
    std::size_t place = kept++;
    for (; place > 0 && bid < best[place - 1]; --place) best[place] = best[place - 1];
    best[place] = bid;
  }
}

void Assignment::set_caps() {
  const std::size_t owners = rank_ + 1;
  most_in_rack_ = racks_.most_in_one(owners);
  caps_.clear();
  for (const ArcShare share : fair_shares(members_, racks_, owners)) {
    caps_.push_back(static_cast<std::uint32_t>((share * 108 / 100 + kOneArc - 1) / kOneArc));
  }
}

bool Assignment::admits(std::uint32_t arc, std::uint16_t member) const {
  std::size_t in_rack = 0;
  for (const std::uint16_t owner : chosen(arc)) {
    if (owner == member) return false;
    if (racks_.of(owner) == racks_.of(member)) ++in_rack;
  }
  return in_rack < most_in_rack_;
}

std::uint16_t Assignment::choose(std::uint32_t arc) const {
  for (const Bid& bid : std::span(&bids_[arc * kept_], kept_)) {
    if (has_room(bid.member()) && admits(arc, bid.member())) return bid.member();
  }
  return choose_of_all(arc);
}

// The last arcs may find room only with members that they own already, or in racks that they may not take from: then over the
// cap.
std::uint16_t Assignment::choose_of_all(std::uint32_t arc) const {
  Bid best;
  Bid best_with_room;
  for (std::size_t m = 0; m < draws_.size(); ++m) {
    const Bid bid(draws_[m].cost(arc), static_cast<std::uint16_t>(m));
    const bool room = has_room(bid.member());
    if (bid >= (room ? best_with_room : best) || !admits(arc, bid.member())) continue;
    if (room) best_with_room = bid;
    best = std::min(best, bid);
  }
  return best_with_room != Bid() ? best_with_room.member() : best.member();
}

void Assignment::choose_next_owners() {
  set_caps();
  for (std::uint32_t i = 0; i < kArcs; ++i) {
    const std::uint32_t arc = i * kOrderStep % kArcs;
    const std::uint16_t member = choose(arc);
    out_.owners[arc * ranks_ + rank_] = member;
    ++held_[member];
  }
  ++rank_;
}

}  // namespace

ArcOwners assign_arcs(std::span<const RingMember> members, std::span<const NodeDraw> draws, const Racks& racks) {
  Assignment assignment(members, draws, racks);
  for (std::size_t rank = 0; rank < assignment.ranks(); ++rank) assignment.choose_next_owners();
  return assignment.take();
}

}  // namespace latium
