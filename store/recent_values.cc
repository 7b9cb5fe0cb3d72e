#include "store/recent_values.h"

#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/hash.h"

namespace latium::internal {

// Key and value lie behind it, in one piece of memory.
struct RecentValues::Entry {
  Entry* next = nullptr;  // of the same bucket
  std::uint32_t key_bytes = 0;
  std::uint32_t value_bytes = 0;
  std::uint32_t writers = 0;  // that have begun and not ended
  bool used = false;          // since the last round of the clock
  bool stays = true;          // once its writer has ended

  static constexpr std::size_t kAllocatorBytes = 16;

  static Entry* make(BytesView key, BytesView value) {
    void* const memory = ::operator new(sizeof(Entry) + key.size() + value.size());
    auto* const entry = new (memory) Entry;
    entry->key_bytes = static_cast<std::uint32_t>(key.size());
    entry->value_bytes = static_cast<std::uint32_t>(value.size());
    key.copy(entry->text(), key.size());
    value.copy(entry->text() + key.size(), value.size());
    return entry;
  }
  static void free(Entry* entry) { ::operator delete(entry); }

  char* text() { return reinterpret_cast<char*>(this + 1); }
  BytesView key() { return {text(), key_bytes}; }
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

  bool find(std::uint64_t hash, BytesView key, Bytes& value, std::uint64_t& writes) {
    const std::scoped_lock lock(mutex_);
    writes = writes_;
    Entry* const entry = *place_of(hash, key);
    if (entry == nullptr || entry->writers > 0) return false;
    entry->used = true;
    value.assign(entry->value());
    return true;
  }

  void note_read(std::uint64_t hash, BytesView key, BytesView value, std::uint64_t writes) {
    const std::scoped_lock lock(mutex_);
    if (writes != writes_ || ranges_ > 0 || !fits(key, value)) return;
    Entry** const place = place_of(hash, key);
    if (*place == nullptr) add(place, Entry::make(key, value));
  }

  void begin(std::uint64_t hash, BytesView key, BytesView value, bool stays) {
    const std::scoped_lock lock(mutex_);
    ++writes_;
    Entry** const place = place_of(hash, key);
    const std::uint32_t writers = *place != nullptr ? (*place)->writers : 0;
    stays = stays && writers == 0 && ranges_ == 0 && fits(key, value);
    if (*place != nullptr) unlink(place);
    Entry* const entry = Entry::make(key, stays ? value : BytesView());
    entry->writers = writers + 1;
    entry->stays = stays;
    add(place_of(hash, key), entry);
  }

  void end(std::uint64_t hash, BytesView key, bool written) {
    const std::scoped_lock lock(mutex_);
    Entry** const place = place_of(hash, key);
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

  bool fits(BytesView key, BytesView value) const { return key.size() + value.size() <= capacity_bytes_ / 16; }

  // Where the entry of that key is linked, or would be.
  Entry** place_of(std::uint64_t hash, BytesView key) {
    Entry** place = &buckets_[hash / kShards & (buckets_.size() - 1)];
    while (*place != nullptr && (*place)->key() != key) place = &(*place)->next;
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
        Entry*& bucket = buckets_[xxh3_64(entry->key()) / kShards & (buckets_.size() - 1)];
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

bool RecentValues::find(BytesView key, Bytes& value, Ticket& ticket) {
  ticket.hash = xxh3_64(key);
  return shard_of(ticket.hash).find(ticket.hash, key, value, ticket.writes);
}

void RecentValues::note_read(BytesView key, BytesView value, const Ticket& ticket) {
  shard_of(ticket.hash).note_read(ticket.hash, key, value, ticket.writes);
}

void RecentValues::begin_write(const WriteBatch& batch) {
  for (const WriteBatch::Operation& operation : batch.operations()) {
    if (operation.family != Family::data) continue;
    if (operation.kind == WriteBatch::Kind::remove_range) {
      for (std::size_t i = 0; i < kShards; ++i) shards_[i].begin_range();
      continue;
    }
    const std::uint64_t hash = xxh3_64(operation.key);
    shard_of(hash).begin(hash, operation.key, operation.value, operation.kind == WriteBatch::Kind::put);
  }
}

void RecentValues::end_write(const WriteBatch& batch, bool written) {
  for (const WriteBatch::Operation& operation : batch.operations()) {
    if (operation.family != Family::data) continue;
    if (operation.kind == WriteBatch::Kind::remove_range) {
      for (std::size_t i = 0; i < kShards; ++i) shards_[i].end_range();
      continue;
    }
    const std::uint64_t hash = xxh3_64(operation.key);
    shard_of(hash).end(hash, operation.key, written);
  }
}

}  // namespace latium::internal
