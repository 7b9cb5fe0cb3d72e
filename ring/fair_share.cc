#include "ring/fair_share.h"

#include <algorithm>

namespace latium {

namespace {

constexpr ArcShare kEveryArc = kArcs * kOneArc;

struct Sharer {
  std::uint64_t weight;
  ArcShare least;
  ArcShare most;

  ArcShare at(std::uint64_t level) const {
    __extension__ using Wide = unsigned __int128;
    const Wide share = Wide{weight} * level >> 32;
    return share > most ? most : std::max(static_cast<ArcShare>(share), least);
  }
};

// Raises one level for all until their shares, in proportion to the weights between the bounds, come to `whole`.
std::vector<ArcShare> fill(std::span<const Sharer> sharers, ArcShare whole) {
  std::uint64_t level = 0;
  for (std::uint64_t step = std::uint64_t{1} << 63; step != 0; step /= 2) {
    ArcShare sum = 0;
    for (const Sharer& sharer : sharers) sum += sharer.at(level + step);
    if (sum <= whole) level += step;
  }
  std::vector<ArcShare> out;
  out.reserve(sharers.size());
  for (const Sharer& sharer : sharers) out.push_back(sharer.at(level));
  return out;
}

}  // namespace

std::vector<ArcShare> fair_shares(std::span<const RingMember> members, const Racks& racks, std::size_t owners) {
  const std::size_t most = racks.most_in_one(owners);
  std::vector<std::vector<std::size_t>> in_rack(racks.count());
  for (std::size_t m = 0; m < members.size(); ++m) in_rack[racks.of(m)].push_back(m);

  std::vector<Sharer> sharers;
  for (const auto& rack : in_rack) {
    std::uint64_t weight = 0;
    for (const std::size_t m : rack) weight += members[m].weight_milli;
    sharers.push_back({weight, std::min(rack.size(), most - 1) * kEveryArc, std::min(rack.size(), most) * kEveryArc});
  }
  const std::vector<ArcShare> of_racks = fill(sharers, owners * kEveryArc);

  std::vector<ArcShare> out(members.size());
  for (std::size_t r = 0; r < in_rack.size(); ++r) {
    sharers.clear();
    for (const std::size_t m : in_rack[r]) sharers.push_back({members[m].weight_milli, 0, kEveryArc});
    const std::vector<ArcShare> shares = fill(sharers, of_racks[r]);
    for (std::size_t i = 0; i < shares.size(); ++i) out[in_rack[r][i]] = shares[i];
  }
  return out;
}

}  // namespace latium
