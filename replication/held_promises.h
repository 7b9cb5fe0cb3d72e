// HeldPromises: what this proposer may do in one round trip: registers whose replicas have promised it its next ballot.
#pragma once

#include <list>
#include <optional>
#include <unordered_map>
#include <utility>

#include "replication/register_phase.h"

namespace latium {

/// A majority of `place` accepted `state` under `chosen` and promised `next`. Good under the map of place.epoch only.
struct HeldPromise {
  RegisterPlace place;
  Ballot next;
  Ballot chosen;
  RegisterState state;
};

/// At most `limit`, and at most `bytes_limit` bytes of states; the ones used longest ago go first.
class HeldPromises {
 public:
  HeldPromises(std::size_t limit, std::size_t bytes_limit) : limit_(limit), bytes_limit_(bytes_limit) {}

  void keep(Bytes stored_key, HeldPromise promise);
  /// Each is good for one use.
  std::optional<HeldPromise> take(const Bytes& stored_key);
  bool contains(const Bytes& stored_key) const { return index_.contains(stored_key); }
  std::size_t size() const { return index_.size(); }

 private:
  using Entries = std::list<std::pair<Bytes, HeldPromise>>;  // latest first
  static std::size_t weight(const Entries::value_type& entry);
  void erase(Entries::iterator entry);

  std::size_t limit_;
  std::size_t bytes_limit_;
  std::size_t bytes_ = 0;
  Entries entries_;
  std::unordered_map<Bytes, Entries::iterator> index_;
};

}  // namespace latium
