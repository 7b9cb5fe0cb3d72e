// The part of the query builder that knows no types: clauses to SQL, SQL to values.
#include "latium/query.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "base/result.h"

namespace latium::query_internal {

namespace {

void clause(Piece& out, std::string_view words, const Piece& piece) {
  if (!piece.sql.empty()) out.add(words).add(piece);
}

// A whole number of exactly `digits` digits at `at`; -1 otherwise.
int digits_at(std::string_view text, std::size_t at, std::size_t digits) {
  if (text.size() < at + digits) return -1;
  int number = 0;
  for (const char c : text.substr(at, digits)) {
    if (c < '0' || c > '9') return -1;
    number = number * 10 + (c - '0');
  }
  return number;
}

// "2026-01-31 12:00:00.000000", also with T and Z, with fewer decimals or none.
std::optional<Timestamp> parse_timestamp(std::string_view text) {
  using namespace std::chrono;
  if (text.ends_with('Z')) text.remove_suffix(1);
  const std::array<int, 6> parts = {digits_at(text, 0, 4),  digits_at(text, 5, 2),  digits_at(text, 8, 2),
                                    digits_at(text, 11, 2), digits_at(text, 14, 2), digits_at(text, 17, 2)};
  if (std::ranges::find(parts, -1) != parts.end() || text[4] != '-' || text[7] != '-' || (text[10] != ' ' && text[10] != 'T') ||
      text[13] != ':' || text[16] != ':') {
    return {};
  }
  const year_month_day day(year(parts[0]), month(static_cast<unsigned>(parts[1])),
                           std::chrono::day(static_cast<unsigned>(parts[2])));
  if (!day.ok() || parts[3] > 23 || parts[4] > 59 || parts[5] > 59) return {};
  std::int64_t us = 0;
  if (text.size() > 19) {
    const std::size_t decimals = text.size() - 20;
    if (text[19] != '.' || decimals == 0 || decimals > 6) return {};
    const int fraction = digits_at(text, 20, decimals);
    if (fraction < 0) return {};
    us = fraction;
    for (std::size_t i = decimals; i < 6; ++i) us *= 10;
  }
  const auto moment = sys_days(day) + hours(parts[3]) + minutes(parts[4]) + seconds(parts[5]) + microseconds(us);
  return Timestamp{duration_cast<microseconds>(moment.time_since_epoch()).count()};
}

// A column of the first table as it is.
Piece same_value(const Clauses& clauses) {
  const std::string first = clauses.selected.sql.substr(0, clauses.selected.sql.find(", "));
  const std::string column = first.substr(first.find("\".\"") + 2);
  return Piece{column + " = " + column};
}

Piece condition_of(const Clauses& clauses) {
  return clauses.where.sql.empty() ? Piece{} : Piece{" WHERE "}.add(clauses.where);
}

}  // namespace

std::string name_text(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) out.append(c == '"' ? 2 : 1, c);
  return out + "\"";
}

Piece select_of(const Clauses& clauses) {
  Piece out{clauses.distinct ? "SELECT DISTINCT " : "SELECT "};
  out.add(clauses.selected).add(" FROM ").add(clauses.from);
  clause(out, " WHERE ", clauses.where);
  clause(out, " GROUP BY ", clauses.group);
  clause(out, " HAVING ", clauses.having);
  out.add(clauses.compounds);
  clause(out, " ORDER BY ", clauses.order);
  if (clauses.limit || clauses.offset) {
    // SQLite takes an offset only behind a limit; -1 is none.
    out.add(" LIMIT ").add(bound(clauses.limit ? Value(static_cast<std::int64_t>(*clauses.limit)) : Value(-1)));
  }
  if (clauses.offset) out.add(" OFFSET ").add(bound(Value(static_cast<std::int64_t>(*clauses.offset))));
  return out;
}

Result<void> each(SqlSession& session, const Clauses& clauses, const std::function<Result<bool>(std::vector<Value>)>& take) {
  if (clauses.for_update) {
    if (auto written = change(session, clauses, "UPDATE", same_value(clauses)); !written) return fail(std::move(written).error());
  }
  const Piece select = select_of(clauses);
  LATIUM_TRY(SqlStatement statement, session.prepare(select.sql));
  LATIUM_CHECKED(statement.bind(select.values));
  for (;;) {
    LATIUM_TRY(const bool more, statement.step());
    if (!more) return {};
    LATIUM_TRY(const bool again, take(statement.row()));
    if (!again) return statement.reset();
  }
}

Result<std::vector<std::vector<Value>>> fetch(SqlSession& session, const Clauses& clauses) {
  std::vector<std::vector<Value>> rows;
  LATIUM_CHECKED(each(session, clauses, [&](std::vector<Value> row) -> Result<bool> {
    rows.push_back(std::move(row));
    return true;
  }));
  return rows;
}

Result<Value> scalar(SqlSession& session, Piece piece) {
  LATIUM_TRY(SqlResult result, session.execute(piece.sql, std::move(piece.values)));
  return std::move(result.rows.at(0).at(0));
}

Result<std::int64_t> change(SqlSession& session, const Clauses& clauses, std::string_view verb, const Piece& set) {
  const bool plain =
      !clauses.joins && clauses.group.sql.empty() && clauses.compounds.sql.empty() && !clauses.limit && !clauses.offset;
  if (!plain) {
    return fail(ErrorCode::invalid_argument,
                "a query of table '" + clauses.table +
                    "' with a join, group, union, limit or offset changes no rows: filter by in_() of a query");
  }
  Piece piece;
  if (verb == "UPDATE") {
    piece.add("UPDATE ").add(name_text(clauses.table)).add(" SET ").add(set);
  } else {
    piece.add("DELETE FROM ").add(name_text(clauses.table));
  }
  piece.add(condition_of(clauses));
  LATIUM_TRY(const SqlResult result, session.execute(piece.sql, std::move(piece.values)));
  return result.changes;
}

Result<Value> as_column(ValueType type, Value value) {
  if (value.is_null() || value.type() == type) return value;
  if (const auto* integer = value.get_if<std::int64_t>()) {
    if (type == ValueType::boolean && (*integer == 0 || *integer == 1)) return Value(*integer == 1);
    if (type == ValueType::real) return Value(static_cast<double>(*integer));
  }
  if (const auto* text = value.get_if<std::string>()) {
    if (type == ValueType::json) return Value(Json{*text});
    if (type == ValueType::uuid) {
      LATIUM_TRY(const Uuid uuid, Uuid::parse(*text));
      return Value(uuid);
    }
    if (type == ValueType::timestamp) {
      if (const auto moment = parse_timestamp(*text)) return Value(*moment);
    }
  }
  return fail(ErrorCode::invalid_argument, "SQL gave " + value.to_string() + ", which is no " + std::string(to_string(type)));
}

Error no_result(const std::string& table) {
  return {ErrorCode::not_found, "the query of table '" + table + "' has no row"};
}

Error several_results(const std::string& table) {
  return {ErrorCode::multiple_results, "the query of table '" + table + "' has more than one row"};
}

}  // namespace latium::query_internal
