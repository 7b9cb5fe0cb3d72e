// MicroOp: what a transaction does to one key, or reads of a range of keys. A history's `ops` (docs/testing.md).
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace latium::sim {

/// What a key holds: the elements of a list, of a register the one that was written last; none = absent. Never an empty list.
using KeyValue = std::optional<std::vector<Bytes>>;

struct MicroOp {
  enum class Kind : std::uint8_t {
    read,
    write,   ///< replaces whatever is there by one element, or by nothing
    append,  ///< of one element to the list
    range,   ///< a read of all keys from `key` up to `end`
  };
  Kind kind = Kind::read;
  Bytes key;
  Bytes end = {};                                     ///< of a range: the first key beyond it
  KeyValue value = {};                                ///< read; or what is written or appended, as one element
  std::vector<std::pair<Bytes, KeyValue>> rows = {};  ///< of a range: what was there; never absent, in order of the keys

  friend bool operator==(const MicroOp&, const MicroOp&) = default;
};

inline bool changes(const MicroOp& op) {
  return op.kind == MicroOp::Kind::write || op.kind == MicroOp::Kind::append;
}

}  // namespace latium::sim
