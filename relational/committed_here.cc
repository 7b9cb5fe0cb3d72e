#include "relational/committed_here.h"

#include <algorithm>
#include <limits>

#include "base/hash.h"

namespace latium {

namespace {

constexpr Hlc kAnyStamp{std::numeric_limits<std::uint64_t>::max()};

}  // namespace

std::size_t CommittedHere::slot_of(BytesView key) {
  return xxh3_64(key) % kSlots;
}

void CommittedHere::erase(Kept::iterator kept) {
  bytes_ -= weight(*kept);
  kept_.erase(kept);
}

// Any of them: it is marked, so no reader misses it.
void CommittedHere::make_room() {
  while (kept_.size() > kRowsMax) {
    const auto first = kept_.begin();
    Hlc& mark = forgotten_[slot_of(first->first)];
    mark = std::max(mark, first->second.doubt != 0 ? kAnyStamp : first->second.row.ts);
    has_forgotten_ = true;
    erase(first);
  }
}

void CommittedHere::put(Bytes key, Known known) {
  if (const auto old = kept_.find(key); old != kept_.end()) erase(old);
  const auto kept = kept_.emplace(std::move(key), std::move(known)).first;
  if (!kept->second.row.row.empty() && bytes_ + weight(*kept) > kBytesMax) {
    kept->second.only_stamp = true;
    kept->second.row.row.clear();
  }
  bytes_ += weight(*kept);
  make_room();
}

void CommittedHere::note(Rows rows) {
  const std::unique_lock lock(lock_);
  for (auto& [key, row] : rows) {
    const auto old = kept_.find(key);
    if (old == kept_.end() || old->second.row.ts < row.ts) put(std::move(key), {.row = std::move(row)});
  }
}

void CommittedHere::doubt(const std::vector<Bytes>& keys) {
  const std::unique_lock lock(lock_);
  ++doubts_;
  for (const Bytes& key : keys) {
    Known known;
    if (const auto old = kept_.find(key); old != kept_.end()) known = old->second;
    known.doubt = doubts_;
    put(key, std::move(known));
  }
}

void CommittedHere::saw(Bytes key, CommittedRow row, std::uint64_t doubt) {
  const std::unique_lock lock(lock_);
  const auto old = kept_.find(key);
  if (old == kept_.end()) return put(std::move(key), {.row = std::move(row)});
  Known known = old->second;
  if (known.doubt == doubt) known.doubt = 0;
  if (known.row.ts < row.ts || known.only_stamp) {
    known.only_stamp = known.row.ts > row.ts;
    known.row = known.only_stamp ? known.row : std::move(row);
  }
  put(std::move(key), std::move(known));
}

void CommittedHere::found(BytesView key, Hlc ts) {
  const std::unique_lock lock(lock_);
  const auto kept = kept_.find(key);
  if (kept != kept_.end() && kept->second.doubt == 0 && kept->second.row.ts <= ts) erase(kept);
}

std::optional<CommittedHere::Known> CommittedHere::find(BytesView key) const {
  const std::shared_lock lock(lock_);
  const auto kept = kept_.find(key);
  return kept == kept_.end() ? std::nullopt : std::optional(kept->second);
}

std::map<Bytes, CommittedHere::Known> CommittedHere::between(BytesView begin, BytesView end) const {
  const std::shared_lock lock(lock_);
  std::map<Bytes, Known> out;
  for (auto each = kept_.lower_bound(begin); each != kept_.end() && each->first < end; ++each) out.emplace_hint(out.end(), *each);
  return out;
}

std::vector<std::pair<Bytes, Hlc>> CommittedHere::all() const {
  const std::shared_lock lock(lock_);
  std::vector<std::pair<Bytes, Hlc>> out;
  out.reserve(kept_.size());
  for (const auto& [key, known] : kept_) out.emplace_back(key, known.row.ts);
  return out;
}

bool CommittedHere::empty() const {
  const std::shared_lock lock(lock_);
  return kept_.empty();
}

bool CommittedHere::is_forgotten(BytesView key, Hlc found) const {
  const std::shared_lock lock(lock_);
  return has_forgotten_ && forgotten_[slot_of(key)] > found;
}

bool CommittedHere::has_forgotten() const {
  const std::shared_lock lock(lock_);
  return has_forgotten_;
}

}  // namespace latium
