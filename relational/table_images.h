// TableImages: those of this node's tables that statements have looked into, as long as they may be of use again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "base/ids.h"
#include "relational/table_image.h"
#include "runtime/clock.h"

namespace latium {

/// Any thread. Whether an image is still what the node holds is its finder's business.
class TableImages {
 public:
  /// Registers of rows, and their bytes, above which a table is not small.
  static constexpr std::size_t kRowsMax = 2000;
  static constexpr std::size_t kTableBytesMax = 1u << 20;
  /// Below so many, reading the rows that are looked for costs less than reading all of them.
  static constexpr std::size_t kLookUpsMin = 24;
  /// Of all images; the one that was not used for longest makes room.
  static constexpr std::size_t kBytesMax = 32u << 20;
  /// How long a table is taken to be as large as it was found to be.
  static constexpr Duration kTooLargeFor = std::chrono::seconds(60);

  /// Nothing: there is none of this version of the table.
  std::shared_ptr<const TableImage> find(TenantId tenant, const TableSchema& schema);
  bool has(TenantId tenant, TableId table) const;
  void put(TenantId tenant, std::shared_ptr<const TableImage> image);

  void note_too_large(TenantId tenant, TableId table, MonotonicTime now);
  bool is_too_large(TenantId tenant, TableId table, MonotonicTime now) const;

 private:
  using Name = std::pair<TenantId, TableId>;
  struct Kept {
    std::shared_ptr<const TableImage> image;
    std::uint64_t used = 0;
  };
  static constexpr std::size_t kTooLargeMax = 4096;

  void drop(std::map<Name, Kept>::iterator kept);

  mutable std::mutex lock_;
  std::map<Name, Kept> images_;
  std::map<Name, MonotonicTime> too_large_;  // until
  std::size_t bytes_ = 0;
  std::uint64_t uses_ = 0;
};

}  // namespace latium
