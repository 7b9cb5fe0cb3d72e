#include "store/memory_table.h"

#include <algorithm>
#include <iterator>

#include "base/check.h"

namespace latium {

void MemoryTable::apply(const WriteBatch& batch) {
  ++latest_;
  for (const WriteBatch::Operation& operation : batch.operations()) {
    switch (operation.kind) {
      case WriteBatch::Kind::put:
        set(operation.family, operation.key, true, operation.value);
        break;
      case WriteBatch::Kind::remove:
        set(operation.family, operation.key, false, {});
        break;
      case WriteBatch::Kind::merge_xor: {
        const Bytes* const found = find(operation.family, operation.key, latest_);
        Bytes value = found == nullptr ? Bytes() : *found;
        xor_into(value, operation.value);
        set(operation.family, operation.key, true, value);
        break;
      }
      case WriteBatch::Kind::remove_range: {
        auto& entries = families_[index(operation.family)].entries;
        std::vector<Bytes> keys;
        for (auto it = entries.lower_bound(operation.key); it != entries.end() && it->first < operation.value; ++it) {
          keys.push_back(it->first);
        }
        for (const Bytes& key : keys) set(operation.family, key, false, {});
        break;
      }
    }
  }
}

void MemoryTable::set(Family family, const Bytes& key, bool present, const Bytes& value) {
  FamilyTable& table = families_[index(family)];
  auto found = table.entries.find(key);
  if (found == table.entries.end()) {
    if (!present) return;
    found = table.entries.emplace(key, Versions()).first;
  }
  Versions& versions = found->second;
  if (!versions.empty() && versions.back().present) {
    --table.live_keys;
    live_bytes_ -= key.size() + versions.back().value.size();
  }
  if (present) {
    ++table.live_keys;
    live_bytes_ += key.size() + value.size();
  }
  if (!versions.empty() && versions.back().sequence == latest_) {
    versions.back() = {latest_, present, value};
  } else {
    versions.push_back({latest_, present, value});
  }
  if (prune(versions)) {
    table.entries.erase(found);
  } else if (versions.size() > 1 || !present) {
    to_sweep_.emplace(family, key);
  }
}

const MemoryTable::Version* MemoryTable::visible(const Versions& versions, Sequence at) {
  for (auto it = versions.rbegin(); it != versions.rend(); ++it) {
    if (it->sequence <= at) return it->present ? &*it : nullptr;
  }
  return nullptr;
}

bool MemoryTable::prune(Versions& versions) const {
  // Older than the newest version that the oldest snapshot sees: nobody can ask for it.
  const Sequence oldest = pinned_.empty() ? latest_ : *pinned_.begin();
  auto needed = versions.begin();
  while (std::next(needed) != versions.end() && std::next(needed)->sequence <= oldest) ++needed;
  versions.erase(versions.begin(), needed);
  return versions.size() == 1 && !versions.front().present && versions.front().sequence <= oldest;
}

const Bytes* MemoryTable::find(Family family, BytesView key, Sequence at) const {
  const auto& entries = families_[index(family)].entries;
  const auto found = entries.find(key);
  if (found == entries.end()) return nullptr;
  const Version* version = visible(found->second, at);
  return version == nullptr ? nullptr : &version->value;
}

std::optional<MemoryTable::Entry> MemoryTable::next(Family family, BytesView from, bool after, BytesView end, Sequence at) const {
  const auto& entries = families_[index(family)].entries;
  auto it = after ? entries.upper_bound(from) : entries.lower_bound(from);
  for (; it != entries.end() && (end.empty() || BytesView(it->first) < end); ++it) {
    if (const Version* version = visible(it->second, at)) return Entry{it->first, version->value};
  }
  return std::nullopt;
}

MemoryTable::Sequence MemoryTable::pin() {
  pinned_.insert(latest_);
  return latest_;
}

void MemoryTable::unpin(Sequence at) {
  const auto found = pinned_.find(at);
  LATIUM_CHECK(found != pinned_.end(), "a snapshot is released once");
  pinned_.erase(found);
  if (pinned_.empty()) sweep();
}

void MemoryTable::sweep() {
  for (const auto& [family, key] : to_sweep_) {
    auto& entries = families_[index(family)].entries;
    const auto found = entries.find(key);
    if (found != entries.end() && prune(found->second)) entries.erase(found);
  }
  to_sweep_.clear();
}

}  // namespace latium
