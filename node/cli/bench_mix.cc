#include "node/cli/bench_mix.h"

#include <algorithm>
#include <string>
#include <utility>

namespace latium::cli {

namespace {

// Percent of reads, updates, inserts, scans, read-modify-writes.
constexpr std::array<YcsbMix, 7> kMixes = {{
    {"a", {50, 50, 0, 0, 0}, KeyDistribution::zipfian},
    {"b", {95, 5, 0, 0, 0}, KeyDistribution::zipfian},
    {"c", {100, 0, 0, 0, 0}, KeyDistribution::zipfian},
    {"d", {95, 0, 5, 0, 0}, KeyDistribution::latest},
    {"e", {0, 0, 5, 95, 0}, KeyDistribution::zipfian},
    {"f", {50, 0, 0, 0, 50}, KeyDistribution::zipfian},
    {"w", {0, 100, 0, 0, 0}, KeyDistribution::zipfian},
}};

constexpr std::array<std::string_view, 3> kDistributions = {"zipfian", "uniform", "latest"};

}  // namespace

std::string_view to_string(KeyDistribution distribution) {
  return kDistributions[static_cast<std::size_t>(distribution)];
}

Result<KeyDistribution> parse_distribution(std::string_view text) {
  const auto found = std::ranges::find(kDistributions, text);
  if (found != kDistributions.end()) return static_cast<KeyDistribution>(found - kDistributions.begin());
  return fail(ErrorCode::invalid_argument, "--distribution '" + std::string(text) + "' must be zipfian, uniform or latest");
}

Result<YcsbMix> find_mix(std::string_view name) {
  const auto found = std::ranges::find(kMixes, name, &YcsbMix::name);
  if (found != kMixes.end()) return *found;
  return fail(ErrorCode::invalid_argument, "--workload '" + std::string(name) + "' must be a, b, c, d, e, f or w");
}

YcsbKind draw_kind(const YcsbMix& mix, Random& random) {
  std::uint64_t drawn = random.below(100);
  std::size_t kind = 0;
  while (drawn >= mix.percent[kind]) drawn -= mix.percent[kind++];
  return static_cast<YcsbKind>(kind);
}

Result<KeyChooser> KeyChooser::make(std::uint64_t keys, KeyDistribution distribution) {
  LATIUM_TRY(Zipfian zipfian, Zipfian::make(keys, distribution == KeyDistribution::uniform ? 0 : kTheta));
  return KeyChooser(keys, distribution, std::move(zipfian));
}

KeyChooser::KeyChooser(std::uint64_t keys, KeyDistribution distribution, Zipfian zipfian)
    : distribution_(distribution), zipfian_(std::move(zipfian)), inserts_(std::make_unique<Inserts>()) {
  inserts_->next = keys;
  inserts_->present = keys;
}

std::uint64_t KeyChooser::present() const {
  const std::lock_guard lock(inserts_->mutex);
  return inserts_->present;
}

std::uint64_t KeyChooser::choose(Random& random) const {
  switch (distribution_) {
    case KeyDistribution::uniform:
      return random.below(present());
    case KeyDistribution::latest:
      return present() - 1 - zipfian_.rank(random);
    case KeyDistribution::zipfian:
      break;
  }
  return zipfian_.item(random);
}

std::uint64_t KeyChooser::begin_insert() {
  const std::lock_guard lock(inserts_->mutex);
  return inserts_->next++;
}

void KeyChooser::end_insert(std::uint64_t item) {
  const std::lock_guard lock(inserts_->mutex);
  inserts_->ended.insert(item);
  while (inserts_->ended.erase(inserts_->present) > 0) ++inserts_->present;
}

}  // namespace latium::cli
