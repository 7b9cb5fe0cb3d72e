// TableChanges: whether what this node holds of a table has changed since somebody looked.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "base/ids.h"
#include "relational/schema.h"
#include "store/watched_engine.h"

namespace latium {

/// Counts the batches that change registers of tables. Any thread. Tables share counters, so one may seem changed that is not.
class TableChanges final : public WriteWatcher {
 public:
  std::vector<std::uint32_t> begins(const WriteBatch& batch) override;
  void ended(const std::vector<std::uint32_t>& begun) override;

  /// What was read after this was asked for is still so as long as is() says the same. Nothing: something is being written.
  std::optional<std::uint64_t> at_rest(TenantId tenant, TableId table) const;
  std::uint64_t is(TenantId tenant, TableId table) const { return counters_[slot_of(tenant.value, table.value)].begun.load(); }

 private:
  static constexpr std::size_t kSlots = 4096;
  struct Counter {
    std::atomic<std::uint64_t> begun{0};
    std::atomic<std::uint64_t> ended{0};
  };

  static std::size_t slot_of(std::uint32_t tenant, std::uint32_t table);

  std::array<Counter, kSlots> counters_;
};

}  // namespace latium
