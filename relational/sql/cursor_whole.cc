// Cursors over tables that are at hand as a whole.
#include <algorithm>

#include "relational/sql/cursor.h"

namespace latium::sql {

namespace {

// Of the schema's indexes, or the primary key: whether that many columns tell one row from all others.
bool is_unique(const TableSchema& schema, int index, std::size_t columns) {
  if (index == TableImage::kPrimaryKey) return columns == schema.primary_key.size();
  const IndexSchema& of = schema.indexes[static_cast<std::size_t>(index)];
  return of.unique && columns == of.columns.size();
}

}  // namespace

// What joins do most: one row, by one value for each column of its key. False: it is not that, and nothing was done.
Result<bool> Cursor::find_one(const Plan& plan, Arguments arguments) {
  const TablePtr& table = owner().table;
  const TableSchema& schema = *table->schema;
  if (plan.equal.empty() || plan.low || plan.high || plan.index < Plan::kPrimaryKey) return false;
  if (!is_unique(schema, plan.index, plan.equal.size())) return false;
  LATIUM_TRY(WholeTable* const whole, run->whole(table, 0));
  if (whole == nullptr) return false;
  const std::vector<ColumnId>& columns = key_columns(*table, plan);
  values_.clear();
  for (std::size_t part = 0; part < plan.equal.size(); ++part) {
    const Plan::Equal& equal = plan.equal[part];
    if (equal.argument < 0 || equal.list || equal.nulls) return false;
    const std::size_t position = schema.position(columns[part]);
    auto value =
        exact_value(schema.columns[position], table->affinity_at(position), arguments[static_cast<std::size_t>(equal.argument)]);
    if (!value) return false;
    values_.push_back(*std::move(value));
  }
  come_first();
  // Nothing is equal to null.
  if (std::ranges::any_of(values_, &Value::is_null)) return true;
  ++run->stats.cache_hits;
  ++owner().hub.stats.cache_hits;
  const TableImage::Unique& unique = whole->image().unique(plan.index);
  const auto row = unique.find(values_);
  image = whole->use;
  if (!row) {
    whole->use->absent(unique.hash_of(values_), plan.index, values_);
    return true;
  }
  LATIUM_CHECKED(run->come_to(*whole, *row));
  picked_.push_back(*row);
  row_ = &whole->image().rows()[*row];
  return true;
}

Result<void> Cursor::pick(const Plan& plan, const std::vector<Probe>& probes, WholeTable& whole) {
  image = whole.use;
  const int index = plan.index == Plan::kNumber ? Plan::kPrimaryKey : plan.index;
  for (const Probe& probe : probes) LATIUM_CHECKED(pick(index, probe, whole));
  if (plan.equal.empty() && !picked_.empty()) run->remember(Source{owner().table.get(), nullptr, 0, image, picked_});
  return settle();
}

Result<void> Cursor::pick(int index, const Probe& probe, WholeTable& whole) {
  const RowRange& wanted = probe.wanted.range;
  if (!wanted.low && !wanted.high && is_unique(whole.image().schema(), index, wanted.equal.size())) {
    const TableImage::Unique& unique = whole.image().unique(index);
    if (const auto row = unique.find(wanted.equal)) {
      picked_.push_back(*row);
      return run->come_to(whole, *row);
    }
    whole.use->absent(unique.hash_of(wanted.equal), index, wanted.equal);
    return {};
  }
  const BytesView key = probe.key;
  whole.use->range(key, {.index = index, .equal = wanted.equal, .low = wanted.low, .high = wanted.high});
  const TableImage::Ordered& ordered = whole.image().ordered(index);
  for (const auto& [name, row] : TableImage::between(ordered, key.substr(0, probe.begin_bytes), key.substr(probe.begin_bytes))) {
    picked_.push_back(row);
    LATIUM_CHECKED(run->come_to(whole, row));
  }
  return {};
}

}  // namespace latium::sql
