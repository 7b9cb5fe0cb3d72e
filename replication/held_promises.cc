#include "replication/held_promises.h"

namespace latium {

std::size_t HeldPromises::weight(const Entries::value_type& entry) {
  return 2 * entry.first.size() + entry.second.state.value.size() + 400;
}

void HeldPromises::erase(Entries::iterator entry) {
  bytes_ -= weight(*entry);
  index_.erase(entry->first);
  entries_.erase(entry);
}

void HeldPromises::keep(Bytes stored_key, HeldPromise promise) {
  if (const auto old = index_.find(stored_key); old != index_.end()) erase(old->second);
  entries_.emplace_front(std::move(stored_key), std::move(promise));
  bytes_ += weight(entries_.front());
  index_[entries_.front().first] = entries_.begin();
  while (entries_.size() > limit_ || bytes_ > bytes_limit_) erase(std::prev(entries_.end()));
}

std::optional<HeldPromise> HeldPromises::take(const Bytes& stored_key) {
  const auto found = index_.find(stored_key);
  if (found == index_.end()) return std::nullopt;
  HeldPromise promise = found->second->second;
  erase(found->second);
  return promise;
}

}  // namespace latium
