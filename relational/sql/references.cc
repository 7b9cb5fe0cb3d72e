#include "relational/sql/references.h"

#include <algorithm>

#include "relational/row_keys.h"
#include "relational/schema_parts.h"
#include "relational/session_errors.h"
#include "relational/sql/run.h"

namespace latium::sql {

namespace {

using Action = SqlForeignKey::Action;

constexpr std::size_t kNamesAtOnce = 1000;  // in one batch
constexpr std::size_t kRowsOfPage = 1000;
constexpr std::size_t kFew = 16;           // rows, where one is enough
constexpr std::size_t kFollowsMax = 1000;  // as in SQLite

}  // namespace

// Held, and in the order of `wanted`. `all`: pages behind the first one too.
Result<std::vector<Row>> References::find_all(const TablePtr& table, std::vector<LookUp> wanted, bool all) {
  std::vector<Row> out;
  for (std::size_t begin = 0; begin < wanted.size(); begin += kNamesAtOnce) {
    std::vector<LookUp> some(wanted.begin() + static_cast<std::ptrdiff_t>(begin),
                             wanted.begin() + static_cast<std::ptrdiff_t>(std::min(begin + kNamesAtOnce, wanted.size())));
    while (!some.empty()) {
      LATIUM_TRY(std::vector<Found> found, hub_.find(table, some, all ? kRowsOfPage : kFew));
      std::vector<LookUp> behind;
      for (std::size_t i = 0; i < found.size(); ++i) {
        hub_.access->hold(found[i].read);
        std::ranges::move(found[i].rows, std::back_inserter(out));
        if (!all || found[i].next.empty()) continue;
        some[i].after = std::move(found[i].next);
        behind.push_back(std::move(some[i]));
      }
      some = std::move(behind);
    }
  }
  return out;
}

Result<std::optional<Row>> References::current(const TablePtr& table, const std::vector<Value>& key) {
  LATIUM_TRY(std::vector<Row> rows, find_all(table, {LookUp{.index = {}, .range = {.equal = key}}}));
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

Result<std::vector<std::vector<Value>>> References::duplicates(const TablePtr& table, const Row& row,
                                                               const std::vector<Value>* mine) {
  const TableSchema& schema = *table->schema;
  std::vector<std::vector<Value>> out;
  const auto look = [&](const std::string& index, std::vector<Value> values) -> Result<void> {
    if (std::ranges::any_of(values, [](const Value& value) { return value.is_null(); })) return {};
    LATIUM_TRY(const std::vector<Row> rows, find_all(table, {LookUp{.index = index, .range = {.equal = std::move(values)}}}));
    for (const Row& other : rows) {
      std::vector<Value> key = primary_key_of(schema, other);
      if ((mine == nullptr || key != *mine) && std::ranges::find(out, key) == out.end()) out.push_back(std::move(key));
    }
    return {};
  };
  LATIUM_CHECKED(look({}, primary_key_of(schema, row)));
  for (const IndexSchema& index : schema.indexes) {
    if (index.unique && index.state == IndexState::published)
      LATIUM_CHECKED(look(index.name, indexed_values(schema, index, row)));
  }
  return out;
}

// Rows that name one of these, each with the key that it names. `one`: some of them are enough.
Result<std::vector<std::pair<Row, Bytes>>> References::children(const Link& link, const std::map<Bytes, Named>& of, bool one) {
  std::vector<std::pair<Row, Bytes>> out;
  std::vector<LookUp> wanted;
  bool all = !one || !link.child_index;
  for (const auto& [key, named] : of) {
    if (!link.child_index) break;
    LookUp look_up{.index = *link.child_index, .range = {}};
    bool fits = true;
    for (const std::size_t part : link.child_order) {
      auto value = stored_form(link.child->schema->columns[link.columns[part]], named.values[part]);
      fits = fits && value.has_value();
      look_up.range.equal.push_back(std::move(value).value_or(Value()));
    }
    if (fits) wanted.push_back(std::move(look_up));
  }
  if (!link.child_index) wanted.push_back({});
  while (true) {
    LATIUM_TRY(std::vector<Row> rows, find_all(link.child, wanted, all));
    for (Row& row : rows) {
      LATIUM_TRY(const auto named, named_by(link, row));
      if (named && of.contains(named->key)) out.emplace_back(std::move(row), named->key);
    }
    // Rows that differ in the parent's eyes only may have filled the first page.
    if (all || !out.empty() || rows.size() < kFew) return out;
    all = true;
  }
}

Result<std::vector<Written>> References::write(const TablePtr& table, std::vector<RowWrite> writes, bool names_change) {
  if (depth_ == 0) failed_behind_ = false;
  const bool named = may_be_named(*table);
  bool goes_by_named = false;
  std::vector<LookUp> keys;
  for (const RowWrite& write : writes) {
    const bool loses = write.kind == RowWrite::Kind::remove || (write.kind == RowWrite::Kind::update && names_change);
    if (named && loses) keys.push_back({.index = {}, .range = {.equal = write.key}});
    goes_by_named = goes_by_named || (loses && on());
  }
  if (goes_by_named) hub_.access->goes_by_named(table->schema);
  LATIUM_TRY(std::vector<Row> before, find_all(table, std::move(keys)));
  std::map<std::vector<Value>, const Row*> by_key;
  for (const Row& row : before) by_key.emplace(primary_key_of(*table->schema, row), &row);
  ++hub_.stats.batches;
  if (hub_.run) {
    ++hub_.run->stats.batches;
    hub_.run->forget(*table);
  }
  LATIUM_TRY(const std::vector<Written> written, hub_.access->write(table->schema, before.empty() ? std::move(writes) : writes));
  LATIUM_CHECKED(hub_.check_wan());
  LATIUM_CHECKED(hub_.check_kept());
  if (before.empty()) return written;
  if (depth_ == kFollowsMax) return fail(ErrorCode::invalid_argument, "too many levels of trigger recursion");
  failed_behind_ = true;
  ++depth_;
  auto followed = [&]() -> Result<void> {
    for (const Link& link : links()) {
      if (!same_name(link.what().table, table->name)) continue;
      if (link.broken) return fail(*link.broken);
      for (const bool removed : {true, false}) {
        std::vector<Lost> lost;
        for (std::size_t i = 0; i < writes.size(); ++i) {
          const auto was = by_key.find(writes[i].key);
          if (!written[i].done || was == by_key.end() || (writes[i].kind == RowWrite::Kind::remove) != removed) continue;
          LATIUM_TRY(auto key, named_as(link, *was->second));
          if (!key) continue;
          if (!removed) {
            LATIUM_TRY(const auto now, named_as(link, writes[i].row));
            if (now && now->key == key->key) continue;
          }
          lost.push_back({*std::move(key), removed ? nullptr : &writes[i].row});
        }
        if (!lost.empty()) LATIUM_CHECKED(follow(link, lost, removed));
      }
    }
    return {};
  }();
  --depth_;
  LATIUM_CHECKED(followed);
  failed_behind_ = depth_ > 0;
  return written;
}

bool References::restricts_itself(const SqlTable& table) {
  return !defer_all && std::ranges::any_of(links(), [&](const Link& link) {
    return link.of_itself() && link.child->schema->id == table.schema->id && link.what().on_delete == Action::restrict;
  });
}

Result<void> References::follow(const Link& link, const std::vector<Lost>& lost, bool removed) {
  Action action = removed ? link.what().on_delete : link.what().on_update;
  if (action == Action::restrict && defer_all) action = Action::no_action;
  std::map<Bytes, Named> names;
  for (const Lost& each : lost) names.emplace(each.named.key, each.named);
  if (action == Action::no_action) {
    Due& due = link.what().deferred || defer_all ? deferred_ : due_;
    due[{link.child->schema->id, link.number}].merge(names);
    return {};
  }
  LATIUM_TRY(const auto found, children(link, names, action == Action::restrict));
  if (found.empty()) return {};
  if (action == Action::restrict) {
    return is_named(*link.parent->schema, ids_of(*link.parent, link.named), names.at(found.front().second).values,
                    link.child->name);
  }
  std::vector<RowWrite> writes;
  for (const auto& [row, key] : found) {
    if (action == Action::cascade && removed) {
      writes.push_back({.kind = RowWrite::Kind::remove, .key = primary_key_of(*link.child->schema, row)});
      continue;
    }
    const auto by = std::ranges::find_if(lost, [&](const Lost& each) { return each.named.key == key; });
    LATIUM_TRY(RowWrite write, change_of(link, action, row, *by));
    writes.push_back(std::move(write));
  }
  const std::vector<RowWrite> done = writes;
  if (action == Action::cascade && removed && restricts_itself(*link.child)) {
    // Of rows that name each other the first one to go is refused, as in SQLite.
    for (RowWrite& each : writes) LATIUM_CHECKED(write(link.child, {std::move(each)}, true));
    return {};
  }
  LATIUM_CHECKED(write(link.child, std::move(writes), true));
  for (const RowWrite& each : done) {
    if (each.kind == RowWrite::Kind::remove) continue;
    std::set<std::size_t> kept;
    for (std::size_t i = 0; i < link.child->columns.size(); ++i) kept.insert(i);
    for (const std::size_t at : link.columns) kept.erase(at - link.child->first);
    LATIUM_CHECKED(note(*link.child, each.row, kept));
  }
  return {};
}

Result<RowWrite> References::change_of(const Link& link, Action action, const Row& row, const Lost& lost) {
  const SqlTable& child = *link.child;
  RowWrite out{.kind = RowWrite::Kind::update, .key = primary_key_of(*child.schema, row), .row = row};
  for (std::size_t i = 0; i < link.columns.size(); ++i) {
    const std::size_t at = link.columns[i];
    Value value;
    if (action == Action::cascade) value = sql_form(lost.after->values[link.named[i]]);
    if (action == Action::set_default) {
      LATIUM_TRY(value, hub_.shadow.value_of_default(child.columns[at - child.first]));
    }
    LATIUM_TRY(value, hub_.shadow.with_affinity(value, child.affinity_at(at)));
    auto stored = stored_form(child.schema->columns[at], std::move(value));
    if (!stored || (stored->is_null() && child.rowid == at)) return fail(ErrorCode::invalid_argument, "datatype mismatch");
    out.row.values[at] = *std::move(stored);
  }
  LATIUM_CHECKED(accept(child, out.row));
  return out;
}

// NOT NULL and CHECK, and what is generated anew.
Result<void> References::accept(const SqlTable& table, Row& row) {
  std::vector<Value> values;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    values.push_back(sql_form(row.values[table.position(i)]));
    if (!values.back().is_null() || !table.columns[i].not_null || table.columns[i].generated) continue;
    return fail(ErrorCode::invalid_argument, not_null_failed(table, i));
  }
  if (!table.checked) return {};
  LATIUM_TRY(std::vector<Value> checked, hub_.shadow.check_row(table, values));
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (!table.columns[i].generated) continue;
    auto stored = stored_form(table.stored(i), std::move(checked[i]));
    if (!stored) return fail(ErrorCode::invalid_argument, "datatype mismatch");
    row.values[table.position(i)] = *std::move(stored);
  }
  return {};
}

Result<void> References::note(const SqlTable& table, const Row& row, const std::set<std::size_t>& kept) {
  if (!on() || table.foreign_keys.empty()) return {};
  for (const Link& link : links()) {
    if (link.child->schema->id != table.schema->id) continue;
    const std::vector<std::size_t>& columns = link.what().columns;
    if (std::ranges::all_of(columns, [&](std::size_t column) { return kept.contains(column); })) continue;
    if (link.broken) return fail(*link.broken);
    LATIUM_TRY(auto named, named_by(link, row));
    if (!named) continue;
    Due& due = link.what().deferred || defer_all ? deferred_ : due_;
    due[{table.schema->id, link.number}].emplace(named->key, *named);
  }
  return {};
}

Result<void> References::check(bool ends) {
  if (!on()) {
    forget_statement();
    return {};
  }
  LATIUM_CHECKED(hub_.flush());
  LATIUM_CHECKED(check(std::exchange(due_, {})));
  if (!ends) return {};
  return check(deferred_);
}

Result<void> References::check(const Due& due) {
  for (const auto& [which, names] : due) {
    const std::vector<Link>& all = links();
    const auto link = std::ranges::find_if(
        all, [&](const Link& each) { return each.child->schema->id == which.first && each.number == which.second; });
    // The table is gone.
    if (link == all.end() || link->broken) continue;
    LATIUM_CHECKED(check(*link, names));
  }
  return {};
}

// What is named is there, or nobody names it.
Result<void> References::check(const Link& link, const std::map<Bytes, Named>& due) {
  std::vector<LookUp> wanted;
  const TableSchema& schema = *link.parent->schema;
  for (const auto& [key, named] : due) {
    if (named.in_parent.empty()) continue;
    LookUp& look_up = wanted.emplace_back();
    if (link.parent_index >= 0) look_up.index = schema.indexes[static_cast<std::size_t>(link.parent_index)].name;
    look_up.range.equal = named.in_parent;
  }
  LATIUM_TRY(const std::vector<Row> there, find_all(link.parent, std::move(wanted)));
  std::map<Bytes, Named> missing = due;
  for (const Row& row : there) {
    LATIUM_TRY(const auto named, named_as(link, row));
    if (named) missing.erase(named->key);
  }
  if (missing.empty()) return {};
  LATIUM_TRY(const auto found, children(link, missing, true));
  if (found.empty()) return {};
  return names_nothing(*link.child->schema, ids_of(*link.child, link.columns), missing.at(found.front().second).values,
                       link.parent->name);
}

Result<void> References::check_unnamed(const SqlTable& table) {
  if (!on()) return {};
  for (const Link& link : links()) {
    if (link.broken || !same_name(link.what().table, table.name) || link.of_itself()) continue;
    LATIUM_TRY(const std::vector<Row> rows, find_all(link.child, {LookUp()}));
    for (const Row& row : rows) {
      LATIUM_TRY(const auto named, named_by(link, row));
      if (named) return is_named(*table.schema, ids_of(table, link.named), named->values, link.child->name);
    }
  }
  return {};
}

}  // namespace latium::sql
