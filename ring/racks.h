// Racks: the failure domains of a site's members, and how many owners of one list may share one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ring/ring_member.h"

namespace latium {

/// The rule: while racks are left that have no owner of a list, a rack gets no second one, and so on for the third: as even over
/// the racks as their sizes allow. Members that name no rack share one.
class Racks {
 public:
  explicit Racks(std::span<const RingMember> members);

  /// The number of the member's rack, 0 to count() - 1. `member` is a position in the members.
  std::uint16_t of(std::size_t member) const { return of_[member]; }
  std::size_t count() const { return sizes_.size(); }
  std::size_t size(std::size_t rack) const { return sizes_[rack]; }

  /// Owners that all racks together can give when none gives more than `most_in_one`.
  std::size_t room(std::size_t most_in_one) const;
  /// Most owners of one rack in a list of `owners`. Precondition: there are that many members.
  std::size_t most_in_one(std::size_t owners) const;

 private:
  std::vector<std::uint16_t> of_;
  std::vector<std::uint16_t> sizes_;
};

}  // namespace latium
