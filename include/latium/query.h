// Query: questions about structs (latium/entity.h) in the words of SQLAlchemy and ROME; SQL is made of them, and values are
// always bound.
//
//   auto hosts = latium::query<Host>(session)                            // a SqlSession
//                    .filter(col(&Host::cpus) > 2 && col(&Host::name).like("n%"))
//                    .order_by(col(&Host::cpus).desc()).limit(20).all();  // Result<std::vector<Host>>
//   auto loads = latium::query_of<Instance>(session, col(&Instance::host), count())  //
//   Result<std::vector<std::tuple<std::string, std::int64_t>>>
//                    .filter_by(&Instance::deleted, false).group_by(col(&Instance::host)).having(count() > 10).all();
//   auto pairs = latium::query<Instance, std::optional<Extra>>(session)
//                    .outer_join<Extra>(col(&Extra::uuid) == col(&Instance::uuid)).all();
//
// What does not fit does not compile: a member of another struct's type compared with the wrong type, a union of different rows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "latium/entity.h"
#include "latium/expression.h"
#include "latium/sql.h"

namespace latium {

namespace query_internal {

/// What a SELECT is made of.
struct Clauses {
  Piece selected;
  bool distinct = false;
  Piece from;
  Piece where;
  Piece group;
  Piece having;
  Piece order;
  std::optional<std::uint64_t> limit;
  std::optional<std::uint64_t> offset;
  Piece compounds;    // UNION ...
  std::string table;  // of the first entity
  bool joins = false;
  bool for_update = false;
};

Piece select_of(const Clauses& clauses);
/// All rows. Of a query for_update, after a write that changes nothing of the same rows.
Result<std::vector<std::vector<Value>>> fetch(SqlSession& session, const Clauses& clauses);
Result<void> each(SqlSession& session, const Clauses& clauses, const std::function<Result<bool>(std::vector<Value>)>& take);
Result<Value> scalar(SqlSession& session, Piece piece);
/// UPDATE ... SET and DELETE. `invalid_argument` for a query of more than one table, or with an order, a limit or a group.
Result<std::int64_t> change(SqlSession& session, const Clauses& clauses, std::string_view verb, const Piece& set);
/// What SQL gives, as a column of that type holds it: a timestamp of its text, a boolean of 0 and 1. `invalid_argument`.
Result<Value> as_column(ValueType type, Value value);
Error no_result(const std::string& table);
Error several_results(const std::string& table);

// How a part of a row is selected, and read: a struct, a struct that may be missing, or a value.
template <class R>
struct Part {
  static constexpr bool kEntity = false;
  static constexpr std::size_t kColumns = 1;
  static Result<R> read(const Value* values) {
    R out{};
    Result<Value> value = as_column(entity_internal::type_of<typename Plain<R>::Type>(), *values);
    if (!value) return std::unexpected(std::move(value).error());
    if (auto done = from_value("of a query", *value, out); !done) return std::unexpected(done.error());
    return out;
  }
};
template <class R>
  requires(boost::describe::has_describe_members<R>::value && !std::is_enum_v<R>)
struct Part<R> {
  static constexpr bool kEntity = true;
  static constexpr std::size_t kColumns = boost::mp11::mp_size<entity_internal::Members<R>>::value;
  using Entity = R;
  static Result<R> read(const Value* values) {
    Row row;
    std::size_t at = 0;
    for (const Column& column : entity_internal::Mapping<R>::get().definition.columns) {
      Result<Value> value = as_column(column.type, values[at++]);
      if (!value) return std::unexpected(std::move(value).error());
      row.values.push_back(*std::move(value));
    }
    return entity_internal::from_row<R>(row);
  }
};
template <class R>
  requires Part<R>::kEntity
struct Part<std::optional<R>> {
  static constexpr bool kEntity = true;
  static constexpr std::size_t kColumns = Part<R>::kColumns;
  using Entity = R;
  // An outer join's missing row is null in every column, a row's key is not.
  static Result<std::optional<R>> read(const Value* values) {
    bool there = false;
    for (std::size_t i = 0; i < kColumns; ++i) there = there || !values[i].is_null();
    if (!there) return std::optional<R>();
    Result<R> entity = Part<R>::read(values);
    if (!entity) return std::unexpected(std::move(entity).error());
    return std::optional<R>(*std::move(entity));
  }
};

template <class T>
std::string table_name() {
  return entity_internal::Mapping<T>::get().definition.name;
}

template <class T>
std::string all_columns(std::string_view alias) {
  std::string out;
  for (const std::string& column : entity_internal::Mapping<T>::get().columns) {
    out += (out.empty() ? "" : ", ") + name_text(alias) + "." + name_text(column);
  }
  return out;
}

template <class... R>
struct RowOf {
  using Type = std::tuple<R...>;
};
template <class R>
struct RowOf<R> {
  using Type = R;
};

}  // namespace query_internal

/// A question, whose rows are an R, or a tuple of several. Each step takes the query and gives it back: go on from a copy to keep
/// one. Nothing is asked before all(), first(), ...
/// Errors of those: the session's (latium/sql.h), and `invalid_argument` for a value that its member has no room for.
template <class... R>
class Query {
 public:
  using RowType = typename query_internal::RowOf<R...>::Type;

  explicit Query(SqlSession& session, query_internal::Clauses clauses) : session_(&session), clauses_(std::move(clauses)) {}

  /// Only rows for which this holds, and what was asked before.
  Query filter(const Condition& condition) && {
    clauses_.where = both(clauses_.where, condition);
    return std::move(*this);
  }
  /// Column by column: filter_by(&Host::name, "n1", &Host::cpus, 64).
  template <class T, class M, class V, class... More>
  Query filter_by(M T::* member, const V& value, const More&... more) && {
    Query next = std::move(*this).filter(col(member) == value);
    if constexpr (sizeof...(more) == 0) {
      return next;
    } else {
      return std::move(next).filter_by(more...);
    }
  }
  /// E's rows beside those of before, where `on` holds; their columns are selected if query<> names E.
  template <class E>
  Query join(const Condition& on) && {
    return std::move(*this).template joins<E>(" JOIN ", query_internal::table_name<E>(), on);
  }
  template <class E>
  Query join(std::string_view alias, const Condition& on) && {
    return std::move(*this).template joins<E>(" JOIN ", alias, on);
  }
  /// Also rows of before without one of E's: its columns are null then.
  template <class E>
  Query outer_join(const Condition& on) && {
    return std::move(*this).template joins<E>(" LEFT OUTER JOIN ", query_internal::table_name<E>(), on);
  }
  template <class E>
  Query outer_join(std::string_view alias, const Condition& on) && {
    return std::move(*this).template joins<E>(" LEFT OUTER JOIN ", alias, on);
  }
  /// In the order given; a column as it is ascends.
  template <class... O>
  Query order_by(const O&... orderings) && {
    (list(clauses_.order, Ordering(orderings).piece), ...);
    return std::move(*this);
  }
  Query limit(std::uint64_t rows) && {
    clauses_.limit = rows;
    return std::move(*this);
  }
  Query offset(std::uint64_t rows) && {
    clauses_.offset = rows;
    return std::move(*this);
  }
  Query distinct() && {
    clauses_.distinct = true;
    return std::move(*this);
  }
  template <class... M>
  Query group_by(const Expression<M>&... by) && {
    (list(clauses_.group, by.piece()), ...);
    return std::move(*this);
  }
  Query having(const Condition& condition) && {
    clauses_.having = both(clauses_.having, condition);
    return std::move(*this);
  }
  /// Rows of both, each once. Order and limit, said of this one afterwards, are of the whole.
  Query union_(const Query& other) && { return std::move(*this).compound(" UNION ", other); }
  Query union_all(const Query& other) && { return std::move(*this).compound(" UNION ALL ", other); }
  /// The rows must not change until the session's commit: if another session writes one of them first, that is a `conflict`. They
  /// are written as they are. Of one table, without groups or a limit.
  Query with_for_update() && {
    clauses_.for_update = true;
    return std::move(*this);
  }

  Result<std::vector<RowType>> all() const {
    auto rows = query_internal::fetch(*session_, clauses_);
    if (!rows) return std::unexpected(std::move(rows).error());
    std::vector<RowType> out;
    for (const std::vector<Value>& row : *rows) {
      Result<RowType> read = to_row(row);
      if (!read) return std::unexpected(std::move(read).error());
      out.push_back(*std::move(read));
    }
    return out;
  }
  /// Row by row, as they are found; false from `take` ends it.
  Result<void> each(const std::function<bool(RowType)>& take) const {
    return query_internal::each(*session_, clauses_, [&](std::vector<Value> row) -> Result<bool> {
      Result<RowType> read = to_row(row);
      if (!read) return std::unexpected(std::move(read).error());
      return take(*std::move(read));
    });
  }
  /// Nothing when there is none.
  Result<std::optional<RowType>> first() const { return at_most(1); }
  /// NoResultFound (`not_found`) and MultipleResultsFound (`multiple_results`): latium/db_errors.h.
  Result<RowType> one() const {
    auto row = one_or_none();
    if (!row) return std::unexpected(std::move(row).error());
    if (!*row) return std::unexpected(query_internal::no_result(clauses_.table));
    return **std::move(row);
  }
  Result<std::optional<RowType>> one_or_none() const { return at_most(2); }
  /// Rows that all() would give.
  Result<std::int64_t> count() const {
    using query_internal::Piece;
    auto counted = query_internal::scalar(*session_, Piece{"SELECT count(*) FROM "}.add(subquery()));
    if (!counted) return std::unexpected(std::move(counted).error());
    return counted->template get<std::int64_t>();
  }
  /// Whether there is a row.
  Result<bool> exists() const {
    using query_internal::Piece;
    auto found = query_internal::scalar(*session_, Piece{"SELECT EXISTS "}.add(subquery()));
    if (!found) return std::unexpected(std::move(found).error());
    return *found == Value(1);
  }
  /// All these rows, in one statement: how many there were. Of one table, without order, limit and group.
  template <class... A>
    requires(sizeof...(A) > 0 && (std::is_same_v<A, Assignment> && ...))
  Result<std::int64_t> update(const A&... assignments) const {
    query_internal::Piece set;
    (list(set, assignments.piece), ...);
    return query_internal::change(*session_, clauses_, "UPDATE", set);
  }
  Result<std::int64_t> remove() const { return query_internal::change(*session_, clauses_, "DELETE", {}); }

  /// In parentheses, for exists(), in_().
  query_internal::Piece subquery() const { return query_internal::Piece{"("}.add(query_internal::select_of(clauses_)).add(")"); }
  /// The SQL, for people.
  std::string to_string() const { return query_internal::select_of(clauses_).sql; }

 private:
  static query_internal::Piece both(const query_internal::Piece& before, const Condition& condition) {
    return before.sql.empty() ? condition.piece() : query_internal::joined(before, " AND ", condition.piece());
  }
  static void list(query_internal::Piece& out, const query_internal::Piece& next) {
    out.add(out.sql.empty() ? "" : ", ").add(next);
  }

  template <class E>
  Query joins(std::string_view how, std::string_view alias, const Condition& on) && {
    using query_internal::name_text;
    clauses_.joins = true;
    clauses_.from.add(how)
        .add(name_text(query_internal::table_name<E>()))
        .add(" AS ")
        .add(name_text(alias))
        .add(" ON ")
        .add(on.piece());
    return std::move(*this);
  }
  Query compound(std::string_view how, const Query& other) && {
    clauses_.compounds.add(how).add(query_internal::select_of(other.clauses_));
    return std::move(*this);
  }

  static Result<RowType> to_row(const std::vector<Value>& row) {
    std::size_t at = 0;
    Result<void> done;
    // Braces: from the left to the right.
    auto read = [&]<class P>(std::type_identity<P>) -> std::optional<P> {
      const Value* const values = row.data() + at;
      at += query_internal::Part<P>::kColumns;
      if (!done) return std::nullopt;
      Result<P> part = query_internal::Part<P>::read(values);
      if (!part) {
        done = std::unexpected(std::move(part).error());
        return std::nullopt;
      }
      return std::optional<P>(std::in_place, *std::move(part));
    };
    std::tuple<std::optional<R>...> parts{read(std::type_identity<R>())...};
    if (!done) return std::unexpected(std::move(done).error());
    return std::apply([](auto&&... part) { return RowType(*std::move(part)...); }, std::move(parts));
  }

  // The first row; an error when there are as many as `limit`, being more than one.
  Result<std::optional<RowType>> at_most(std::uint64_t limit) const {
    query_internal::Clauses clauses = clauses_;
    if (!clauses.for_update) clauses.limit = std::min(limit, clauses.limit.value_or(limit));
    auto rows = query_internal::fetch(*session_, clauses);
    if (!rows) return std::unexpected(std::move(rows).error());
    if (rows->empty()) return std::optional<RowType>();
    if (limit > 1 && rows->size() > 1) return std::unexpected(query_internal::several_results(clauses_.table));
    Result<RowType> row = to_row(rows->front());
    if (!row) return std::unexpected(std::move(row).error());
    return std::optional<RowType>(std::in_place, *std::move(row));
  }

  SqlSession* session_;  // outlives the query
  query_internal::Clauses clauses_;
};

/// Rows of E's table, and of those that are joined to it: query<A, std::optional<B>>(session).outer_join<B>(...).
template <class E, class... More>
Query<E, More...> query(SqlSession& session) {
  using namespace query_internal;
  using First = typename Part<E>::Entity;
  Clauses clauses;
  clauses.table = table_name<First>();
  clauses.selected.add(all_columns<First>(clauses.table));
  (clauses.selected.add(", ").add(all_columns<typename Part<More>::Entity>(table_name<typename Part<More>::Entity>())), ...);
  clauses.from.add(name_text(clauses.table));
  return Query<E, More...>(session, std::move(clauses));
}

/// Values of E's rows: query_of<Host>(session, col(&Host::name), max(col(&Host::cpus))).
template <class E, class... M>
  requires(sizeof...(M) > 0)
Query<M...> query_of(SqlSession& session, const Expression<M>&... selected) {
  using namespace query_internal;
  Clauses clauses;
  clauses.table = table_name<E>();
  (clauses.selected.add(clauses.selected.sql.empty() ? "" : ", ").add(selected.piece()), ...);
  clauses.from.add(name_text(clauses.table));
  return Query<M...>(session, std::move(clauses));
}

}  // namespace latium
