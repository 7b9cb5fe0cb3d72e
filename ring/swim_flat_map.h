// SwimFlatMap: a map in one block of memory, in the order of its keys. What a node holds of others is small and asked for with
// every message; trees of single allocations cost a cache miss a step.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace latium {

/// As std::map, but that each change moves what is behind it, and invalidates iterators.
template <class Key, class Value>
class SwimFlatMap {
 public:
  using Entry = std::pair<Key, Value>;

  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  auto begin() { return entries_.begin(); }
  auto end() { return entries_.end(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

  /// nullptr: not there.
  Value* find(const Key& key) {
    const auto at = place(*this, key);
    return at != entries_.end() && at->first == key ? &at->second : nullptr;
  }
  const Value* find(const Key& key) const {
    const auto at = place(*this, key);
    return at != entries_.end() && at->first == key ? &at->second : nullptr;
  }
  /// Makes it where there is none.
  Value& operator[](const Key& key) {
    auto at = place(*this, key);
    if (at == entries_.end() || at->first != key) at = entries_.emplace(at, key, Value{});
    return at->second;
  }
  void erase(const Key& key) {
    const auto at = place(*this, key);
    if (at != entries_.end() && at->first == key) entries_.erase(at);
  }
  template <class Condition>
  void erase_if(Condition condition) {
    std::erase_if(entries_, std::move(condition));
  }
  void clear() { entries_.clear(); }

 private:
  static auto place(auto& self, const Key& key) { return std::ranges::lower_bound(self.entries_, key, {}, &Entry::first); }

  std::vector<Entry> entries_;
};

}  // namespace latium
