#include "store/simulated_disk.h"

#include "base/hash.h"

namespace latium {

DiskFaults SimulatedDisk::faults() const {
  const std::lock_guard lock(mutex_);
  return faults_;
}

void SimulatedDisk::set_faults(DiskFaults faults) {
  const std::lock_guard lock(mutex_);
  faults_ = faults;
}

void SimulatedDisk::File::append(BytesView payload) {
  Bytes header;
  put_u32(header, static_cast<std::uint32_t>(payload.size()));
  put_u32(header, crc32c(payload));
  put_u32(header, crc32c(header));
  bytes.append(header).append(payload);
  ends.push_back(bytes.size());
}

void SimulatedDisk::crash(Random& random) {
  const std::lock_guard lock(mutex_);
  const std::size_t unsynced = log_.ends.size() - log_.synced;
  const std::size_t kept = log_.synced + random.below(unsynced + 1);
  const std::size_t begin = log_.end_of(kept);
  Bytes torn;
  if (kept < log_.ends.size() && random.chance(0.5)) {
    const std::size_t whole = log_.ends[kept] - begin;
    const std::size_t cut = 1 + random.below(whole - 1);
    torn = log_.bytes.substr(begin, cut);
    // Blocks of one write reach the disk in any order: the length may be there and the data not.
    if (random.chance(0.5)) torn.resize(cut + random.below(whole - cut + 1), '\0');
    if (torn.size() == whole && torn == log_.bytes.substr(begin, whole)) torn.pop_back();
  }
  log_.bytes.resize(begin);
  log_.bytes += torn;
  log_.ends.resize(kept);
  log_.synced = kept;
}

void SimulatedDisk::rot_key(Family family, BytesView key) {
  const std::lock_guard lock(mutex_);
  rotten_.emplace(family, Bytes(key));
}

bool SimulatedDisk::rot_stored(Random& random) {
  const std::lock_guard lock(mutex_);
  File& file = table_.ends.size() > 1 && random.chance(0.5) ? table_ : log_;
  if (file.ends.size() < 2) return false;
  const std::size_t at = random.below(file.end_of(file.ends.size() - 1));
  file.bytes[at] = static_cast<char>(file.bytes[at] ^ (1 << random.below(8)));
  return true;
}

void SimulatedDisk::wipe() {
  const std::lock_guard lock(mutex_);
  table_ = {};
  log_ = {};
  rotten_.clear();
  directories_.clear();
}

std::uint64_t SimulatedDisk::used_bytes() const {
  const std::lock_guard lock(mutex_);
  return table_.bytes.size() + log_.bytes.size();
}

std::uint64_t SimulatedDisk::torn_records() const {
  const std::lock_guard lock(mutex_);
  return torn_records_;
}

std::uint64_t SimulatedDisk::unsynced_records() const {
  const std::lock_guard lock(mutex_);
  return log_.ends.size() - log_.synced;
}

std::shared_ptr<SimulatedDisk> SimulatedDisk::directory(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = directories_.find(name);
  return found == directories_.end() ? nullptr : found->second;
}

}  // namespace latium
