#include "relational/sql/run.h"

#include <algorithm>
#include <limits>

#include "relational/row_keys.h"
#include "relational/schema_parts.h"
#include "relational/table_images.h"

namespace latium::sql {

namespace {

constexpr std::size_t kGuesses = 1000;     // look-ups that are added to one
constexpr std::size_t kMissesOfSite = 4;   // before the whole table is tried
constexpr std::size_t kSmallTable = 2000;  // rows
constexpr std::size_t kSeen = 16;          // sets of rows that are remembered as sources
constexpr std::size_t kRowsOfGuess = 1000;
constexpr std::size_t kColumnsOfGuess = 3;
constexpr std::size_t kRowsTried = 200;  // of what no cursor is at

// In how far a column is likely to be what another one refers to: "uuid" and "instance_uuid".
bool akin(std::string_view a, std::string_view b) {
  const std::string_view& shorter = a.size() < b.size() ? a : b;
  const std::string_view& longer = a.size() < b.size() ? b : a;
  return same_name(longer.substr(longer.size() - shorter.size()), shorter);
}

// Values that stand for themselves more often than they come from elsewhere.
bool plain(const Value& value) {
  return value.is_null() || value == Value(0) || value == Value(1) || value == Value("");
}

// Of an image. One row that was looked up by itself says little of what comes next: then any may (`widely`).
std::vector<const Row*> rows_of_image(const Source& source, bool widely) {
  const std::vector<Row>& rows = source.image->image().rows();
  std::vector<const Row*> out;
  for (std::size_t i = 0; i < source.picked.size(); ++i) {
    out.push_back(&rows[source.picked[(source.at + i) % source.picked.size()]]);
  }
  if (!widely || out.size() != 1) return out;
  for (const Row& row : rows) {
    if (&row != out.front()) out.push_back(&row);
  }
  return out;
}

// All that was fetched with the source's row, from this one on and then round.
std::vector<const Row*> rows_from(const Source& source, bool widely) {
  if (source.image) return rows_of_image(source, widely);
  std::vector<const Row*> out;
  std::vector<const Row*> before;
  const auto add = [&](const RowSet& set, std::size_t first, std::size_t end, std::vector<const Row*>& to) {
    for (std::size_t i = first; i < end; ++i) to.push_back(&set.rows[i]);
  };
  add(*source.rows, source.at, source.rows->rows.size(), out);
  add(*source.rows, 0, source.at, before);
  bool behind = false;
  for (std::size_t i = 0; source.rows->batch && i < source.rows->batch->size(); ++i) {
    const RowSetPtr set = (*source.rows->batch)[i].lock();
    if (set == source.rows) {
      behind = true;
    } else if (set) {
      add(*set, 0, set->rows.size(), behind ? out : before);
    }
  }
  out.insert(out.end(), before.begin(), before.end());
  return out;
}

}  // namespace

Result<Probe> make_probe(const SqlTable& table, const Plan& plan, std::vector<Value> equal, std::optional<KeyBound> low,
                         std::optional<KeyBound> high) {
  Probe out;
  out.values = std::move(equal);
  out.wanted.range = {.equal = out.values, .low = std::move(low), .high = std::move(high)};
  Result<TupleRange> range = [&]() -> Result<TupleRange> {
    const RowRange& wanted = out.wanted.range;
    if (plan.index < 0) return rows_between(*table.schema, wanted.equal, wanted.low, wanted.high);
    const IndexSchema& index = table.schema->indexes[static_cast<std::size_t>(plan.index)];
    out.wanted.index = index.name;
    return entries_between(*table.schema, index, wanted.equal, wanted.low, wanted.high);
  }();
  LATIUM_CHECKED(range);
  out.key = std::move(range->begin);
  out.begin_bytes = out.key.size();
  out.key += range->end;
  return out;
}

Result<WholeTable*> Run::whole(const TablePtr& table, std::size_t look_ups) {
  WholeTable& whole = whole_.try_emplace(table->schema->id, WholeTable{.use = nullptr}).first->second;
  if (whole.use) return &whole;
  const bool first = whole.asked == 0;
  if (!first && look_ups < 2 * whole.asked) return nullptr;
  whole.asked = std::max<std::size_t>(look_ups, 1);
  LATIUM_CHECKED(hub_.flush_for(*table));
  LATIUM_TRY(whole.use, hub_.access->image(table->schema, look_ups));
  if (!whole.use) return nullptr;
  whole.counted.resize(whole.image().rows().size());
  ++stats.batches;
  ++hub_.stats.batches;
  LATIUM_CHECKED(hub_.check_kept());
  return &whole;
}

Result<void> Run::come_to(WholeTable& table, std::uint32_t row) {
  if (table.counted[row]) return {};
  table.counted[row] = true;
  table.use->row(row);
  ++hub_.stats.rows_read;
  return hub_.check_read(++stats.rows_read);
}

void Run::forget(const SqlTable& table) {
  // Asked for once more it would not be there: the transaction writes to it.
  WholeTable& whole = whole_[table.schema->id];
  whole.asked = std::numeric_limits<std::size_t>::max() / 2;
  if (whole.use) past_.push_back(std::exchange(whole.use, nullptr));
  found_.erase(table.schema->id);
  std::erase_if(sites_, [&](const auto& site) { return site.first.first->schema->id == table.schema->id; });
  std::erase_if(seen_, [&](const Source& source) { return source.table->schema->id == table.schema->id; });
}

void Run::use(RowSet& rows) {
  if (rows.used) return;
  rows.used = true;
  for (const std::uint64_t read : rows.reads) hub_.access->use(read);
}

Result<void> Run::fetch(const TablePtr& table, std::vector<Probe> wanted, std::size_t limit) {
  std::vector<LookUp> look_ups;
  for (const Probe& probe : wanted) look_ups.push_back(probe.wanted);
  LATIUM_TRY(std::vector<Found> came, hub_.find(table, std::move(look_ups), limit));
  const auto batch = std::make_shared<Batch>();
  for (std::size_t i = 0; i < came.size(); ++i) {
    KeptBytes kept = kept_of(came[i].rows);
    auto set = std::make_shared<RowSet>(RowSet{.wanted = std::move(wanted[i].wanted),
                                               .rows = std::move(came[i].rows),
                                               .next = std::move(came[i].next),
                                               .reads = {came[i].read},
                                               .batch = batch,
                                               .kept = std::move(kept)});
    batch->push_back(set);
    if (i == 0) remember({table.get(), set, 0});
    found_[table->schema->id].insert_or_assign(std::move(wanted[i].key), std::move(set));
  }
  return hub_.check_kept();
}

KeptBytes Run::kept_of(const std::vector<Row>& rows) {
  KeptBytes out(hub_.kept);
  for (const Row& row : rows) out.add(bytes_of(row));
  return out;
}

Result<void> Run::next_page(const TablePtr& table, RowSet& rows) {
  LookUp wanted = rows.wanted;
  wanted.after = rows.next;
  LATIUM_CHECKED(hub_.flush_for(*table));
  LATIUM_TRY(std::vector<Found> came, hub_.find(table, {std::move(wanted)}, kRowsOfGuess));
  rows.next = std::move(came[0].next);
  rows.reads.push_back(came[0].read);
  if (rows.used) hub_.access->use(came[0].read);
  for (const Row& row : came[0].rows) rows.kept.add(bytes_of(row));
  std::ranges::move(came[0].rows, std::back_inserter(rows.rows));
  return hub_.check_kept();
}

Result<std::optional<std::vector<RowSetPtr>>> Run::look_up(const TablePtr& table, const Plan& plan, std::vector<Probe> probes,
                                                           std::size_t limit, const std::vector<Source>& others) {
  LATIUM_CHECKED(hub_.flush_for(*table));
  const TableId id = table->schema->id;
  std::vector<Probe> missing;
  for (const Probe& probe : probes) {
    if (found_[id].contains(probe.key)) continue;
    missing.push_back(probe);
  }
  stats.cache_hits += probes.size() - missing.size();
  hub_.stats.cache_hits += probes.size() - missing.size();
  if (!missing.empty()) {
    // A wide look-up has fewer values than the plan, and finds rows of many.
    const bool values = !plan.equal.empty() && !plan.low && !plan.high && std::ranges::all_of(missing, [&](const Probe& probe) {
      return probe.values.size() == plan.equal.size();
    });
    Site& site = sites_[{table.get(), plan}];
    const bool try_whole = values && ++site.misses > kMissesOfSite && !site.too_large && plan.limit < 0;
    if (try_whole && !site.whole) {
      LATIUM_TRY(const WholeTable* const at_hand, whole(table, TableImages::kLookUpsMin));
      if (at_hand != nullptr) return std::nullopt;
      LATIUM_CHECKED(take_whole(table, plan, site));
    }
    if (values && site.whole) {
      for (const Probe& probe : missing) found_[id].insert_or_assign(probe.key, from_whole(*table, plan, site, probe));
    } else {
      if (values && missing.size() == 1) {
        std::vector<Probe> guesses = guess(*table, plan, missing[0], site, others);
        site.before = missing[0].values;
        if (guesses.size() >= TableImages::kLookUpsMin) {
          LATIUM_TRY(const WholeTable* const at_hand, whole(table, guesses.size()));
          if (at_hand != nullptr) return std::nullopt;
        }
        if (!guesses.empty()) limit = kRowsOfGuess;
        std::ranges::move(guesses, std::back_inserter(missing));
      }
      LATIUM_CHECKED(fetch(table, std::move(missing), limit));
    }
  }
  std::vector<RowSetPtr> out;
  for (const Probe& probe : probes) {
    out.push_back(found_[id].at(probe.key));
    use(*out.back());
  }
  return out;
}

void Run::remember(Source source) {
  if (seen_.size() == kSeen) seen_.erase(seen_.begin());
  seen_.push_back(std::move(source));
}

// Open cursors first: the value of their current row is the likeliest source.
std::vector<Probe> Run::guess(const SqlTable& table, const Plan& plan, const Probe& missed, const Site& site,
                              const std::vector<Source>& others) {
  std::vector<Probe> out;
  for (const Source& other : others) {
    guess_from(table, plan, missed, site, *other.table, rows_from(other, site.misses > 1), out);
    if (!out.empty()) return out;
  }
  // Sorted or kept by SQLite meanwhile: any row may be the one.
  for (auto source = seen_.rbegin(); source != seen_.rend(); ++source) {
    std::vector<const Row*> rows = rows_from(*source, false);
    for (std::size_t tried = 0; tried < std::min(rows.size(), kRowsTried) && out.empty(); ++tried) {
      guess_from(table, plan, missed, site, *source->table, rows, out);
      std::ranges::rotate(rows, rows.begin() + 1);
    }
    if (!out.empty()) return out;
  }
  return out;
}

// `rows`: the one that the value may come from is the first.
void Run::guess_from(const SqlTable& table, const Plan& plan, const Probe& missed, const Site& site, const SqlTable& source,
                     const std::vector<const Row*>& rows, std::vector<Probe>& out) {
  const std::vector<ColumnId>& columns = key_columns(table, plan);
  if (rows.empty()) return;
  const auto form_of = [&](std::size_t part, const Row& row, std::size_t position) -> std::optional<Value> {
    const Value value = sql_form(row.values[position]);
    if (value.is_null()) return std::nullopt;
    return stored_form(table.schema->column(columns[part]), value);
  };
  // Of each part, the columns of the source that it may come from; none: it stays as it is.
  std::vector<std::vector<std::size_t>> from(missed.values.size());
  bool any = false;
  const bool several = missed.values.size() > 1;
  for (std::size_t part = 0; part < missed.values.size(); ++part) {
    const bool same = part < site.before.size() && site.before[part] == missed.values[part];
    if (same || (several && site.before.empty() && plain(missed.values[part]))) continue;
    const std::string& name = table.schema->column(columns[part]).name;
    for (const bool likely : {true, false}) {
      for (std::size_t at = 0; at < source.schema->columns.size(); ++at) {
        if (akin(source.schema->columns[at].name, name) != likely) continue;
        const Row& row = *rows.front();
        const bool same_type = source.schema->columns[at].type == table.schema->column(columns[part]).type;
        const bool equal = same_type ? row.values[at] == missed.values[part] : form_of(part, row, at) == missed.values[part];
        if (equal) from[part].push_back(at);
      }
    }
    if (from[part].size() > kColumnsOfGuess) from[part].resize(kColumnsOfGuess);
    any = any || !from[part].empty();
  }
  if (!any) return;
  auto& found = found_[table.schema->id];
  std::unordered_map<Bytes, bool> added;
  for (std::size_t choice = 0; choice < kColumnsOfGuess; ++choice) {
    const bool more = std::ranges::any_of(from, [&](const auto& each) { return each.size() > choice; });
    if (!more) break;
    for (std::size_t i = 0; i < rows.size() && out.size() < kGuesses; ++i) {
      const Row& row = *rows[i];
      std::vector<Value> values = missed.values;
      bool whole = true;
      for (std::size_t part = 0; part < values.size() && whole; ++part) {
        if (from[part].empty()) continue;
        auto value = form_of(part, row, from[part][std::min(choice, from[part].size() - 1)]);
        whole = value.has_value();
        if (whole) values[part] = *std::move(value);
      }
      if (!whole) continue;
      auto probe = make_probe(table, plan, std::move(values), std::nullopt, std::nullopt);
      if (!probe || probe->key == missed.key || found.contains(probe->key) || !added.emplace(probe->key, true).second) continue;
      out.push_back(*std::move(probe));
    }
  }
}

// Where values come from cannot be seen: a small table is taken whole, once.
Result<bool> Run::take_whole(const TablePtr& table, const Plan& plan, Site& site) {
  LATIUM_TRY(std::vector<Found> came, hub_.find(table, {LookUp()}, kSmallTable));
  site.too_large = !came[0].next.empty();
  if (site.too_large) return false;
  // Twice: once more by key.
  KeptBytes kept = kept_of(came[0].rows);
  for (const Row& row : came[0].rows) kept.add(bytes_of(row));
  site.whole = std::make_shared<RowSet>(
      RowSet{.wanted = {}, .rows = std::move(came[0].rows), .next = {}, .reads = {came[0].read}, .kept = std::move(kept)});
  const std::vector<ColumnId>& columns = key_columns(*table, plan);
  for (const Row& row : site.whole->rows) {
    std::vector<Value> values;
    for (std::size_t i = 0; i < plan.equal.size(); ++i) values.push_back(row.values[table->schema->position(columns[i])]);
    LATIUM_TRY(Probe probe, make_probe(*table, plan, std::move(values), std::nullopt, std::nullopt));
    RowSetPtr& set = site.by_key[probe.key];
    if (!set)
      set =
          std::make_shared<RowSet>(RowSet{.wanted = std::move(probe.wanted), .rows = {}, .next = {}, .reads = site.whole->reads});
    set->rows.push_back(row);
  }
  LATIUM_CHECKED(hub_.check_kept());
  return true;
}

RowSetPtr Run::from_whole(const SqlTable&, const Plan&, Site& site, const Probe& probe) {
  const auto found = site.by_key.find(probe.key);
  if (found != site.by_key.end()) return found->second;
  return std::make_shared<RowSet>(RowSet{.wanted = probe.wanted, .rows = {}, .next = {}, .reads = site.whole->reads});
}

}  // namespace latium::sql
