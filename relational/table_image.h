// TableImage: all rows of a small table as this node's replicas held them, to look rows up in without reading any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "latium/row.h"
#include "relational/key_codec.h"
#include "relational/schema.h"
#include "replication/register_key.h"
#include "replication/row_state.h"

namespace latium {

/// Does not change, but for indexes that are made when they are asked for. Any thread.
class TableImage {
 public:
  /// A register of a row; the row may be gone.
  struct Kept {
    RegisterKey key;
    CommittedRow row;
  };
  /// When it was read, and what that says of now: nothing, if it was read while the table changed.
  struct Origin {
    std::optional<std::uint64_t> since{};  ///< RowStore::at_rest()
    bool newest = false;                   ///< RowsHere::newest
  };

  static constexpr int kPrimaryKey = -1;

  /// `kept`: in the order of their keys over all partitions. `corruption`.
  static Result<std::shared_ptr<const TableImage>> make(const TableSchema& schema, std::vector<Kept> kept, Origin origin);

  const TableSchema& schema() const { return schema_; }
  const Origin& origin() const { return origin_; }
  std::size_t bytes() const { return bytes_; }

  /// In the order of the primary key.
  const std::vector<Row>& rows() const { return rows_; }
  const Kept& kept(std::size_t row) const { return kept_[kept_of_row_[row]]; }
  /// Nothing: there never was such a row.
  const Kept* find(BytesView key) const;

  /// Rows by all columns of the primary key, or of a unique index.
  class Unique {
   public:
    Unique(const TableImage& image, std::vector<ColumnId> columns);
    /// As keys compare. Precondition: as many values as columns, of the columns' types. A null is equal to nothing.
    std::optional<std::uint32_t> find(std::span<const Value> values) const;
    std::uint64_t hash_of(std::span<const Value> values) const;

   private:
    struct Slot {
      std::uint64_t hash = 0;
      std::uint32_t row = kNone;
    };
    static constexpr std::uint32_t kNone = 0xFFFFFFFF;
    bool matches(const Row& row, std::span<const Value> values) const;

    const TableImage& image_;
    std::vector<const ColumnSchema*> columns_;
    std::vector<std::size_t> positions_;
    std::vector<Slot> slots_;  // a power of two of them, at least half of them free
  };
  /// Rows by their keys in an index, or by their own.
  using Ordered = std::vector<std::pair<Bytes, std::uint32_t>>;

  /// `index`: where it stands in the schema's, a unique one, or kPrimaryKey. As long-lived as the image.
  const Unique& unique(int index) const;
  const Ordered& ordered(int index) const;
  /// Those with keys in the range.
  static std::span<const std::pair<Bytes, std::uint32_t>> between(const Ordered& ordered, BytesView begin, BytesView end);

 private:
  TableImage(const TableSchema& schema, Origin origin) : schema_(schema), origin_(origin) {}
  Ordered make_ordered(int index) const;

  const TableSchema schema_;
  const Origin origin_;
  std::vector<Kept> kept_;  // by key
  std::vector<Row> rows_;
  std::vector<std::uint32_t> kept_of_row_;
  std::size_t bytes_ = 0;
  mutable std::mutex lock_;  // of what follows
  mutable std::map<int, Unique> unique_;
  mutable std::map<int, Ordered> ordered_;
};

/// What a transaction has read of an image, and so what its commit has to check. One thread at a time.
class ImageUse {
 public:
  explicit ImageUse(std::shared_ptr<const TableImage> image) : image_(std::move(image)), rows_(image_->rows().size()) {}

  struct LookUp {
    int index = TableImage::kPrimaryKey;
    std::vector<Value> equal{};
    std::optional<KeyBound> low{};
    std::optional<KeyBound> high{};
  };

  const TableImage& image() const { return *image_; }
  void row(std::uint32_t row) { rows_[row] = any_ = true; }
  /// All columns of a key had these values, and nothing was found. `hash`: Unique::hash_of().
  void absent(std::uint64_t hash, int index, std::span<const Value> values);
  /// What lies in a range of keys, rows or none. `key` tells it from other ranges.
  void range(BytesView key, const LookUp& wanted);

  bool any() const { return any_; }
  bool is_used(std::size_t row) const { return rows_[row]; }
  std::vector<const LookUp*> absent() const;
  std::vector<const LookUp*> ranges() const;
  std::size_t bytes() const { return bytes_; }

 private:
  std::shared_ptr<const TableImage> image_;
  std::vector<bool> rows_;
  bool any_ = false;
  std::unordered_multimap<std::uint64_t, LookUp> absent_;
  std::map<Bytes, LookUp, std::less<>> ranges_;
  std::size_t bytes_ = 0;
};

}  // namespace latium
