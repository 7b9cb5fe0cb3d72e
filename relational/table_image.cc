#include "relational/table_image.h"

#include <algorithm>
#include <bit>

#include "base/hash.h"
#include "relational/row_codec.h"
#include "relational/row_keys.h"

namespace latium {

namespace {

constexpr std::uint64_t kMix = 0x9E3779B97F4A7C15ull;

std::uint64_t hash_of_number(double number) {
  return std::bit_cast<std::uint64_t>(number == 0 ? 0.0 : number) * kMix;
}

// Equal for what is equal in a key.
std::uint64_t hash_of_value(const ColumnSchema& column, const Value& value) {
  switch (value.type()) {
    case ValueType::boolean:
      return hash_of_number(value.get<bool>() ? 1 : 0);
    case ValueType::integer:
      return hash_of_number(static_cast<double>(value.get<std::int64_t>()));
    case ValueType::real:
      return hash_of_number(value.get<double>());
    case ValueType::text: {
      const auto& text = value.get<std::string>();
      return column.nocase ? xxh3_64(fold_nocase(text)) : xxh3_64(text);
    }
    case ValueType::bytes:
      return xxh3_64(value.get<Blob>().bytes);
    case ValueType::timestamp:
      return static_cast<std::uint64_t>(value.get<Timestamp>().us) * kMix;
    case ValueType::uuid: {
      const auto& bytes = value.get<Uuid>().bytes;
      return xxh3_64(BytesView(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    }
    case ValueType::json:
      return xxh3_64(value.get<Json>().text);
    case ValueType::null:
    case ValueType::any:
      return 0;
  }
  return 0;
}

bool same_number(std::int64_t integer, double real) {
  // Below 2^63 it has an integer of its own.
  return real >= -0x1p63 && real < 0x1p63 && static_cast<std::int64_t>(real) == integer &&
         static_cast<double>(static_cast<std::int64_t>(real)) == real;
}

// As keys compare.
bool same_value(const ColumnSchema& column, const Value& a, const Value& b) {
  const auto* text = a.get_if<std::string>();
  const auto* other = b.get_if<std::string>();
  if (column.nocase && text != nullptr && other != nullptr) {
    return text->size() == other->size() && fold_nocase(*text) == fold_nocase(*other);
  }
  if (text != nullptr && other != nullptr) return *text == *other;
  if (a.type() == ValueType::integer && b.type() == ValueType::real) return same_number(a.get<std::int64_t>(), b.get<double>());
  if (a.type() == ValueType::real && b.type() == ValueType::integer) return same_number(b.get<std::int64_t>(), a.get<double>());
  return a == b;
}

std::size_t size_of(const TableImage::Kept& kept) {
  // As it is stored, and as values.
  return sizeof(TableImage::Kept) + sizeof(Row) + kept.key.key.size() + 3 * kept.row.row.size();
}

}  // namespace

Result<std::shared_ptr<const TableImage>> TableImage::make(const TableSchema& schema, std::vector<Kept> kept, Origin origin) {
  const std::shared_ptr<TableImage> image(new TableImage(schema, origin));
  image->kept_ = std::move(kept);
  for (std::uint32_t i = 0; i < image->kept_.size(); ++i) {
    const Kept& each = image->kept_[i];
    image->bytes_ += size_of(each);
    if (!each.row.present) continue;
    LATIUM_TRY(Row row, decode_row(schema, each.row.row));
    image->rows_.push_back(std::move(row));
    image->kept_of_row_.push_back(i);
  }
  return image;
}

const TableImage::Kept* TableImage::find(BytesView key) const {
  const auto at = std::ranges::lower_bound(kept_, key, {}, [](const Kept& kept) { return BytesView(kept.key.key); });
  return at != kept_.end() && at->key.key == key ? &*at : nullptr;
}

TableImage::Unique::Unique(const TableImage& image, std::vector<ColumnId> columns) : image_(image) {
  for (const ColumnId id : columns) {
    columns_.push_back(&image.schema_.column(id));
    positions_.push_back(image.schema_.position(id));
  }
  slots_.resize(std::bit_ceil(2 * image.rows_.size() + 2));
  std::vector<Value> values(columns.size());
  for (std::uint32_t row = 0; row < image.rows_.size(); ++row) {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = image.rows_[row].values[positions_[i]];
    if (std::ranges::any_of(values, &Value::is_null)) continue;
    const std::uint64_t hash = hash_of(values);
    std::size_t at = hash % slots_.size();
    while (slots_[at].row != kNone) at = (at + 1) % slots_.size();
    slots_[at] = {hash, row};
  }
}

std::uint64_t TableImage::Unique::hash_of(std::span<const Value> values) const {
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < values.size(); ++i) hash = (hash ^ hash_of_value(*columns_[i], values[i])) * kMix;
  return hash ^ (hash >> 32);
}

bool TableImage::Unique::matches(const Row& row, std::span<const Value> values) const {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!same_value(*columns_[i], row.values[positions_[i]], values[i])) return false;
  }
  return true;
}

std::optional<std::uint32_t> TableImage::Unique::find(std::span<const Value> values) const {
  if (std::ranges::any_of(values, &Value::is_null)) return std::nullopt;
  const std::uint64_t hash = hash_of(values);
  for (std::size_t at = hash % slots_.size(); slots_[at].row != kNone; at = (at + 1) % slots_.size()) {
    if (slots_[at].hash == hash && matches(image_.rows_[slots_[at].row], values)) return slots_[at].row;
  }
  return std::nullopt;
}

const TableImage::Unique& TableImage::unique(int index) const {
  const std::lock_guard lock(lock_);
  const auto found = unique_.find(index);
  if (found != unique_.end()) return found->second;
  const auto& columns = index == kPrimaryKey ? schema_.primary_key : schema_.indexes[static_cast<std::size_t>(index)].columns;
  return unique_.try_emplace(index, *this, columns).first->second;
}

TableImage::Ordered TableImage::make_ordered(int index) const {
  Ordered out;
  out.reserve(rows_.size());
  for (std::uint32_t row = 0; row < rows_.size(); ++row) {
    if (index == kPrimaryKey) {
      out.emplace_back(kept(row).key.key.substr(1), row);
      continue;
    }
    const IndexSchema& of = schema_.indexes[static_cast<std::size_t>(index)];
    if (!of.unique) {
      auto entry = index_entry_key(schema_, of, rows_[row]);
      if (entry) out.emplace_back(std::move(entry->key), row);
    } else if (auto entry = unique_entry_key(schema_, of, rows_[row]); entry && *entry) {
      out.emplace_back(**std::move(entry), row);
    }
  }
  std::ranges::sort(out);
  return out;
}

const TableImage::Ordered& TableImage::ordered(int index) const {
  const std::lock_guard lock(lock_);
  const auto found = ordered_.find(index);
  return found != ordered_.end() ? found->second : ordered_.emplace(index, make_ordered(index)).first->second;
}

std::span<const std::pair<Bytes, std::uint32_t>> TableImage::between(const Ordered& ordered, BytesView begin, BytesView end) {
  const auto key = [](const auto& each) { return BytesView(each.first); };
  const auto first = std::ranges::lower_bound(ordered, begin, {}, key);
  const auto last = std::ranges::lower_bound(ordered, end, {}, key);
  return first < last ? std::span(first, last) : std::span<const std::pair<Bytes, std::uint32_t>>();
}

void ImageUse::absent(std::uint64_t hash, int index, std::span<const Value> values) {
  any_ = true;
  const auto [first, last] = absent_.equal_range(hash);
  const bool known = std::any_of(
      first, last, [&](const auto& each) { return each.second.index == index && std::ranges::equal(each.second.equal, values); });
  if (known) return;
  absent_.emplace(hash, LookUp{.index = index, .equal = std::vector<Value>(values.begin(), values.end())});
  bytes_ += sizeof(LookUp) + values.size() * (sizeof(Value) + 40);
}

void ImageUse::range(BytesView key, const LookUp& wanted) {
  any_ = true;
  if (ranges_.contains(key)) return;
  ranges_.emplace(Bytes(key), wanted);
  bytes_ += sizeof(LookUp) + 2 * key.size();
}

std::vector<const ImageUse::LookUp*> ImageUse::absent() const {
  std::vector<const LookUp*> out;
  for (const auto& [hash, each] : absent_) out.push_back(&each);
  return out;
}

std::vector<const ImageUse::LookUp*> ImageUse::ranges() const {
  std::vector<const LookUp*> out;
  for (const auto& [key, each] : ranges_) out.push_back(&each);
  return out;
}

}  // namespace latium
