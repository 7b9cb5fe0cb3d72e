// Which tables name which, and how rows are found in both directions.
#include <algorithm>

#include "relational/key_codec.h"
#include "relational/row_keys.h"
#include "relational/schema_parts.h"
#include "relational/sql/references.h"

namespace latium::sql {

namespace {

bool is_number(Affinity affinity) {
  return affinity >= Affinity::numeric;
}

std::vector<std::size_t> positions_of(const TableSchema& schema, const std::vector<ColumnId>& columns) {
  std::vector<std::size_t> out;
  for (const ColumnId id : columns) out.push_back(schema.position(id));
  return out;
}

// Where each of `columns` stands among the first of `key`. Nothing: the key does not begin with them.
std::optional<std::vector<std::size_t>> order_of(const std::vector<std::size_t>& key, const std::vector<std::size_t>& columns) {
  if (key.size() < columns.size()) return std::nullopt;
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto found = std::ranges::find(columns, key[i]);
    if (found == columns.end()) return std::nullopt;
    out.push_back(static_cast<std::size_t>(found - columns.begin()));
  }
  return out;
}

}  // namespace

// The order of SQLite: what was made last is first.
const std::vector<References::Link>& References::links() {
  if (links_of_ == hub_.tables_version) return links_;
  links_.clear();
  std::vector<TablePtr> newest;
  for (const auto& [name, table] : hub_.tables) newest.push_back(table);
  std::ranges::sort(newest, std::greater(), [](const TablePtr& table) { return table->schema->id; });
  for (const TablePtr& child : newest) {
    for (std::size_t i = 0; i < child->foreign_keys.size(); ++i) links_.push_back(link_of(child, i));
  }
  links_of_ = hub_.tables_version;
  return links_;
}

References::Link References::link_of(const TablePtr& child, std::size_t number) const {
  Link out{.child = child, .number = number};
  const SqlForeignKey& what = out.what();
  const auto parent = hub_.tables.find(fold_nocase(what.table));
  if (parent == hub_.tables.end()) {
    out.broken = child->schema->unannounced ? Error(ErrorCode::stale_topology,
                                                    "table '" + child->name + "' names one that is being renamed: do it again")
                                            : Error(ErrorCode::invalid_argument, "no such table: main." + what.table);
    return out;
  }
  out.parent = parent->second;
  const TableSchema& schema = *out.parent->schema;
  for (const std::size_t column : what.columns) out.columns.push_back(child->position(column));
  std::vector<std::size_t> named;
  for (const std::string& name : what.referenced) {
    if (const ColumnSchema* const column = schema.find_column(name)) named.push_back(schema.position(column->id));
  }
  if (what.referenced.empty() && out.parent->first == 0) named = positions_of(schema, schema.primary_key);
  if (named.size() != out.columns.size() || !find_key(out, named)) {
    out.broken =
        Error(ErrorCode::invalid_argument, "foreign key mismatch - \"" + child->name + "\" referencing \"" + what.table + "\"");
    return out;
  }
  find_way_back(out);
  return out;
}

// The primary key or a unique index of exactly these columns.
bool References::find_key(Link& link, const std::vector<std::size_t>& named) {
  const TableSchema& schema = *link.parent->schema;
  const auto take = [&](const std::vector<std::size_t>& key) {
    const auto order = order_of(key, named);
    if (!order || key.size() != named.size()) return false;
    const std::vector<std::size_t> given = link.columns;
    for (std::size_t i = 0; i < key.size(); ++i) link.columns[i] = given[(*order)[i]];
    link.named = key;
    return true;
  };
  if (take(positions_of(schema, schema.primary_key))) return true;
  for (std::size_t i = 0; i < schema.indexes.size(); ++i) {
    const IndexSchema& index = schema.indexes[i];
    if (!index.unique || index.state != IndexState::published || !take(positions_of(schema, index.columns))) continue;
    link.parent_index = static_cast<int>(i);
    return true;
  }
  return false;
}

// An index of the child helps where what is equal for the parent is equal for the child too.
void References::find_way_back(Link& link) {
  for (std::size_t i = 0; i < link.columns.size(); ++i) {
    const ColumnSchema& of_child = link.child->schema->columns[link.columns[i]];
    const ColumnSchema& of_parent = link.parent->schema->columns[link.named[i]];
    const Affinity child = link.child->affinity_at(link.columns[i]);
    const Affinity parent = link.parent->affinity_at(link.named[i]);
    const bool same_form = child == parent || parent == Affinity::blob || (is_number(child) && is_number(parent));
    const bool plain = of_parent.type == ValueType::any || of_parent.type == ValueType::integer ||
                       of_parent.type == ValueType::real || of_parent.type == ValueType::text ||
                       of_parent.type == ValueType::bytes;
    if (!same_form || !plain || (of_parent.nocase && !of_child.nocase)) return;
  }
  const TableSchema& schema = *link.child->schema;
  if (const auto order = order_of(positions_of(schema, schema.primary_key), link.columns)) {
    link.child_index = "";
    link.child_order = *order;
    return;
  }
  for (const IndexSchema& index : schema.indexes) {
    const auto order = order_of(positions_of(schema, index.columns), link.columns);
    if (!order || index.state != IndexState::published) continue;
    // A unique index knows nothing of rows with a null in another column.
    if (index.unique && index.columns.size() > link.columns.size()) continue;
    link.child_index = index.name;
    link.child_order = *order;
    return;
  }
}

bool References::may_be_named(const SqlTable& table) {
  if (!on()) return false;
  return std::ranges::any_of(links(), [&](const Link& link) { return same_name(link.what().table, table.name); });
}

bool References::goes_row_by_row(const SqlTable& table) {
  if (!on()) return false;
  std::size_t named = 0;
  bool restricted = false;
  for (const Link& link : links()) {
    if (!same_name(link.what().table, table.name)) continue;
    ++named;
    const SqlForeignKey::Action action = link.what().on_delete;
    if (action == SqlForeignKey::Action::no_action) continue;
    if (same_name(link.child->name, table.name) || may_be_named(*link.child)) return true;
    restricted = restricted || action == SqlForeignKey::Action::restrict;
  }
  return restricted && named > 1;
}

bool References::changes_names(const SqlTable& table, const std::set<std::size_t>& kept) {
  if (!on()) return false;
  return std::ranges::any_of(links(), [&](const Link& link) {
    if (!same_name(link.what().table, table.name)) return false;
    return link.broken ||
           std::ranges::any_of(link.named, [&](std::size_t at) { return at < table.first || !kept.contains(at - table.first); });
  });
}

// As the parent's column takes the value; null: it cannot.
Result<Value> References::as_in_parent(const Link& link, std::size_t part, const Value& value) {
  const Affinity affinity = link.parent->affinity_at(link.named[part]);
  LATIUM_TRY(Value out, hub_.shadow.with_affinity(value, affinity));
  return stored_form(link.parent->schema->columns[link.named[part]], std::move(out)).value_or(Value());
}

Result<Bytes> References::key_of(const Link& link, const std::vector<Value>& in_parent) const {
  const TableSchema& schema = *link.parent->schema;
  if (link.parent_index < 0) return row_key(schema, in_parent);
  LATIUM_TRY(auto key, unique_entry_key(schema, schema.indexes[static_cast<std::size_t>(link.parent_index)], in_parent));
  return key.value_or(Bytes());
}

Result<std::optional<References::Named>> References::named_by(const Link& link, const Row& child_row) {
  Named out;
  bool fits = true;
  for (std::size_t i = 0; i < link.columns.size(); ++i) {
    Value value = sql_form(child_row.values[link.columns[i]]);
    if (value.is_null()) return std::nullopt;
    LATIUM_TRY(Value there, as_in_parent(link, i, value));
    fits = fits && !there.is_null();
    out.values.push_back(std::move(value));
    out.in_parent.push_back(std::move(there));
  }
  if (fits) {
    LATIUM_TRY(out.key, key_of(link, out.in_parent));
    return out;
  }
  out.in_parent.clear();
  // No key of a row begins so.
  LATIUM_TRY(out.key, encode_tuple(out.values));
  out.key.insert(0, "none");
  return out;
}

Result<std::optional<References::Named>> References::named_as(const Link& link, const Row& parent_row) {
  Named out;
  for (const std::size_t at : link.named) {
    const Value& value = parent_row.values[at];
    if (value.is_null()) return std::nullopt;
    out.values.push_back(sql_form(value));
    out.in_parent.push_back(value);
  }
  LATIUM_TRY(out.key, key_of(link, out.in_parent));
  return out;
}

std::vector<ColumnId> References::ids_of(const SqlTable& table, const std::vector<std::size_t>& positions) const {
  std::vector<ColumnId> out;
  for (const std::size_t at : positions) out.push_back(table.schema->columns[at].id);
  return out;
}

}  // namespace latium::sql
