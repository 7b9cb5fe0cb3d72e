// MemoryTable: an ordered map of versioned values, so that snapshots cost nothing to take and little to keep.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "store/engine.h"
#include "store/write_batch.h"

namespace latium {

/// Not thread-safe: the engine locks.
class MemoryTable {
 public:
  /// A moment: sees what was applied up to it.
  using Sequence = std::uint64_t;

  struct Entry {
    BytesView key;
    BytesView value;
  };

  Sequence latest() const { return latest_; }
  void apply(const WriteBatch& batch);

  /// Null when absent at `at`. Lives until the next apply() or release().
  const Bytes* find(Family family, BytesView key, Sequence at) const;
  /// The first present key in [from, end) at `at`, or after `from` itself when `after`; nothing when there is none.
  std::optional<Entry> next(Family family, BytesView from, bool after, BytesView end, Sequence at) const;

  /// Keeps what `latest()` sees until it is released as often as it was pinned.
  Sequence pin();
  void unpin(Sequence at);

  /// Live keys and their bytes.
  std::uint64_t keys(Family family) const { return families_[index(family)].live_keys; }
  std::uint64_t live_bytes() const { return live_bytes_; }

 private:
  struct Version {
    Sequence sequence;
    bool present;
    Bytes value;
  };
  using Versions = std::vector<Version>;  // oldest first, never empty
  struct FamilyTable {
    std::map<Bytes, Versions, std::less<>> entries;
    std::uint64_t live_keys = 0;
  };

  static std::size_t index(Family family) { return static_cast<std::size_t>(family); }
  static const Version* visible(const Versions& versions, Sequence at);
  void set(Family family, const Bytes& key, bool present, const Bytes& value);
  // True when the entry is gone for good and its node is to be erased.
  bool prune(Versions& versions) const;
  void sweep();

  std::array<FamilyTable, kFamilyCount> families_;
  std::multiset<Sequence> pinned_;
  std::set<std::pair<Family, Bytes>> to_sweep_;  // entries with versions or tombstones that only snapshots need
  Sequence latest_ = 0;
  std::uint64_t live_bytes_ = 0;
};

}  // namespace latium
