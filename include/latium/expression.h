// Expressions of queries: columns, comparisons, functions, made into SQL with its values bound. latium/query.h asks with them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "latium/entity.h"

namespace latium {

namespace query_internal {

/// A piece of SQL and the values of its `?`, in order.
struct Piece {
  std::string sql{};
  std::vector<Value> values{};

  Piece& add(std::string_view text) {
    sql += text;
    return *this;
  }
  Piece& add(const Piece& other) {
    sql += other.sql;
    values.insert(values.end(), other.values.begin(), other.values.end());
    return *this;
  }
};

inline Piece bound(Value value) {
  return {"?", {std::move(value)}};
}
inline Piece joined(const Piece& left, std::string_view between, const Piece& right) {
  return Piece{"("}.add(left).add(between).add(right).add(")");
}

/// A name as SQL takes it, whatever is in it.
std::string name_text(std::string_view name);

}  // namespace query_internal

/// An ordering of rows by an expression.
struct Ordering {
  query_internal::Piece piece;
};

template <class M>
class Expression;
using Condition = Expression<bool>;

namespace query_internal {

template <class M>
struct Plain {
  using Type = typename entity_internal::Optional<std::remove_cvref_t<M>>::Inner;
};
template <class T>
struct IsExpression : std::false_type {};
template <class M>
struct IsExpression<Expression<M>> : std::true_type {};

// What may stand beside an expression of M: the same without std::optional, numbers with numbers.
template <class M, class V>
concept Fits =
    std::is_same_v<typename Plain<M>::Type, typename Plain<V>::Type> || std::is_convertible_v<V, typename Plain<M>::Type>;

template <class M, class V>
Value value_for(const V& value) {
  using P = typename Plain<M>::Type;
  if constexpr (entity_internal::Optional<V>::kIs) {
    return value ? value_for<M>(*value) : Value();
  } else if constexpr (std::is_same_v<std::remove_cvref_t<V>, P>) {
    return to_value(value);
  } else if constexpr (std::is_floating_point_v<V> && std::is_arithmetic_v<P>) {
    return Value(value);  // 1.5 beside an integer stays 1.5
  } else {
    return to_value(static_cast<P>(value));
  }
}

}  // namespace query_internal

/// Something that SQL works out for each row, of the type M: a column, a function, a comparison.
template <class M>
class Expression {
 public:
  using Type = M;
  explicit Expression(query_internal::Piece piece) : piece_(std::move(piece)) {}

  const query_internal::Piece& piece() const { return piece_; }

  template <class V>
    requires query_internal::Fits<M, V>
  Condition in_(const std::vector<V>& values) const;
  /// Of a query that selects one column.
  template <class Subquery>
    requires requires(const Subquery& query) { query.subquery(); }
  Condition in_(const Subquery& query) const {
    return Condition(query_internal::joined(piece_, " IN ", query.subquery()));
  }
  template <class Anything>
  Condition not_in(const Anything& values) const {
    return !in_(values);
  }
  Condition is_null() const { return Condition(query_internal::Piece{"("}.add(piece_).add(" IS NULL)")); }
  Condition is_not_null() const { return Condition(query_internal::Piece{"("}.add(piece_).add(" IS NOT NULL)")); }
  /// `%` any characters, `_` one; the case of A-Z does not count.
  Condition like(std::string_view pattern) const
    requires std::is_same_v<typename query_internal::Plain<M>::Type, std::string>
  {
    return Condition(query_internal::joined(piece_, " LIKE ", query_internal::bound(Value(pattern))));
  }
  template <class V>
    requires query_internal::Fits<M, V>
  Condition between(const V& low, const V& high) const {
    using namespace query_internal;
    return Condition(Piece{"("}
                         .add(piece_)
                         .add(" BETWEEN ")
                         .add(bound(value_for<M>(low)))
                         .add(" AND ")
                         .add(bound(value_for<M>(high)))
                         .add(")"));
  }
  Ordering asc() const { return {query_internal::Piece(piece_).add(" ASC")}; }
  Ordering desc() const { return {query_internal::Piece(piece_).add(" DESC")}; }
  operator Ordering() const { return {piece_}; }

 private:
  query_internal::Piece piece_;
};

/// A member as a column, of the struct's table or of a table joined under another name.
template <class T, class M>
Expression<M> col(M T::* member) {
  using namespace query_internal;
  return Expression<M>(
      Piece{name_text(entity_internal::Mapping<T>::get().definition.name) + "." + name_text(column_name<T>(member))});
}
template <class T, class M>
Expression<M> col(std::string_view alias, M T::* member) {
  return Expression<M>(
      query_internal::Piece{query_internal::name_text(alias) + "." + query_internal::name_text(column_name<T>(member))});
}

namespace query_internal {

template <class M, class V>
Piece side(const V& value) {
  if constexpr (IsExpression<V>::value) {
    return value.piece();
  } else {
    return bound(value_for<M>(value));
  }
}
template <class M, class V>
concept Side =
    (IsExpression<V>::value && requires { requires Fits<M, typename V::Type>; }) || (!IsExpression<V>::value && Fits<M, V>);

}  // namespace query_internal

// `==` and `!=` with nothing are IS NULL and IS NOT NULL; other comparisons with null are never true, as in SQL.
template <class M>
Condition operator==(const Expression<M>& left, std::nullopt_t) {
  return left.is_null();
}
template <class M>
Condition operator!=(const Expression<M>& left, std::nullopt_t) {
  return left.is_not_null();
}
#define LATIUM_QUERY_OPERATOR(op, text, type)                                                            \
  template <class M, class V>                                                                            \
    requires query_internal::Side<M, V>                                                                  \
  Expression<type> operator op(const Expression<M>& left, const V & right) {                             \
    return Expression<type>(query_internal::joined(left.piece(), text, query_internal::side<M>(right))); \
  }
LATIUM_QUERY_OPERATOR(==, " = ", bool)
LATIUM_QUERY_OPERATOR(!=, " <> ", bool)
LATIUM_QUERY_OPERATOR(<, " < ", bool)
LATIUM_QUERY_OPERATOR(<=, " <= ", bool)
LATIUM_QUERY_OPERATOR(>, " > ", bool)
LATIUM_QUERY_OPERATOR(>=, " >= ", bool)
LATIUM_QUERY_OPERATOR(+, " + ", M)
LATIUM_QUERY_OPERATOR(-, " - ", M)
LATIUM_QUERY_OPERATOR(*, " * ", M)
LATIUM_QUERY_OPERATOR(/, " / ", M)
LATIUM_QUERY_OPERATOR(%, " % ", M)
#undef LATIUM_QUERY_OPERATOR

inline Condition operator&&(const Condition& left, const Condition& right) {
  return Condition(query_internal::joined(left.piece(), " AND ", right.piece()));
}
inline Condition operator||(const Condition& left, const Condition& right) {
  return Condition(query_internal::joined(left.piece(), " OR ", right.piece()));
}
inline Condition operator!(const Condition& condition) {
  return Condition(query_internal::Piece{"(NOT "}.add(condition.piece()).add(")"));
}

template <class M>
template <class V>
  requires query_internal::Fits<M, V>
Condition Expression<M>::in_(const std::vector<V>& values) const {
  query_internal::Piece out = query_internal::Piece{"("}.add(piece_).add(" IN (");
  for (std::size_t i = 0; i < values.size(); ++i) {
    out.add(i == 0 ? "" : ", ").add(query_internal::bound(query_internal::value_for<M>(V(values[i]))));
  }
  return Condition(std::move(out.add("))")));
}

/// The name of a function of SQL, a literal of letters, digits and _.
class FunctionName {
 public:
  consteval FunctionName(const char* name) : name_(name) {
    for (const char c : name_) {
      const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
      if (!letter) throw "a function's name is of letters, digits and _";
    }
  }
  std::string_view name() const { return name_; }

 private:
  std::string_view name_;
};

/// Any function of SQL, whose result is an M: func<std::string>("upper", col(&Host::name)).
template <class M, class... A>
Expression<M> func(FunctionName name, const A&... arguments) {
  using namespace query_internal;
  Piece out{std::string(name.name()) + "("};
  bool first = true;
  const auto take = [&](const auto& argument) {
    out.add(std::exchange(first, false) ? "" : ", ");
    if constexpr (IsExpression<std::remove_cvref_t<decltype(argument)>>::value) {
      out.add(argument.piece());
    } else {
      out.add(bound(Value(argument)));
    }
  };
  (take(arguments), ...);
  return Expression<M>(std::move(out.add(")")));
}

/// Rows.
inline Expression<std::int64_t> count() {
  return Expression<std::int64_t>(query_internal::Piece{"count(*)"});
}
/// Rows in which it is not null.
template <class M>
Expression<std::int64_t> count(const Expression<M>& of) {
  return func<std::int64_t>("count", of);
}
template <class M>
Expression<std::int64_t> count_distinct(const Expression<M>& of) {
  return Expression<std::int64_t>(query_internal::Piece{"count(DISTINCT "}.add(of.piece()).add(")"));
}
/// Nothing when there are no rows.
template <class M>
Expression<std::optional<typename query_internal::Plain<M>::Type>> sum(const Expression<M>& of) {
  return func<std::optional<typename query_internal::Plain<M>::Type>>("sum", of);
}
template <class M>
Expression<std::optional<typename query_internal::Plain<M>::Type>> min(const Expression<M>& of) {
  return func<std::optional<typename query_internal::Plain<M>::Type>>("min", of);
}
template <class M>
Expression<std::optional<typename query_internal::Plain<M>::Type>> max(const Expression<M>& of) {
  return func<std::optional<typename query_internal::Plain<M>::Type>>("max", of);
}
template <class M>
Expression<std::optional<double>> avg(const Expression<M>& of) {
  return func<std::optional<double>>("avg", of);
}
/// `of`, or `otherwise` where it is null.
template <class M, class V>
  requires query_internal::Side<M, V>
Expression<typename query_internal::Plain<M>::Type> coalesce(const Expression<M>& of, const V& otherwise) {
  using namespace query_internal;
  return Expression<typename Plain<M>::Type>(Piece{"coalesce("}.add(of.piece()).add(", ").add(side<M>(otherwise)).add(")"));
}

/// Whether a query, which may name tables of the query around it, has a row.
template <class Subquery>
Condition exists(const Subquery& query) {
  return Condition(query_internal::Piece{"EXISTS "}.add(query.subquery()));
}

/// A new value of a column, for Query::update().
struct Assignment {
  query_internal::Piece piece;
};
template <class T, class M, class V>
  requires query_internal::Side<M, V>
Assignment set(M T::* member, const V& value) {
  using namespace query_internal;
  return {Piece{name_text(column_name<T>(member)) + " = "}.add(side<M>(value))};
}
template <class T, class M>
Assignment set(M T::* member, std::nullopt_t) {
  static_assert(entity_internal::Optional<M>::kIs, "this column cannot be null");
  return {query_internal::Piece{query_internal::name_text(column_name<T>(member)) + " = NULL"}};
}

}  // namespace latium
