// Structs as rows of tables: described with Boost.Describe, mapped once, then added, read and changed as what they are.
//
//   struct Host {
//     std::string name;
//     std::int64_t cpus = 0;
//     std::optional<latium::Timestamp> seen;
//   };
//   BOOST_DESCRIBE_STRUCT(Host, (), (name, cpus, seen))
//   auto table_of(latium::Entity<Host>) { return latium::table<Host>("hosts").primary_key(&Host::name).index(&Host::cpus); }
//
//   database.create_table<Host>();
//   Host host{.name = "n1", .cpus = 64};
//   session.add(host);
//   latium::Result<std::optional<Host>> found = session.get<Host>("n1");
//
// A member is a column of its name. Its type decides the column's: bool; integers of up to 64 bits with a sign, and enumerations;
// float, double; std::string; Blob, Timestamp, Uuid, Json. std::optional of them is a column that may be null. Columns that the
// table has and the struct has not get their defaults in add() and stay as they are in update(), so old programs go on working
// when a column is added. Members of described bases are columns too, before those of the struct.
#pragma once

#include <boost/describe.hpp>
#include <boost/mp11/algorithm.hpp>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "latium/database.h"
#include "latium/session.h"

namespace latium {

/// Stands for a struct in table_of(), which is looked for in the struct's namespace.
template <class T>
struct Entity {};

namespace entity_internal {

template <class T>
using Members = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

template <class M>
struct Optional {
  static constexpr bool kIs = false;
  using Inner = M;
};
template <class M>
struct Optional<std::optional<M>> {
  static constexpr bool kIs = true;
  using Inner = M;
};

template <class M>
constexpr ValueType type_of() {
  if constexpr (std::is_enum_v<M>) {
    return ValueType::integer;
  } else if constexpr (std::same_as<M, bool>) {
    return ValueType::boolean;
  } else if constexpr (std::integral<M>) {
    static_assert(sizeof(M) < 8 || std::is_signed_v<M>, "a column has no room for all values of an unsigned 64-bit member");
    return ValueType::integer;
  } else if constexpr (std::floating_point<M>) {
    return ValueType::real;
  } else if constexpr (std::same_as<M, std::string>) {
    return ValueType::text;
  } else if constexpr (std::same_as<M, Blob>) {
    return ValueType::bytes;
  } else if constexpr (std::same_as<M, Timestamp>) {
    return ValueType::timestamp;
  } else if constexpr (std::same_as<M, Uuid>) {
    return ValueType::uuid;
  } else {
    static_assert(std::same_as<M, Json>, "a member of this type cannot be a column: see the head of latium/entity.h");
    return ValueType::json;
  }
}

// What a column of the member's type holds.
template <class M>
struct Stored {
  using Type = std::variant_alternative_t<static_cast<std::size_t>(type_of<M>()), Value::Variant>;
};

inline std::unexpected<Error> misfit(const std::string& column, const std::string& why) {
  return std::unexpected(Error(ErrorCode::invalid_argument, "column '" + column + "' " + why));
}

// Runs `visit(member pointer, name)` for every column.
template <class T, class Visit>
void for_each_member(Visit visit) {
  boost::mp11::mp_for_each<Members<T>>([&](auto described) { visit(described.pointer, described.name); });
}

}  // namespace entity_internal

/// A member as its column holds it.
template <class M>
Value to_value(const M& member) {
  if constexpr (entity_internal::Optional<M>::kIs) {
    return member ? to_value(*member) : Value();
  } else if constexpr (std::is_enum_v<M>) {
    return Value(static_cast<std::int64_t>(member));
  } else {
    static_assert(static_cast<int>(entity_internal::type_of<M>()) > 0);
    return Value(member);
  }
}

/// The other way round. `invalid_argument`, naming the column: a null for what is no std::optional, another type, a number that
/// the member has no room for.
template <class M>
Result<void> from_value(const std::string& column, const Value& value, M& member) {
  using entity_internal::misfit;
  if constexpr (entity_internal::Optional<M>::kIs) {
    if (value.is_null()) return member.reset(), Result<void>();
    return from_value(column, value, member.emplace());
  } else {
    if (value.is_null()) return misfit(column, "is null, which its member cannot be: make it a std::optional");
    const auto* const held = value.get_if<typename entity_internal::Stored<M>::Type>();
    if (held == nullptr) {
      return misfit(column, "holds a value of type " + std::string(to_string(value.type())) + ", its member is for " +
                                std::string(to_string(entity_internal::type_of<M>())));
    }
    if constexpr (entity_internal::type_of<M>() == ValueType::integer) {
      member = static_cast<M>(*held);
      if (static_cast<std::int64_t>(member) != *held) {
        return misfit(column, "holds " + std::to_string(*held) + ", which its member has no room for");
      }
    } else {
      member = static_cast<M>(*held);
    }
    return {};
  }
}

/// The name of a member, which is that of its column.
template <class T, class C, class M>
std::string column_name(M C::* wanted) {
  std::string found;
  entity_internal::for_each_member<T>([&](auto pointer, const char* name) {
    if constexpr (std::same_as<decltype(pointer), M C::*>) {
      if (pointer == wanted) found = name;
    }
  });
  return found;  // empty: it is not described, which create_table() refuses
}

/// How a struct is a table; what table() begins and table_of() returns. Names of indexes are made of their columns', as the
/// command line does it: by_host, unique_uuid.
template <class T>
class EntityTable {
 public:
  explicit EntityTable(std::string name) {
    definition_.name = std::move(name);
    entity_internal::for_each_member<T>([this](auto pointer, const char* member) {
      using M = std::remove_cvref_t<decltype(std::declval<T&>().*pointer)>;
      using Optional = entity_internal::Optional<M>;
      definition_.columns.push_back(
          {.name = member, .type = entity_internal::type_of<typename Optional::Inner>(), .nullable = Optional::kIs});
    });
  }

  template <class... M>
  EntityTable primary_key(M... members) && {
    definition_.primary_key = {column_name<T>(members)...};
    return std::move(*this);
  }
  /// In the order of these columns.
  template <class... M>
  EntityTable index(M... members) && {
    return std::move(*this).add_index("by", {column_name<T>(members)...}, false);
  }
  /// No two rows have the same values.
  template <class... M>
  EntityTable unique(M... members) && {
    return std::move(*this).add_index("unique", {column_name<T>(members)...}, true);
  }
  /// A member that is 0, or nothing, when the struct is added gets the next number.
  template <class M>
  EntityTable auto_increment(M member) && {
    auto& column = column_of(column_name<T>(member));
    column.auto_increment = true;
    column.nullable = false;
    return std::move(*this);
  }
  /// For rows that programs without the member add, and for those that are there when the column is.
  template <class M>
  EntityTable default_value(M member, Value value) && {
    column_of(column_name<T>(member)).default_value = std::move(value);
    return std::move(*this);
  }
  /// Compared without regard to the case of A-Z.
  template <class M>
  EntityTable nocase(M member) && {
    column_of(column_name<T>(member)).nocase = true;
    return std::move(*this);
  }
  /// A row of the other struct's table has in `referenced` what this one has in `member`.
  template <class M, class Other, class N>
  EntityTable foreign_key(M member, N Other::* referenced) && {
    definition_.foreign_keys.push_back({.columns = {column_name<T>(member)},
                                        .table = table_of(Entity<Other>()).definition().name,
                                        .referenced = {column_name<Other>(referenced)}});
    return std::move(*this);
  }

  const TableDefinition& definition() const { return definition_; }

 private:
  EntityTable add_index(std::string name, std::vector<std::string> columns, bool unique) && {
    for (const std::string& column : columns) name += "_" + column;
    definition_.indexes.push_back({.name = std::move(name), .columns = std::move(columns), .unique = unique});
    return std::move(*this);
  }
  Column& column_of(const std::string& name) {
    for (Column& column : definition_.columns) {
      if (column.name == name) return column;
    }
    return definition_.columns.emplace_back();  // refused by its empty name
  }

  TableDefinition definition_;
};

template <class T>
EntityTable<T> table(std::string name) {
  return EntityTable<T>(std::move(name));
}

namespace entity_internal {

// What is needed of a mapping again and again.
template <class T>
struct Mapping {
  TableDefinition definition = table_of(Entity<T>()).definition();
  std::vector<std::string> columns = names();
  std::string numbered = auto_increment();

  static const Mapping& get() {
    static const Mapping mapping;
    return mapping;
  }

 private:
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const Column& column : definition.columns) out.push_back(column.name);
    return out;
  }
  std::string auto_increment() const {
    for (const Column& column : definition.columns) {
      if (column.auto_increment) return column.name;
    }
    return {};
  }
};

template <class T>
Row to_row(const T& entity) {
  Row row;
  const std::string& numbered = Mapping<T>::get().numbered;
  for_each_member<T>([&](auto pointer, const char* name) {
    Value value = to_value(entity.*pointer);
    // 0 is no number that is ever given.
    if (numbered == name && value == Value(0)) value = Value();
    row.values.push_back(std::move(value));
  });
  return row;
}

template <class T>
Result<T> from_row(const Row& row) {
  T entity{};
  Result<void> done;
  std::size_t at = 0;
  for_each_member<T>([&](auto pointer, const char* name) {
    if (done) done = from_value(name, row.values.at(at++), entity.*pointer);
  });
  if (!done) return std::unexpected(done.error());
  return entity;
}

template <class T>
std::vector<Value> key_of(const T& entity) {
  std::vector<Value> key;
  for (const std::string& column : Mapping<T>::get().definition.primary_key) {
    for_each_member<T>([&](auto pointer, const char* name) {
      if (column == name) key.push_back(to_value(entity.*pointer));
    });
  }
  return key;
}

template <class T>
void set_number(T& entity, std::int64_t number) {
  const std::string& numbered = Mapping<T>::get().numbered;
  for_each_member<T>([&](auto pointer, const char* name) {
    using M = typename Optional<std::remove_cvref_t<decltype(entity.*pointer)>>::Inner;
    if constexpr (std::integral<M> && !std::same_as<M, bool>) {
      if (numbered == name) entity.*pointer = static_cast<M>(number);
    }
  });
}

template <class T>
Result<EntityPage<T>> to_page(Result<RowPage> page) {
  if (!page) return std::unexpected(std::move(page).error());
  EntityPage<T> out{.rows = {}, .more = page->more, .next = std::move(page->next)};
  for (const Row& row : page->rows) {
    Result<T> entity = from_row<T>(row);
    if (!entity) return std::unexpected(std::move(entity).error());
    out.rows.push_back(*std::move(entity));
  }
  return out;
}

}  // namespace entity_internal

template <class T>
Result<TableInfo> Database::create_table(TableOptions options) {
  return create_table(entity_internal::Mapping<T>::get().definition, options);
}

template <class T>
Result<void> Session::add(T&& entity) {
  const auto& mapping = entity_internal::Mapping<std::remove_cvref_t<T>>::get();
  Result<void> added = add(mapping.definition.name, entity_internal::to_row(entity), {.columns = mapping.columns});
  if constexpr (!std::is_const_v<std::remove_reference_t<T>>) {
    if (const auto number = last_id(); added && number && !mapping.numbered.empty()) {
      entity_internal::set_number(entity, *number);
    }
  }
  return added;
}

template <class T>
Result<void> Session::update(const T& entity) {
  const auto& mapping = entity_internal::Mapping<T>::get();
  return update(mapping.definition.name, entity_internal::to_row(entity), {.columns = mapping.columns});
}

template <class T>
Result<bool> Session::remove(const T& entity) {
  return remove(entity_internal::Mapping<T>::get().definition.name, entity_internal::key_of(entity));
}

template <class T, class... Key>
Result<std::optional<T>> Session::get(const Key&... key) {
  const auto& mapping = entity_internal::Mapping<T>::get();
  Result<std::optional<Row>> row = get(mapping.definition.name, {Value(key)...}, {.columns = mapping.columns});
  if (!row) return std::unexpected(std::move(row).error());
  if (!*row) return std::optional<T>();
  Result<T> entity = entity_internal::from_row<T>(**row);
  if (!entity) return std::unexpected(std::move(entity).error());
  return std::optional<T>(*std::move(entity));
}

template <class T>
Result<EntityPage<T>> Session::find(std::string_view index, RowRange range, std::size_t limit, RowReadOptions options) {
  const auto& mapping = entity_internal::Mapping<T>::get();
  options.columns = mapping.columns;
  return entity_internal::to_page<T>(find(mapping.definition.name, index, std::move(range), limit, std::move(options)));
}

template <class T>
Result<T> Session::one(std::string_view index, RowRange range, RowReadOptions options) {
  const std::string& name = entity_internal::Mapping<T>::get().definition.name;
  Result<EntityPage<T>> page = find<T>(index, std::move(range), 2, std::move(options));
  if (!page) return std::unexpected(std::move(page).error());
  if (page->rows.empty()) return std::unexpected(Error(ErrorCode::not_found, "table '" + name + "' has no row in this range"));
  if (page->rows.size() > 1) {
    return std::unexpected(Error(ErrorCode::multiple_results, "table '" + name + "' has more than one row in this range"));
  }
  return std::move(page->rows.front());
}

}  // namespace latium
