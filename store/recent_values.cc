#include "store/recent_values.h"

#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/hash.h"

namespace latium::internal {

namespace {

std::uint64_t hash_of(Family family, BytesView key) {
  return xxh3_64(key) ^ (static_cast<std::uint64_t>(family) * 0x9E3779B97F4A7C15ull);
}

}  // namespace

// Key and value lie behind it, in one piece of memory.
struct RecentValues::Entry {
  Entry* next = nullptr;  // of the same bucket
  std::uint32_t key_bytes = 0;
  std::uint32_t value_bytes = 0;
  std::uint32_t writers = 0;  // that have begun and not ended
  bool used = false;          // since the last round of the clock
  bool stays = true;          // once its writer has ended
  Family family;

  static constexpr std::size_t kAllocatorBytes = 16;

  static Entry* make(Name name, BytesView value) {
    const BytesView key = name.key;
    void* const memory = ::operator new(sizeof(Entry) + key.size() + value.size());
    auto* const entry = new (memory) Entry{.family = name.family};
    entry->key_bytes = static_cast<std::uint32_t>(key.size());
    entry->value_bytes = static_cast<std::uint32_t>(value.size());
    key.copy(entry->text(), key.size());
    value.copy(entry->text() + key.size(), value.size());
    return entry;
  }
  static void free(Entry* entry) { ::operator delete(entry); }

  char* text() { return reinterpret_cast<char*>(this + 1); }
  BytesView key() { return {text(), key_bytes}; }
  std::uint64_t hash() { return hash_of(family, key()); }
  bool is(Name name) { return family == name.family && key() == name.key; }
  BytesView value() { return {text() + key_bytes, value_bytes}; }
  std::size_t bytes() const { return sizeof(Entry) + kAllocatorBytes + sizeof(Entry*) + key_bytes + value_bytes; }
};

// A hash table whose entries are given up by a clock: those that were not used since it last came by.
class RecentValues::Shard {
 public:
  Shard() : buckets_(kFirstBuckets) {}
  ~Shard() {
    for (Entry*& bucket : buckets_) {
      while (bucket != nullptr) unlink(&bucket);
    }
  }
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  void init(std::size_t capacity_bytes, std::atomic<std::size_t>& total) {
    capacity_bytes_ = capacity_bytes;
    total_ = &total;
  }

  bool find(std::uint64_t hash, Name name, Bytes& value, std::uint64_t& writes) {
    const std::scoped_lock lock(mutex_);
    writes = writes_;
    Entry* const entry = *place_of(hash, name);
    if (entry == nullptr || entry->writers > 0) return false;
    entry->used = true;
    value.assign(entry->value());
    return true;
  }

  void note_read(std::uint64_t hash, Name name, BytesView value, std::uint64_t writes) {
    const std::scoped_lock lock(mutex_);
    if (writes != writes_ || ranges_ > 0 || !fits(name, value)) return;
    Entry** const place = place_of(hash, name);
    if (*place == nullptr) add(place, Entry::make(name, value));
  }

  void begin(std::uint64_t hash, Name name, BytesView value, bool stays) {
    const std::scoped_lock lock(mutex_);
    ++writes_;
    Entry** const place = place_of(hash, name);
    const std::uint32_t writers = *place != nullptr ? (*place)->writers : 0;
    stays = stays && writers == 0 && ranges_ == 0 && fits(name, value);
    if (*place != nullptr) unlink(place);
    Entry* const entry = Entry::make(name, stays ? value : BytesView());
    entry->writers = writers + 1;
    entry->stays = stays;
    add(place_of(hash, name), entry);
  }

  void end(std::uint64_t hash, Name name, bool written) {
    const std::scoped_lock lock(mutex_);
    Entry** const place = place_of(hash, name);
    LATIUM_CHECK(*place != nullptr && (*place)->writers > 0, "a write ends once, after it has begun");
    (*place)->stays = (*place)->stays && written;
    if (--(*place)->writers == 0 && !(*place)->stays) unlink(place);
  }

  void begin_range() {
    const std::scoped_lock lock(mutex_);
    ++writes_;
    ++ranges_;
    for (Entry*& bucket : buckets_) {
      for (Entry** place = &bucket; *place != nullptr;) {
        (*place)->stays = false;
        if ((*place)->writers > 0) {
          place = &(*place)->next;
        } else {
          unlink(place);
        }
      }
    }
  }
  void end_range() {
    const std::scoped_lock lock(mutex_);
    --ranges_;
  }

 private:
  static constexpr std::size_t kFirstBuckets = 64;

  bool fits(Name name, BytesView value) const { return name.key.size() + value.size() <= capacity_bytes_ / 16; }

  // Where the entry of that key is linked, or would be.
  Entry** place_of(std::uint64_t hash, Name name) {
    Entry** place = &buckets_[hash / kShards & (buckets_.size() - 1)];
    while (*place != nullptr && !(*place)->is(name)) place = &(*place)->next;
    return place;
  }

  void add(Entry** place, Entry* entry) {
    *place = entry;
    count(entry->bytes());
    if (++count_ > buckets_.size()) grow();
    // Twice round at most: entries that were all used, or are being written, are no reason to go on for ever.
    for (std::size_t steps = 2 * buckets_.size(); bytes_ > capacity_bytes_ && steps > 0; --steps) give_up_some(entry);
  }

  void unlink(Entry** place) {
    Entry* const entry = std::exchange(*place, (*place)->next);
    count(std::size_t{0} - entry->bytes());
    --count_;
    Entry::free(entry);
  }

  void count(std::size_t bytes) {
    bytes_ += bytes;
    total_->fetch_add(bytes, std::memory_order_relaxed);
  }

  void give_up_some(const Entry* newest) {
    hand_ = (hand_ + 1) & (buckets_.size() - 1);
    for (Entry** place = &buckets_[hand_]; *place != nullptr;) {
      if ((*place)->writers == 0 && *place != newest && !std::exchange((*place)->used, false)) {
        unlink(place);
      } else {
        place = &(*place)->next;
      }
    }
  }

  void grow() {
    std::vector<Entry*> old(buckets_.size() * 2);
    old.swap(buckets_);
    for (Entry* entry : old) {
      while (entry != nullptr) {
        Entry*& bucket = buckets_[entry->hash() / kShards & (buckets_.size() - 1)];
        Entry* const next = std::exchange(entry->next, bucket);
        bucket = entry;
        entry = next;
      }
    }
  }

  std::mutex mutex_;
  std::vector<Entry*> buckets_;  // a power of two
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
  std::size_t capacity_bytes_ = 0;
  std::size_t hand_ = 0;
  std::uint64_t writes_ = 0;  // begun since the start
  std::uint32_t ranges_ = 0;  // removals of ranges that are under way
  std::atomic<std::size_t>* total_ = nullptr;
};

RecentValues::RecentValues(std::size_t capacity_bytes) : shards_(std::make_unique<Shard[]>(kShards)) {
  for (std::size_t i = 0; i < kShards; ++i) shards_[i].init(capacity_bytes / kShards, bytes_);
}

RecentValues::~RecentValues() = default;

auto RecentValues::shard_of(std::uint64_t hash) const -> Shard& {
  return shards_[hash % kShards];
}

bool RecentValues::find(Family family, BytesView key, Bytes& value, Ticket& ticket) {
  ticket.hash = hash_of(family, key);
  return shard_of(ticket.hash).find(ticket.hash, {family, key}, value, ticket.writes);
}

void RecentValues::note_read(Family family, BytesView key, BytesView value, const Ticket& ticket) {
  shard_of(ticket.hash).note_read(ticket.hash, {family, key}, value, ticket.writes);
}

void RecentValues::begin_write(const WriteBatch& batch) {
  for (const WriteBatch::Operation& operation : batch.operations()) {
    if (!is_kept(operation.family)) continue;
    if (operation.kind == WriteBatch::Kind::remove_range) {
      for (std::size_t i = 0; i < kShards; ++i) shards_[i].begin_range();
      continue;
    }
    const std::uint64_t hash = hash_of(operation.family, operation.key);
    shard_of(hash).begin(hash, {operation.family, operation.key}, operation.value, operation.kind == WriteBatch::Kind::put);
  }
}

void RecentValues::end_write(const WriteBatch& batch, bool written) {
  for (const WriteBatch::Operation& operation : batch.operations()) {
    if (!is_kept(operation.family)) continue;
    if (operation.kind == WriteBatch::Kind::remove_range) {
      for (std::size_t i = 0; i < kShards; ++i) shards_[i].end_range();
      continue;
    }
    const std::uint64_t hash = hash_of(operation.family, operation.key);
    shard_of(hash).end(hash, {operation.family, operation.key}, written);
  }
}

}  // namespace latium::internal
