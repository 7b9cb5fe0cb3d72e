#include "replication/knowledge.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/varint.h"

namespace latium {

namespace {

constexpr char kFormat = 1;

std::unexpected<Error> damaged() {
  return fail(ErrorCode::corruption, "what is known of a partition is damaged");
}

}  // namespace

bool Knowledge::covers(const Dot& dot) const {
  const auto found = known.find(dot.actor);
  return found != known.end() && dot.counter <= found->second;
}

bool Knowledge::covers(const CausalContext& context) const {
  const auto each = [this](const Dot& dot) { return covers(dot); };
  return std::ranges::all_of(context.prefixes(), each) && std::ranges::all_of(context.dots(), each);
}

void Knowledge::merge(const Knowledge& other) {
  for (const auto& [node, counter] : other.known) {
    std::uint64_t& mine = known[node];
    mine = std::max(mine, counter);
  }
  floor = std::max(floor, other.floor);
}

VersionSet Knowledge::without_obsolete(VersionSet offered, const VersionSet& held) const {
  if (known.empty()) return offered;
  std::erase_if(offered.versions, [&](const VersionedValue& version) {
    const bool here = std::ranges::binary_search(held.versions, version.dot, {}, &VersionedValue::dot);
    return !here && covers(version.dot);
  });
  // A context remembers what is gone; this node knows without it, except where it is news that what it holds is gone.
  if (!offered.versions.empty() || !covers(offered.context)) return offered;
  const bool news =
      std::ranges::any_of(held.versions, [&](const VersionedValue& version) { return offered.context.covers(version.dot); });
  if (!news) offered.context = {};
  return offered;
}

Bytes encode_knowledge(const Knowledge& knowledge) {
  Bytes out;
  out.push_back(kFormat);
  put_u64(out, knowledge.floor.value);
  for (const auto& [node, counter] : knowledge.known) {
    put_u64(out, node.value);
    put_varint(out, counter);
  }
  return out;
}

Result<Knowledge> decode_knowledge(BytesView stored) {
  if (stored.size() < 9 || stored.front() != kFormat) return damaged();
  Knowledge out;
  out.floor = Hlc{get_u64(stored.data() + 1)};
  stored.remove_prefix(9);
  while (!stored.empty()) {
    if (stored.size() < 8) return damaged();
    const NodeId node{get_u64(stored.data())};
    stored.remove_prefix(8);
    LATIUM_TRY(const std::uint64_t counter, take_varint(stored));
    if (!out.known.empty() && node <= out.known.rbegin()->first) return damaged();
    out.known.emplace_hint(out.known.end(), node, counter);
  }
  return out;
}

std::optional<std::uint64_t> expiry_of(const VersionSet& set) {
  std::uint64_t last = 0;
  for (const VersionedValue& version : set.versions) {
    if (version.tombstone) continue;
    if (version.expires_ms == 0) return std::nullopt;
    last = std::max(last, version.expires_ms);
  }
  if (set.empty()) return std::nullopt;
  return last;
}

}  // namespace latium
