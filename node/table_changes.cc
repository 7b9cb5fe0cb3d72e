#include "node/table_changes.h"

#include <algorithm>

#include "replication/register_key.h"

namespace latium {

namespace {

// In front of what a register's stored key says of a table: tenant, partition and space.
constexpr std::size_t kSpaceAt = 6;
constexpr std::size_t kTableAt = kSpaceAt + 1;

}  // namespace

std::size_t TableChanges::slot_of(std::uint32_t tenant, std::uint32_t table) {
  return (table + tenant * 0x9E3779B1u) % kSlots;
}

std::vector<std::uint32_t> TableChanges::begins(const WriteBatch& batch) {
  std::vector<std::uint32_t> out;
  for (const WriteBatch::Operation& each : batch.operations()) {
    if (each.family != Family::registers) continue;
    if (each.kind == WriteBatch::Kind::remove_range) {
      out.clear();
      for (std::uint32_t slot = 0; slot < kSlots; ++slot) out.push_back(slot);
      break;
    }
    if (each.key.size() < kTableAt + 4 || each.key[kSpaceAt] != static_cast<char>(RegisterSpace::table)) continue;
    const auto slot = static_cast<std::uint32_t>(slot_of(get_u32_be(each.key.data()), get_u32_be(each.key.data() + kTableAt)));
    if (std::ranges::find(out, slot) == out.end()) out.push_back(slot);
  }
  for (const std::uint32_t slot : out) counters_[slot].begun.fetch_add(1);
  return out;
}

void TableChanges::ended(const std::vector<std::uint32_t>& begun) {
  for (const std::uint32_t slot : begun) counters_[slot].ended.fetch_add(1);
}

// In this order: when both are equal, nothing was under way at the second look.
std::optional<std::uint64_t> TableChanges::at_rest(TenantId tenant, TableId table) const {
  const Counter& counter = counters_[slot_of(tenant.value, table.value)];
  const std::uint64_t ended = counter.ended.load();
  const std::uint64_t begun = counter.begun.load();
  return ended == begun ? std::optional(begun) : std::nullopt;
}

}  // namespace latium
