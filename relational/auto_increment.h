// AutoIncrement: the numbers that a node gives to rows which name none. They come in blocks that are leased from a counter of the
// table (relational/id_block.h), the next one in the background before the last is used up, so that an insert seldom waits.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include "relational/catalog_store.h"
#include "relational/id_block.h"
#include "relational/schema.h"
#include "runtime/sync.h"

namespace latium {

class Transactions;

struct AutoIncrementStatistics {
  std::uint64_t numbers = 0;  ///< given
  std::uint64_t leases = 0;   ///< of blocks
  std::uint64_t waited = 0;   ///< for a block, by who wanted a number
};

/// Loop thread only; one a node. `shared` outlives it. Numbers are unique through any crash: a block that is not known to be
/// leased is not used, and one that a stopped node held is lost. Errors: those of RowStore, and `invalid_argument` when there is
/// no number left.
class AutoIncrement {
 public:
  explicit AutoIncrement(Transactions& shared) : shared_(shared) {}

  /// The next number. From memory mostly; otherwise two round trips to a majority.
  Task<std::int64_t> next(CatalogPlace place, TableId table, MonotonicTime deadline);

  /// Before a row with a number that its writer has chosen is written: nobody is given it, or a lower one of this node's, from
  /// now on. No round trip while it is below what this node knows the counter to be; otherwise two, and this node gets the block
  /// behind the number, so that rows with ascending numbers cost two a block.
  Task<void> reserve(CatalogPlace place, TableId table, std::int64_t chosen, MonotonicTime deadline);

  const AutoIncrementStatistics& statistics() const { return statistics_; }

 private:
  static constexpr std::size_t kWaitersMax = 65536;
  static constexpr std::size_t kTablesMax = 4096;

  struct Table {
    IdAllocator ids;
    std::int64_t counter = 1;  // as this node has seen it: it may be higher
    bool refilling = false;
    Semaphore leasing{1, kWaitersMax};
  };
  using Tables = std::map<std::pair<TenantId, TableId>, std::shared_ptr<Table>>;

  std::shared_ptr<Table> table_of(CatalogPlace place, TableId table);
  /// A block of numbers above `above`.
  Task<void> lease(CatalogPlace place, TableId id, std::shared_ptr<Table> table, std::int64_t above, MonotonicTime deadline);
  Task<IdLease> try_lease(CatalogPlace place, TableId id, std::int64_t above, MonotonicTime deadline);
  Task<void> refill(CatalogPlace place, TableId id, std::shared_ptr<Table> table);

  Transactions& shared_;
  Tables tables_;
  AutoIncrementStatistics statistics_;
};

}  // namespace latium
