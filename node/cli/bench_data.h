// BenchData: the keys and values of `bench kv`. A value begins with the sequence number of its write.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/random.h"

namespace latium::cli {

class BenchData {
 public:
  /// The bytes that a sequence number takes of a value: shorter values hold none.
  static constexpr std::size_t kSequenceBytes = 16;

  /// Sequence numbers grow over runs: they begin with the time, `wall_ms`.
  BenchData(std::size_t value_bytes, std::uint64_t seed, std::uint64_t wall_ms);

  std::uint64_t next_sequence() { return ++sequence_; }
  /// Text that hardly compresses.
  Bytes value(std::uint64_t sequence);

  static Bytes key(std::uint64_t item);
  /// Nothing when the value is not one of ours, or too short.
  static std::optional<std::uint64_t> sequence_of(BytesView value);

 private:
  std::size_t value_bytes_;
  std::uint64_t sequence_;
  Random random_;
  Bytes pool_;  // values are slices of it
};

}  // namespace latium::cli
