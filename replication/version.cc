#include "replication/version.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace latium {

namespace {

std::pair<NodeId, std::uint64_t> whose(const Dot& dot) {
  return {dot.actor, dot.life()};
}

// Which of two writes stays.
bool older(const VersionedValue& a, const VersionedValue& b) {
  return std::pair(a.stamp, a.dot) < std::pair(b.stamp, b.dot);
}

// Those of `mine` that the other side has too, or has not heard of.
void keep_living(const VersionSet& mine, const VersionSet& other, std::vector<VersionedValue>& out) {
  for (const VersionedValue& version : mine.versions) {
    const bool there = std::ranges::binary_search(other.versions, version.dot, {}, &VersionedValue::dot);
    if (there || !other.context.covers(version.dot)) out.push_back(version);
  }
}

}  // namespace

bool CausalContext::covers(const Dot& dot) const {
  const auto prefix = std::ranges::lower_bound(prefixes_, whose(dot), {}, whose);
  if (prefix != prefixes_.end() && whose(*prefix) == whose(dot) && dot.counter <= prefix->counter) return true;
  return std::ranges::binary_search(dots_, dot);
}

void CausalContext::add_up_to(const Dot& dot) {
  const auto prefix = std::ranges::lower_bound(prefixes_, whose(dot), {}, whose);
  if (prefix == prefixes_.end() || whose(*prefix) != whose(dot)) {
    prefixes_.insert(prefix, dot);
  } else {
    prefix->counter = std::max(prefix->counter, dot.counter);
  }
  std::erase_if(dots_, [&](const Dot& each) { return whose(each) == whose(dot) && each.counter <= dot.counter; });
}

void CausalContext::add(const Dot& dot) {
  if (!covers(dot)) dots_.insert(std::ranges::lower_bound(dots_, dot), dot);
}

void CausalContext::merge(const CausalContext& other) {
  for (const Dot& prefix : other.prefixes_) add_up_to(prefix);
  for (const Dot& dot : other.dots_) add(dot);
}

Hlc VersionSet::newest_stamp() const {
  Hlc newest;
  for (const VersionedValue& version : versions) newest = std::max(newest, version.stamp);
  return newest;
}

VersionSet merge(const VersionSet& a, const VersionSet& b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  LATIUM_CHECK(a.conflicts == b.conflicts, "two kinds of buckets have no key in common");
  if (a.conflicts == Conflicts::last_write_wins) return older(a.versions.front(), b.versions.front()) ? b : a;
  VersionSet out{a.conflicts, a.context, {}};
  out.context.merge(b.context);
  keep_living(a, b, out.versions);
  keep_living(b, a, out.versions);
  std::ranges::sort(out.versions, {}, &VersionedValue::dot);
  const auto twice = std::ranges::unique(out.versions, {}, &VersionedValue::dot);
  out.versions.erase(twice.begin(), twice.end());
  return out;
}

VersionSet with_write(const VersionSet& held, const CausalContext& seen, VersionedValue version, bool knows_own_writes) {
  if (held.conflicts == Conflicts::last_write_wins) {
    VersionSet out{held.conflicts, {}, {}};
    out.versions.push_back(std::move(version));
    return out;
  }
  VersionSet out = with_deletion(held, seen);
  if (knows_own_writes) {
    out.context.add_up_to(version.dot);
  } else {
    out.context.add(version.dot);
  }
  out.versions.insert(std::ranges::lower_bound(out.versions, version.dot, {}, &VersionedValue::dot), std::move(version));
  return out;
}

VersionSet with_deletion(const VersionSet& held, const CausalContext& seen) {
  VersionSet out = held;
  out.context.merge(seen);
  std::erase_if(out.versions, [&](const VersionedValue& each) { return seen.covers(each.dot); });
  return out;
}

}  // namespace latium
