#include "ring/arc_cost.h"

#include <algorithm>
#include <array>
#include <bit>

#include "ring/ring_member.h"

namespace latium {

namespace {

constexpr int kTableBits = 10;
constexpr std::size_t kTableSize = 1u << kTableBits;
constexpr double kUnit = 65536;

// Both tables are made by the compiler, which computes the same on every machine: only + - * / are used.
constexpr double natural_log(double x) {
  int doublings = 0;
  while (x > 1.5) x /= 2, ++doublings;
  while (x < 0.75) x *= 2, --doublings;
  constexpr double kLn2 = 0.693147180559945309417;
  const double y = (x - 1) / (x + 1);
  double power = y;
  double sum = 0;
  for (int k = 1; k < 40; k += 2, power *= y * y) sum += power / k;
  return 2 * sum + doublings * kLn2;
}
constexpr double log2_of(double x) {
  return natural_log(x) / natural_log(2);
}

// log2(1 + i / kTableSize).
constexpr auto kMantissa = [] {
  std::array<LogCost, kTableSize + 1> table{};
  for (std::size_t i = 0; i <= kTableSize; ++i)
    // NOLINTNEXTLINE(bugprone-incorrect-roundings): it is never below 0, and lround is not constexpr
    table[i] = static_cast<LogCost>(log2_of(1 + double(i) / kTableSize) * kUnit + 0.5);
  return table;
}();

// log2(-ln(1 - v) / v) at the middle of the i-th step of v: what turns the uniform v into an exponential time.
constexpr auto kStretch = [] {
  std::array<LogCost, kTableSize> table{};
  for (std::size_t i = 0; i < kTableSize; ++i) {
    const double v = (double(i) + 0.5) / kTableSize;
    // NOLINTNEXTLINE(bugprone-incorrect-roundings): it is never below 0, and lround is not constexpr
    table[i] = static_cast<LogCost>(log2_of(-natural_log(1 - v) / v) * kUnit + 0.5);
  }
  return table;
}();

constexpr std::uint64_t mix(std::uint64_t x) {  // the finisher of SplitMix64
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

constexpr int kArcBits = std::countr_zero(kArcs);

// A permutation of the arcs: an odd factor, a sum and a shift down, each of which can be undone; the key is other in each round.
std::uint32_t shuffled(std::uint32_t arc, std::uint64_t key) {
  std::uint32_t x = arc;
  for (int round = 0; round < 4; ++round, key = std::rotr(key, 16)) {
    x = (x * (static_cast<std::uint32_t>(key) | 1) + static_cast<std::uint32_t>(key >> 32)) % kArcs;
    x ^= x >> (kArcBits / 2);
  }
  return x;
}

}  // namespace

LogCost log2_cost(std::uint64_t value) {
  const int exponent = 63 - std::countl_zero(value);
  const std::uint64_t mantissa = value << (63 - exponent) << 1;  // without the leading one
  const std::size_t step = mantissa >> (64 - kTableBits);
  const auto within = static_cast<std::int64_t>((mantissa << kTableBits) >> 48);
  const std::int64_t rise = kMantissa[step + 1] - kMantissa[step];
  return exponent * 65536 + kMantissa[step] + static_cast<LogCost>((rise * within) >> 16);
}

NodeDraw::NodeDraw(NodeId node, std::uint32_t token, std::uint32_t weight_milli)
    : seed_(mix(node.value + (token + std::uint64_t{1}) * 0x9e3779b97f4a7c15u)),
      log_weight_(log2_cost(std::max<std::uint32_t>(weight_milli, 1))) {}

LogCost NodeDraw::cost(std::uint32_t arc) const {
  const std::uint64_t within_step = mix(seed_ + arc * 0x9e3779b97f4a7c15u) >> kArcBits | 1;
  const std::uint64_t uniform = std::uint64_t{shuffled(arc, seed_)} << (64 - kArcBits) | within_step;
  return log2_cost(uniform) + kStretch[uniform >> (64 - kTableBits)] - log_weight_;
}

}  // namespace latium
