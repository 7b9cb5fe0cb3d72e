#include "ring/racks.h"

#include <algorithm>
#include <map>
#include <string_view>

namespace latium {

Racks::Racks(std::span<const RingMember> members) {
  std::map<std::string_view, std::uint16_t> numbers;
  for (const RingMember& member : members) {
    const auto [rack, added] = numbers.try_emplace(member.rack, static_cast<std::uint16_t>(numbers.size()));
    of_.push_back(rack->second);
    if (added) sizes_.push_back(0);
    ++sizes_[rack->second];
  }
}

std::size_t Racks::room(std::size_t most_in_one) const {
  std::size_t room = 0;
  for (const std::uint16_t size : sizes_) room += std::min<std::size_t>(size, most_in_one);
  return room;
}

std::size_t Racks::most_in_one(std::size_t owners) const {
  std::size_t most = (owners + sizes_.size() - 1) / sizes_.size();
  while (room(most) < owners) ++most;
  return most;
}

}  // namespace latium
