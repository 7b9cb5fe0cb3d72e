// WriteBatch: changes that apply together or not at all.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace latium {

/// The engine's key spaces. Names and numbers are on disk: never reuse one.
enum class Family : std::uint8_t {
  system = 0,     ///< the node's identity, format, tenants: small, always cached
  data = 1,       ///< users' keys
  registers = 2,  ///< what this node holds as a replica of registers
  hints = 3,      ///< users' keys that wait here for the node that ought to have them
  trees = 4,      ///< what replicas compare instead of the data, and what each partition is known to have
  expiring = 5,   ///< which users' keys are to go, and from when on
};
inline constexpr std::size_t kFamilyCount = 6;
/// All of them, in the order of their numbers.
inline constexpr std::array<Family, kFamilyCount> kFamilies = {Family::system, Family::data,  Family::registers,
                                                               Family::hints,  Family::trees, Family::expiring};
/// The name of the enumerator.
std::string_view to_string(Family family);

/// When a write counts as done.
enum class Durability : std::uint8_t {
  buffered,  ///< in the operating system: survives the process, not the machine
  sync,      ///< on the disk
};

class WriteBatch {
 public:
  // on disk in the memory engine's log only
  enum class Kind : std::uint8_t { put = 1, remove = 2, remove_range = 3, merge_xor = 4 };
  struct Operation {
    Kind kind;
    Family family;
    Bytes key;    ///< or the first key of the range
    Bytes value;  ///< or the end of the range, excluded
  };

  void put(Family family, BytesView key, BytesView value) { add(Kind::put, family, key, value); }
  void remove(Family family, BytesView key) { add(Kind::remove, family, key, {}); }
  /// Every key in [begin, end); here an empty end means nothing.
  void remove_range(Family family, BytesView begin, BytesView end) { add(Kind::remove_range, family, begin, end); }

  /// The value becomes its exclusive or with `value`, byte by byte; what is not there, or too short, counts as zeros. Needs no
  /// read, and the order of several does not matter.
  void merge_xor(Family family, BytesView key, BytesView value) { add(Kind::merge_xor, family, key, value); }

  const std::vector<Operation>& operations() const { return operations_; }
  bool empty() const { return operations_.empty(); }
  /// Keys and values, without overhead.
  std::size_t size_bytes() const { return size_bytes_; }

 private:
  void add(Kind kind, Family family, BytesView key, BytesView value) {
    operations_.push_back({kind, family, Bytes(key), Bytes(value)});
    size_bytes_ += key.size() + value.size();
  }

  std::vector<Operation> operations_;
  std::size_t size_bytes_ = 0;
};

/// What merge_xor makes of `value`.
void xor_into(Bytes& value, BytesView operand);

}  // namespace latium
