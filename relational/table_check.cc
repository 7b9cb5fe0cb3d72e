#include "relational/table_check.h"

#include <algorithm>
#include <utility>

#include "relational/row_codec.h"
#include "relational/session.h"
#include "relational/session_errors.h"

namespace latium {

namespace {

// Of one step. The entries of its rows are read in one round trip.
constexpr std::size_t kKeysAStep = 200;

// The rows, then each index, in the order of their keys.
std::vector<std::pair<TupleRange, const IndexSchema*>> parts_of(const TableSchema& schema) {
  std::vector<std::pair<TupleRange, const IndexSchema*>> out = {{row_range(schema.id), nullptr}};
  for (const IndexSchema& index : schema.indexes) {
    if (index.state == IndexState::published) out.emplace_back(index_range(schema.id, index), &index);
  }
  std::ranges::sort(out, {}, [](const auto& each) { return each.first.begin; });
  return out;
}

std::string key_text(const TableSchema& schema, const std::vector<Value>& primary) {
  return columns_of(schema, schema.primary_key) + " = " + values_of(primary);
}

}  // namespace

std::string_view to_string(TableDifference::Kind kind) {
  switch (kind) {
    case TableDifference::Kind::missing_entry:
      return "missing_entry";
    case TableDifference::Kind::wrong_entry:
      return "wrong_entry";
    case TableDifference::Kind::stray_entry:
      return "stray_entry";
    case TableDifference::Kind::dangling_reference:
      return "dangling_reference";
    case TableDifference::Kind::unreadable:
      return "unreadable";
  }
  return "unknown";
}

Task<TableCheck> TableSession::check(std::string name, Bytes after, MonotonicTime deadline) {
  LATIUM_CO_TRY(const Schema schema, co_await table(std::move(name), deadline));
  const auto parts = parts_of(*schema);
  auto part = parts.begin();
  if (!after.empty()) {
    const auto of = table_of_key(after);
    if (!of || *of != schema->id) {
      co_return fail(ErrorCode::conflict, "table '" + schema->name + "' was made anew since the check began: begin again");
    }
    part = std::ranges::find_if(parts, [&](const auto& each) { return after < each.first.end; });
  }
  TableCheck out;
  if (part == parts.end()) co_return out;
  TupleRange range = part->first;
  if (after >= range.begin) range.begin = after + '\0';
  LATIUM_CO_TRY(const auto page, co_await transaction_->range(database_.tenant, all_partitions(), range, kKeysAStep, deadline));
  if (part->second == nullptr) {
    LATIUM_CO_CHECKED(co_await check_rows(schema, page, out, deadline));
  } else {
    LATIUM_CO_CHECKED(co_await check_entries(schema, *part->second, page, out, deadline));
  }
  if (page.more) {
    out.next = page.rows.back().key.key.substr(1);
  } else if (++part != parts.end()) {
    out.next = part->first.begin;
  }
  co_return out;
}

Task<void> TableSession::check_rows(Schema schema, const Transaction::Page& page, TableCheck& out, MonotonicTime deadline) {
  struct Wanted {
    TableDifference if_absent;
    std::optional<Bytes> value;  // that has to be there
  };
  std::vector<RegisterKey> keys;
  std::vector<Wanted> wanted;
  for (const Transaction::Found& found : page.rows) {
    ++out.rows;
    auto row = decode_row(*schema, found.row);
    if (!row) {
      out.differences.push_back({TableDifference::Kind::unreadable, "", printable(found.key.key), row.error().message});
      continue;
    }
    const std::string key = key_text(*schema, primary_key_of(*schema, *row));
    for (const IndexSchema& index : schema->indexes) {
      if (index.state != IndexState::published) continue;
      LATIUM_CO_TRY(auto entry, entry_for(*schema, index, *row));
      if (!entry) continue;
      keys.push_back(std::move(entry->first));
      wanted.push_back({{TableDifference::Kind::missing_entry, index.name, key, "the row has no entry in the index"},
                        std::move(entry->second)});
    }
    for (const ForeignKeySchema& foreign : schema->foreign_keys) {
      auto reference = co_await reference_of(schema, foreign, *row, deadline);
      if (reference && !*reference) continue;
      TableDifference difference{
          TableDifference::Kind::dangling_reference, "", key,
          columns_of(*schema, foreign.columns) + " names a row of '" + foreign.table + "' that is not there"};
      if (!reference) {
        difference.what = reference.error().message;
        out.differences.push_back(std::move(difference));
        continue;
      }
      keys.push_back(**std::move(reference));
      wanted.push_back({std::move(difference), std::nullopt});
    }
  }
  LATIUM_CO_TRY(const auto there, co_await transaction_->get(std::move(keys), deadline));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    TableDifference& difference = wanted[i].if_absent;
    if (there[i] && (!wanted[i].value || *there[i] == *wanted[i].value)) continue;
    if (there[i]) {
      difference.kind = TableDifference::Kind::wrong_entry;
      const auto other = decode_tuple(*there[i]);
      difference.what = "the index has another row under the same values: " + (other ? values_of(*other) : printable(*there[i]));
    }
    out.differences.push_back(std::move(difference));
  }
  co_return Result<void>();
}

Task<void> TableSession::check_entries(Schema schema, const IndexSchema& index, const Transaction::Page& page, TableCheck& out,
                                       MonotonicTime deadline) {
  std::vector<RegisterKey> keys;
  std::vector<std::pair<const Transaction::Found*, std::string>> entries;
  for (const Transaction::Found& found : page.rows) {
    ++out.entries;
    auto primary = primary_of_entry(*schema, index, found);
    const auto name = primary ? row_key(*schema, *primary) : Result<Bytes>(fail(primary.error()));
    if (!name) {
      out.differences.push_back({TableDifference::Kind::unreadable, index.name, printable(found.key.key), name.error().message});
      continue;
    }
    keys.push_back(key_of_row(*name));
    entries.emplace_back(&found, key_text(*schema, *primary));
  }
  LATIUM_CO_TRY(const auto rows, co_await transaction_->get(std::move(keys), deadline));
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto& [found, key] = entries[i];
    const auto stray = [&](std::string what) {
      out.differences.push_back({TableDifference::Kind::stray_entry, index.name, key, std::move(what)});
    };
    if (!rows[i]) {
      stray("the index has an entry for a row that is not there");
      continue;
    }
    const auto row = decode_row(*schema, *rows[i]);
    if (!row) continue;  // the rows' own check says so
    LATIUM_CO_TRY(const auto entry, entry_for(*schema, index, *row));
    if (!entry || entry->first != found->key) stray("the index has an entry for values that the row has not");
  }
  co_return Result<void>();
}

}  // namespace latium
