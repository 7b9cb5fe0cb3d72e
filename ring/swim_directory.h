// SwimDirectory: the members as the topology has them, in the order that liveness needs. Immutable, so that it can be shared.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace latium {

struct SwimMember {
  NodeId id;
  std::string site;
};

class SwimDirectory {
 public:
  /// Index of a site in sites(); sites are in the order of their names.
  using SiteIndex = std::uint32_t;

  struct Site {
    std::string name;
    std::uint32_t hash = 0;       ///< of the name, as digests have it
    std::vector<NodeId> members;  ///< in the order in which they become delegates: by a hash of their ids
  };

  SwimDirectory() = default;
  /// A node named twice counts once, where it was named first.
  explicit SwimDirectory(const std::vector<SwimMember>& members);

  std::size_t size() const { return size_; }
  const std::vector<Site>& sites() const { return sites_; }
  /// Nothing for who is no member. Constant time: it is asked several times a message.
  std::optional<SiteIndex> site_of(NodeId node) const;
  std::optional<SiteIndex> find_site(std::string_view name) const;

 private:
  struct Entry {
    NodeId id;
    SiteIndex site = kNone;
  };
  static constexpr SiteIndex kNone = ~SiteIndex{0};

  /// Where an id is looked for first; from there on up to the first empty slot.
  std::size_t slot_of(NodeId node) const;

  std::vector<Entry> slots_;  // a hash table: empty, or a power of two of them, at most half of them taken
  std::size_t size_ = 0;
  std::vector<Site> sites_;
};

}  // namespace latium
