// CommittedHere: what this node has committed itself and its replicas may not have heard of yet, for local reads on any thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/hlc.h"
#include "replication/row_state.h"

namespace latium {

/// Rows by their stored key, from the commit until a local read finds them: so that a node's local reads are never behind what
/// the node has acknowledged. Any thread: who reads after a commit was acknowledged finds it, as note() came before the
/// acknowledgement. A reader looks here first and at the replica afterwards: what is no longer here is there.
class CommittedHere {
 public:
  /// Keys that are kept; of one that has to make room only a mark stays, see is_forgotten(). And about their bytes, with rows:
  /// above that only stamps are added.
  static constexpr std::size_t kRowsMax = 65536;
  static constexpr std::size_t kBytesMax = 32u << 20;

  struct Known {
    CommittedRow row{};
    bool only_stamp = false;  ///< of the row; what it holds has to be asked for where a replica is behind
    /// Not 0: a commit of this node may have changed the row, it is not known whether: the latest state has to be asked for.
    std::uint64_t doubt = 0;
  };
  using Rows = std::vector<std::pair<Bytes, CommittedRow>>;

  /// All at once: a reader finds all of them or none. Of one key the latest stays, and no doubt: the commit has met what there
  /// was.
  void note(Rows rows);
  /// The commit of these keys ended without an answer.
  void doubt(const std::vector<Bytes>& keys);
  /// What the latest state of a row was found to be. It ends the doubt because of which it was read; a newer one stays.
  void saw(Bytes key, CommittedRow row, std::uint64_t doubt);
  /// A local read finds the row with this stamp: an older one, or this one, need not be kept.
  void found(BytesView key, Hlc ts);

  std::optional<Known> find(BytesView key) const;
  /// Those with begin <= key < end.
  std::map<Bytes, Known> between(BytesView begin, BytesView end) const;
  /// Keys and stamps of all.
  std::vector<std::pair<Bytes, Hlc>> all() const;
  bool empty() const;

  /// Whether one of these that had to make room may be newer than what a local read has found.
  bool is_forgotten(BytesView key, Hlc found) const;
  /// Whether any had to make room, until the node is started again: a list of keys may lack one.
  bool has_forgotten() const;

 private:
  using Kept = std::map<Bytes, Known, std::less<>>;
  static constexpr std::size_t kSlots = 4096;

  void put(Bytes key, Known known);
  void erase(Kept::iterator kept);
  void make_room();
  static std::size_t weight(const Kept::value_type& kept) { return 200 + kept.first.size() + kept.second.row.row.size(); }
  static std::size_t slot_of(BytesView key);

  mutable std::shared_mutex lock_;
  Kept kept_;
  std::size_t bytes_ = 0;
  std::uint64_t doubts_ = 0;
  bool has_forgotten_ = false;
  std::array<Hlc, kSlots> forgotten_{};  // the latest stamp that had to make room, by a hash of the key
};

}  // namespace latium
