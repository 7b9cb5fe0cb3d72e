#include "relational/id_block.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "base/varint.h"

namespace latium {
namespace {

// Given out never: the counter must be able to stand above the last number.
constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();

}  // namespace

Result<IdLease> lease_ids(std::int64_t counter, std::uint32_t count) {
  LATIUM_CHECK(counter >= 1 && count >= 1);
  if (counter == kEnd) {
    return fail(ErrorCode::invalid_argument,
                "the auto_increment column has no number left below " + std::to_string(kEnd) + ": give numbers with the rows");
  }
  const auto given = static_cast<std::uint32_t>(std::min<std::int64_t>(count, kEnd - counter));
  return IdLease{.block = {.first = counter, .count = given}, .counter = counter + given};
}

std::optional<std::int64_t> counter_after_explicit(std::int64_t counter, std::int64_t chosen) {
  if (chosen < counter) return std::nullopt;
  const std::int64_t after = chosen == kEnd ? kEnd : chosen + 1;
  return after == counter ? std::nullopt : std::optional(after);
}

Bytes encode_counter(std::int64_t counter) {
  LATIUM_CHECK(counter >= 1);
  Bytes out;
  put_varint(out, static_cast<std::uint64_t>(counter));
  return out;
}

Result<std::int64_t> decode_counter(BytesView stored) {
  LATIUM_TRY(const std::uint64_t counter, take_varint(stored));
  if (!stored.empty() || counter == 0 || counter > static_cast<std::uint64_t>(kEnd)) {
    return fail(ErrorCode::corruption, "the counter of an auto_increment column is not a number from 1");
  }
  return static_cast<std::int64_t>(counter);
}

std::optional<std::int64_t> IdAllocator::next() {
  if (blocks_.empty()) return std::nullopt;
  IdBlock& block = blocks_.front();
  const std::int64_t id = block.first++;
  --left_;
  if (--block.count == 0) blocks_.pop_front();
  return id;
}

void IdAllocator::add_block(IdBlock block) {
  if (block.count == 0) return;
  LATIUM_CHECK(block.first >= 1 && block.first <= kEnd - block.count, "a block of numbers that no counter leased");
  left_ += block.count;
  blocks_.push_back(block);
}

void IdAllocator::skip_through(std::int64_t chosen) {
  for (IdBlock& block : blocks_) {
    if (chosen < block.first) continue;
    const auto skipped = static_cast<std::uint32_t>(std::min<std::int64_t>(chosen - block.first + 1, block.count));
    block.first += skipped;
    block.count -= skipped;
    left_ -= skipped;
  }
  std::erase_if(blocks_, [](const IdBlock& block) { return block.count == 0; });
}

}  // namespace latium
