#include "ring/swim_directory.h"

#include <algorithm>
#include <bit>

#include "base/hash.h"

namespace latium {

namespace {

constexpr std::uint64_t kDelegateSeed = 0x5349'4d57;

std::uint64_t delegate_rank(NodeId node) {
  Bytes bytes;
  put_u64(bytes, node.value);
  return xxh3_64(bytes, kDelegateSeed);
}

}  // namespace

SwimDirectory::SwimDirectory(const std::vector<SwimMember>& members) {
  std::map<NodeId, std::string_view> by_id;
  std::map<std::string_view, std::vector<NodeId>> by_site;
  for (const SwimMember& member : members) {
    if (by_id.emplace(member.id, member.site).second) by_site[member.site].push_back(member.id);
  }
  std::map<NodeId, SiteIndex> site_of;
  for (auto& [name, ids] : by_site) {
    for (const NodeId id : ids) site_of[id] = static_cast<SiteIndex>(sites_.size());
    std::ranges::sort(ids, {}, [](NodeId id) { return std::pair(delegate_rank(id), id); });
    sites_.push_back({std::string(name), static_cast<std::uint32_t>(xxh3_64(name)), std::move(ids)});
  }
  size_ = site_of.size();
  slots_.resize(2 * std::bit_ceil(size_ + 1));
  for (const auto& [id, site] : site_of) {
    std::size_t slot = slot_of(id);
    while (slots_[slot].site != kNone) slot = (slot + 1) % slots_.size();
    slots_[slot] = {id, site};
  }
}

std::size_t SwimDirectory::slot_of(NodeId node) const {
  return static_cast<std::size_t>(node.value * 0x9e37'79b9'7f4a'7c15 >> 32) % slots_.size();
}

std::optional<SwimDirectory::SiteIndex> SwimDirectory::site_of(NodeId node) const {
  if (slots_.empty()) return std::nullopt;
  for (std::size_t slot = slot_of(node); slots_[slot].site != kNone; slot = (slot + 1) % slots_.size()) {
    if (slots_[slot].id == node) return slots_[slot].site;
  }
  return std::nullopt;
}

std::optional<SwimDirectory::SiteIndex> SwimDirectory::find_site(std::string_view name) const {
  const auto found = std::ranges::lower_bound(sites_, name, {}, &Site::name);
  if (found == sites_.end() || found->name != name) return std::nullopt;
  return static_cast<SiteIndex>(found - sites_.begin());
}

}  // namespace latium
