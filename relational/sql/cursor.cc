#include "relational/sql/cursor.h"

#include <algorithm>

#include "relational/row_keys.h"

namespace latium::sql {

namespace {

constexpr std::size_t kPage = 1000;
constexpr std::size_t kLookUps = 10'000;  // of one scan: longer lists go over the whole table

/// The values that an argument stands for. A null is none: nothing is equal to it.
Result<std::vector<sqlite3_value*>> values_of(sqlite3_value* argument, bool list) {
  std::vector<sqlite3_value*> out;
  if (!list) {
    out.push_back(argument);
    return out;
  }
  sqlite3_value* value = nullptr;
  int code = sqlite3_vtab_in_first(argument, &value);
  for (; code == SQLITE_OK && value != nullptr; code = sqlite3_vtab_in_next(argument, &value)) {
    // SQLite uses the value again for the next one.
    out.push_back(sqlite3_value_dup(value));
  }
  if (code != SQLITE_OK && code != SQLITE_DONE) return fail(ErrorCode::overloaded, "out of memory");
  return out;
}

// Nothing: the bound is left out, which finds more.
std::optional<KeyBound> bound_of(const ColumnSchema& stored, Affinity affinity, sqlite3_value* value, bool inclusive) {
  std::optional<Value> one = exact_value(stored, affinity, value);
  if (!one) return std::nullopt;
  // What SQL sees as text sorts like text only in the one form.
  const bool text = stored.type >= ValueType::timestamp && stored.type != ValueType::any;
  if (text && sql_form(*one) != value_of(value)) return std::nullopt;
  // An integer may have been rounded.
  return KeyBound{*std::move(one), inclusive || stored.type == ValueType::real};
}

// Behind all text that looks like a number: blanks, signs, the point and digits come before it.
constexpr std::string_view kBehindNumbers = ":";

// A text that comes from a column of numbers makes numbers of the text that it is compared with, where that looks like one; and
// numbers come before all text.
std::optional<KeyBound> upper_bound_of(const ColumnSchema& stored, Affinity affinity, sqlite3_value* value,
                                       const Plan::Bound& bound) {
  auto out = bound_of(stored, affinity, value, bound.inclusive);
  const bool may_be_compared_as_numbers =
      !bound.literal && affinity < Affinity::numeric && sqlite3_value_type(value) == SQLITE_TEXT;
  if (!out || !may_be_compared_as_numbers) return out;
  const auto* text = out->value.get_if<std::string>();
  if (text == nullptr) return std::nullopt;
  if (*text < kBehindNumbers) return KeyBound{Value(std::string(kBehindNumbers)), false};
  return out;
}

}  // namespace

std::optional<Value> exact_value(const ColumnSchema& stored, Affinity affinity, sqlite3_value* value) {
  const int type = sqlite3_value_type(value);
  const bool number = type == SQLITE_INTEGER || type == SQLITE_FLOAT;
  if (number && (affinity == Affinity::text || affinity == Affinity::blob)) return std::nullopt;
  return stored_form(stored, with_affinity(value, affinity));
}

int VirtualTable::number_of(Plan plan) {
  const auto found = std::ranges::find(plans, plan);
  if (found != plans.end()) return static_cast<int>(found - plans.begin());
  plans.push_back(std::move(plan));
  return static_cast<int>(plans.size()) - 1;
}

Cursor::Cursor(VirtualTable& of) : sqlite3_vtab_cursor{&of}, run(of.hub.run ? of.hub.run : std::make_shared<Run>(of.hub)) {
  of.hub.cursors.push_front(this);
  place_ = of.hub.cursors.begin();
}

Cursor::~Cursor() {
  owner().hub.cursors.erase(place_);
}

void Cursor::come_first() {
  std::list<Cursor*>& all = owner().hub.cursors;
  all.splice(all.begin(), all, place_);
}

Source Cursor::source() const {
  const SqlTable* const table = owner().table.get();
  if (image) return {.table = table, .rows = nullptr, .at = at, .image = image, .picked = picked_};
  return {.table = table, .rows = sets[set], .at = at};
}

Result<std::vector<Probe>> Cursor::probes_of_numbers(const Plan& plan, Arguments arguments) const {
  const SqlTable& table = *owner().table;
  std::vector<Probe> out;
  LATIUM_TRY(const auto values, values_of(arguments[0], plan.equal[0].list));
  for (sqlite3_value* value : values) {
    const Value number = with_affinity(value, Affinity::integer);
    if (plan.equal[0].list) sqlite3_value_free(value);
    if (number.type() != ValueType::integer) continue;
    auto key = owner().hub.numbers.key_of(table, number.get<std::int64_t>());
    if (!key) continue;
    LATIUM_TRY(Probe probe, make_probe(table, Plan(), *std::move(key), std::nullopt, std::nullopt));
    out.push_back(std::move(probe));
  }
  return out;
}

// The values of one part of the key; nothing: it cannot be looked up by them.
Result<std::optional<std::vector<Value>>> Cursor::values_of_part(const Plan::Equal& equal, std::size_t position,
                                                                 Arguments arguments) const {
  std::vector<Value> out;
  if (equal.argument < 0) {
    out.emplace_back();
    return out;
  }
  const SqlTable& table = *owner().table;
  const ColumnSchema& stored = table.schema->columns[position];
  LATIUM_TRY(const auto given, values_of(arguments[static_cast<std::size_t>(equal.argument)], equal.list));
  bool wide = false;
  for (sqlite3_value* value : given) {
    std::optional<Value> one = exact_value(stored, table.affinity_at(position), value);
    if (equal.list) sqlite3_value_free(value);
    wide = wide || !one;
    // Nothing is equal to null; what IS null is looked up as that.
    if (!one || (one->is_null() && (!equal.nulls || !stored.nullable))) continue;
    out.push_back(*std::move(one));
  }
  if (wide) return std::nullopt;
  return out;
}

// One for each combination of the values of lists.
Result<std::vector<Probe>> Cursor::probes_of(const Plan& plan, Arguments arguments) const {
  if (plan.index == Plan::kNumber) return probes_of_numbers(plan, arguments);
  const SqlTable& table = *owner().table;
  const std::vector<ColumnId>& columns = key_columns(table, plan);
  std::vector<std::vector<Value>> tuples(1);
  bool wide = false;  // the look-up goes no further into the index
  for (std::size_t part = 0; part < plan.equal.size() && !wide; ++part) {
    LATIUM_TRY(const auto values, values_of_part(plan.equal[part], table.schema->position(columns[part]), arguments));
    wide = !values || tuples.size() * values->size() > kLookUps;
    if (wide) break;
    std::vector<std::vector<Value>> longer;
    for (const auto& tuple : tuples) {
      for (const Value& value : *values) {
        longer.push_back(tuple);
        longer.back().push_back(value);
      }
    }
    tuples = std::move(longer);
  }
  std::optional<KeyBound> low;
  std::optional<KeyBound> high;
  for (const bool lower : {true, false}) {
    const std::optional<Plan::Bound>& bound = lower ? plan.low : plan.high;
    if (!bound) continue;
    sqlite3_value* const value = arguments[static_cast<std::size_t>(bound->argument)];
    if (sqlite3_value_type(value) == SQLITE_NULL) return std::vector<Probe>();
    if (wide) continue;
    const std::size_t position = table.schema->position(columns[plan.equal.size()]);
    const ColumnSchema& stored = table.schema->columns[position];
    (lower ? low : high) = lower ? bound_of(stored, table.affinity_at(position), value, bound->inclusive)
                                 : upper_bound_of(stored, table.affinity_at(position), value, *bound);
  }
  std::vector<Probe> out;
  for (auto& tuple : tuples) {
    LATIUM_TRY(Probe probe, make_probe(table, plan, std::move(tuple), low, high));
    // Equal values of a list, for instance 1 and 1.0.
    const bool again = std::ranges::any_of(out, [&](const Probe& other) { return other.key == probe.key; });
    if (!again) out.push_back(std::move(probe));
  }
  return out;
}

Result<void> Cursor::filter(const Plan& plan, Arguments arguments) {
  VirtualTable& table = owner();
  sets.clear();
  picked_.clear();
  image.reset();
  row_ = nullptr;
  set = at = 0;
  if (table.hub.run && run != table.hub.run) run = table.hub.run;
  LATIUM_TRY(const bool found, find_one(plan, arguments));
  if (found) return {};
  LATIUM_TRY(std::vector<Probe> probes, probes_of(plan, arguments));
  std::size_t limit = kPage;
  if (plan.limit >= 0 && probes.size() <= 1) {
    const auto number = [&](int argument) {
      return argument < 0 ? 0 : std::max<sqlite3_int64>(0, sqlite3_value_int64(arguments[static_cast<std::size_t>(argument)]));
    };
    const sqlite3_int64 wanted = number(plan.limit) + number(plan.offset);
    if (wanted > 0 && static_cast<std::size_t>(wanted) < limit) limit = static_cast<std::size_t>(wanted);
  }
  std::vector<Source> others;
  for (const Cursor* other : table.hub.cursors) {
    if (other != this && other->run == run && !other->at_end()) others.push_back(other->source());
  }
  come_first();
  if (probes.empty()) return {};
  const bool all = plan.equal.empty() && !plan.low && !plan.high && plan.limit < 0;
  LATIUM_TRY(WholeTable * whole, run->whole(table.table, all ? kPage : plan.limit < 0 ? probes.size() : 0));
  if (whole == nullptr) {
    LATIUM_TRY(auto looked_up, run->look_up(table.table, plan, probes, limit, others));
    if (looked_up) {
      sets = *std::move(looked_up);
      return settle();
    }
    LATIUM_TRY(whole, run->whole(table.table, 0));
  }
  return pick(plan, probes, *whole);
}

// On to where a row is.
Result<void> Cursor::settle() {
  row_ = nullptr;
  if (image) {
    if (at < picked_.size()) row_ = &image->image().rows()[picked_[at]];
    return {};
  }
  while (set < sets.size()) {
    RowSet& rows = *sets[set];
    if (at < rows.rows.size()) {
      row_ = &rows.rows[at];
      return {};
    }
    if (!rows.next.empty()) {
      LATIUM_CHECKED(run->next_page(owner().table, rows));
    } else {
      ++set;
      at = 0;
    }
  }
  return {};
}

Result<void> Cursor::next() {
  ++at;
  return settle();
}

}  // namespace latium::sql
