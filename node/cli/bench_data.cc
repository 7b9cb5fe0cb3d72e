#include "node/cli/bench_data.h"

#include <array>
#include <charconv>

#include "base/ids.h"

namespace latium::cli {

namespace {

constexpr std::size_t kPoolSlack = 64u << 10;
constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

BenchData::BenchData(std::size_t value_bytes, std::uint64_t seed, std::uint64_t wall_ms)
    : value_bytes_(value_bytes), sequence_(wall_ms << 20), random_(seed) {
  pool_.reserve(value_bytes + kPoolSlack);
  while (pool_.size() < value_bytes + kPoolSlack) pool_.push_back(kLetters[random_.below(kLetters.size())]);
}

Bytes BenchData::value(std::uint64_t sequence) {
  const Bytes head = value_bytes_ >= kSequenceBytes ? to_hex(sequence) : Bytes();
  return head + pool_.substr(random_.below(kPoolSlack), value_bytes_ - head.size());
}

Bytes BenchData::key(std::uint64_t item) {
  std::array<char, 20> digits;
  const auto [end, error] = std::to_chars(digits.begin(), digits.end(), item);
  const auto length = static_cast<std::size_t>(end - digits.begin());
  Bytes key = "key";
  if (length < 10) key.append(10 - length, '0');
  return key.append(digits.data(), length);
}

std::optional<std::uint64_t> BenchData::sequence_of(BytesView value) {
  if (value.size() < kSequenceBytes) return std::nullopt;
  return from_hex(value.substr(0, kSequenceBytes));
}

}  // namespace latium::cli
