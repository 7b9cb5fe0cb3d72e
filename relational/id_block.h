// Numbers for auto_increment columns: leased in blocks from a counter per table, so that an insert costs no round trip.
//
// The counter is a register at counter_key(): the lowest number that nobody was given. Leasing compares and sets it. Numbers are
// unique always; a node that stops leaves the rest of its block unused, so there are gaps, and two nodes' blocks interleave.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"

namespace latium {

inline constexpr std::uint32_t kIdBlockSize = 64;

/// The numbers first, first + 1, ..., first + count - 1.
struct IdBlock {
  std::int64_t first = 1;
  std::uint32_t count = 0;

  friend bool operator==(const IdBlock&, const IdBlock&) = default;
};

/// A block, and what the counter holds once it is leased.
struct IdLease {
  IdBlock block;
  std::int64_t counter = 1;
};

/// The next block under a counter; nothing in the register (an empty value) means 1. Near the end of the 64 bits a block is
/// shorter; `invalid_argument` when no number is left: the table needs wider keys.
Result<IdLease> lease_ids(std::int64_t counter, std::uint32_t count = kIdBlockSize);

/// What the counter must become before a row whose number the user has chosen is written, so that the number is never given out;
/// nothing when it may stay. A number below the counter may lie in a block that somebody holds: the insert that draws it finds
/// the row there, and draws the next.
std::optional<std::int64_t> counter_after_explicit(std::int64_t counter, std::int64_t chosen);

/// The counter's value in its register: a varint.
Bytes encode_counter(std::int64_t counter);
/// `corruption` on what encode_counter cannot have made.
Result<std::int64_t> decode_counter(BytesView stored);

/// The blocks of one table that this node holds. Not thread-safe: its owner's loop.
class IdAllocator {
 public:
  /// `low_water`: how many numbers are left when it is time to lease the next block, so that inserts need not wait for it.
  explicit IdAllocator(std::uint32_t low_water = kIdBlockSize / 4) : low_water_(low_water) {}

  /// The lowest number left of the oldest block; nothing when there is none.
  std::optional<std::int64_t> next();
  bool needs_block() const { return left_ <= low_water_; }
  std::uint64_t left() const { return left_; }

  /// A block that was leased for this allocator; an empty one is nothing. Precondition: first >= 1, and no number beyond 64 bits.
  void add_block(IdBlock block);

  /// Gives up every number up to `chosen`, which a user has taken: the next ones are above it, as SQL's users expect.
  void skip_through(std::int64_t chosen);

 private:
  std::uint32_t low_water_;
  std::uint64_t left_ = 0;
  std::deque<IdBlock> blocks_;  // none of them empty
};

}  // namespace latium
