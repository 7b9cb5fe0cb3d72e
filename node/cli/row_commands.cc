// `latium row`.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "node/cli/commands.h"
#include "node/cli/row_values.h"
#include "node/row_access.h"
#include "node/table_access.h"
#include "proto/row.pb.h"
#include "proto/table.pb.h"
#include "proto/wire.pb.h"

namespace latium::cli {

namespace {

constexpr int kRefused = 1;

struct RowOptions {
  std::string tenant;
  std::string table;
  std::string row;
  std::vector<std::string> key;
  std::string index;
  std::vector<std::string> equal;
  std::optional<std::string> low;
  std::optional<std::string> high;
  std::optional<std::string> above;
  std::optional<std::string> below;
  std::optional<std::string> prefix;
  std::string consistency = "quorum";
  std::uint64_t limit = 0;  // 0: all
  bool add = false;
  bool update = false;
  bool descending = false;
};

Result<client::Consistency> consistency_of(const RowOptions& options) {
  if (options.consistency == "quorum") return client::CONSISTENCY_QUORUM;
  if (options.consistency == "local") return client::CONSISTENCY_LOCAL;
  return fail(ErrorCode::invalid_argument, "--consistency " + for_one_line(options.consistency) + ": give local or quorum");
}

// Types are the table's: a JSON number may be an integer, a real or a moment.
Result<TableDefinition> describe(Context& context, const RowOptions& options) {
  client::TableDescribeRequest request;
  request.set_tenant(options.tenant);
  request.set_name(options.table);
  LATIUM_TRY(const auto response, context.read<client::TableDescribeResponse>(wire::METHOD_TABLE_DESCRIBE, request));
  return from_message(response.table());
}

Result<std::vector<Value>> values_from(const TableDefinition& table, const std::vector<std::string>& columns,
                                       const std::vector<std::string>& texts, const std::string& what) {
  if (texts.size() > columns.size()) {
    return fail(ErrorCode::invalid_argument,
                what + " has " + std::to_string(columns.size()) + " columns, not " + std::to_string(texts.size()));
  }
  std::vector<Value> out;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    LATIUM_TRY(const Column* const column, column_named(table, columns[i]));
    LATIUM_TRY(out.emplace_back(), value_from_text(*column, texts[i]));
  }
  return out;
}

Result<Bytes> key_from(const TableDefinition& table, const RowOptions& options) {
  const std::string what = "the primary key of table '" + table.name + "'";
  LATIUM_TRY(const std::vector<Value> key, values_from(table, table.primary_key, options.key, what));
  if (key.size() == table.primary_key.size()) return tuple_to_message(key);
  std::string names;
  for (const std::string& name : table.primary_key) names += " " + name;
  return fail(ErrorCode::invalid_argument, what + " has " + std::to_string(table.primary_key.size()) + " columns: give" + names);
}

Result<Json> row_json(const client::Row& row) {
  const std::vector<std::string> columns(row.columns().begin(), row.columns().end());
  LATIUM_TRY(const std::vector<Value> values, tuple_from_message("the node's answer", row.values()));
  return row_to_json(columns, values);
}

Result<int> put(Context& context, const RowOptions& options) {
  if (options.add && options.update) {
    return fail(ErrorCode::invalid_argument, "--add and --update exclude each other: give one, or none");
  }
  LATIUM_TRY(const TableDefinition table, describe(context, options));
  LATIUM_TRY(const NamedValues row, row_from_json(table, options.row));
  client::RowPutRequest request;
  request.set_tenant(options.tenant);
  request.set_table(options.table);
  to_message(row, *request.mutable_row());
  if (options.add) request.set_how(client::RowPutRequest::HOW_ADD);
  if (options.update) request.set_how(client::RowPutRequest::HOW_UPDATE);
  LATIUM_TRY(const auto response, context.write<client::RowPutResponse>(wire::METHOD_ROW_PUT, request));
  LATIUM_TRY(const Json stored, row_json(response.row()));
  if (context.options.json) {
    context.print({{"row", stored}, {"added", response.added()}, {"stats", to_json(response.stats())}});
  } else {
    context.out << (response.added() ? "added " : "changed ") << json_line(stored);
  }
  return 0;
}

Result<int> get(Context& context, const RowOptions& options) {
  LATIUM_TRY(const client::Consistency consistency, consistency_of(options));
  LATIUM_TRY(const TableDefinition table, describe(context, options));
  client::RowGetRequest request;
  request.set_tenant(options.tenant);
  request.set_table(options.table);
  LATIUM_TRY(*request.mutable_key(), key_from(table, options));
  request.set_consistency(consistency);
  LATIUM_TRY(const auto response, context.read<client::RowGetResponse>(wire::METHOD_ROW_GET, request));
  Json row;
  if (response.exists()) {
    LATIUM_TRY(row, row_json(response.row()));
  }
  if (context.options.json) {
    context.print({{"exists", response.exists()}, {"row", row}, {"stats", to_json(response.stats())}});
  } else if (response.exists()) {
    context.out << json_line(row);
  }
  if (response.exists()) return 0;
  context.note("table '" + for_one_line(options.table) + "' has no such row");
  return kRefused;
}

Result<int> remove(Context& context, const RowOptions& options) {
  LATIUM_TRY(const TableDefinition table, describe(context, options));
  client::RowDeleteRequest request;
  request.set_tenant(options.tenant);
  request.set_table(options.table);
  LATIUM_TRY(*request.mutable_key(), key_from(table, options));
  LATIUM_TRY(const auto response, context.write<client::RowDeleteResponse>(wire::METHOD_ROW_DELETE, request));
  if (context.options.json) {
    context.print({{"existed", response.existed()}, {"stats", to_json(response.stats())}});
  } else if (!response.existed()) {
    context.note("table '" + for_one_line(options.table) + "' has no such row");
  }
  return response.existed() ? 0 : kRefused;
}

Result<Bytes> bound_from(const TableDefinition& table, const std::vector<std::string>& columns, std::size_t at,
                         const std::string& text) {
  if (at >= columns.size()) {
    return fail(ErrorCode::invalid_argument, "there is no column left for a bound or prefix behind those of --equal");
  }
  LATIUM_TRY(const Column* const column, column_named(table, columns[at]));
  LATIUM_TRY(Value value, value_from_text(*column, text));
  return tuple_to_message({std::move(value)});
}

Result<client::RowFindRequest> find_request(const TableDefinition& table, const RowOptions& options) {
  if ((options.low && options.above) || (options.high && options.below)) {
    return fail(ErrorCode::invalid_argument, "--from and --above, --to and --below exclude each other: give one of them");
  }
  std::vector<std::string> columns = table.primary_key;
  std::string what = "the primary key";
  if (!options.index.empty()) {
    const auto index = std::ranges::find(table.indexes, options.index, &Index::name);
    if (index == table.indexes.end()) {
      std::string have;
      for (const Index& each : table.indexes) have += (have.empty() ? "" : ", ") + each.name;
      return fail(ErrorCode::invalid_argument, "table '" + table.name + "' has no index '" + for_one_line(options.index) +
                                                   "': it has " + (have.empty() ? "none" : have));
    }
    columns = index->columns;
    what = "index '" + index->name + "'";
  }
  client::RowFindRequest request;
  request.set_tenant(options.tenant);
  request.set_table(options.table);
  request.set_index(options.index);
  LATIUM_TRY(const std::vector<Value> equal, values_from(table, columns, options.equal, what));
  request.set_equal(tuple_to_message(equal));
  const auto set = [&](const std::optional<std::string>& text, std::string* out) -> Result<void> {
    if (!text) return {};
    LATIUM_TRY(*out, bound_from(table, columns, equal.size(), *text));
    return {};
  };
  LATIUM_CHECKED(set(options.low, request.mutable_low()));
  LATIUM_CHECKED(set(options.above, request.mutable_low()));
  LATIUM_CHECKED(set(options.high, request.mutable_high()));
  LATIUM_CHECKED(set(options.below, request.mutable_high()));
  request.set_low_exclusive(options.above.has_value());
  request.set_high_exclusive(options.below.has_value());
  request.set_has_prefix(options.prefix.has_value());
  request.set_prefix(options.prefix.value_or(""));
  request.set_descending(options.descending);
  LATIUM_TRY(const client::Consistency consistency, consistency_of(options));
  request.set_consistency(consistency);
  return request;
}

Result<int> find(Context& context, const RowOptions& options) {
  LATIUM_TRY(const TableDefinition table, describe(context, options));
  LATIUM_TRY(client::RowFindRequest request, find_request(table, options));
  std::uint64_t shown = 0;
  while (options.limit == 0 || shown < options.limit) {
    constexpr std::uint64_t kPage = 1000;
    request.set_limit(static_cast<std::uint32_t>(options.limit == 0 ? kPage : std::min(kPage, options.limit - shown)));
    LATIUM_TRY(const auto page, context.read<client::RowFindResponse>(wire::METHOD_ROW_FIND, request));
    const std::vector<std::string> columns(page.columns().begin(), page.columns().end());
    for (const std::string& row : page.rows()) {
      LATIUM_TRY(const std::vector<Value> values, tuple_from_message("the node's answer", row));
      context.out << json_line(row_to_json(columns, values));
    }
    shown += static_cast<std::uint64_t>(page.rows_size());
    if (!page.more()) break;
    request.set_after(page.next());
  }
  return 0;
}

using Run = Result<int> (*)(Context&, const RowOptions&);

Result<int> checked(Run run, Context& context, const RowOptions& options) {
  LATIUM_CHECKED(check_text("the tenant's name", options.tenant));
  LATIUM_CHECKED(check_text("the table's name", options.table));
  LATIUM_CHECKED(check_text("the row", options.row));
  LATIUM_CHECKED(check_text("the index's name", options.index));
  LATIUM_CHECKED(check_text("the prefix", options.prefix.value_or("")));
  return run(context, options);
}

void add_range_options(CLI::App& command, RowOptions& options) {
  command.add_option("--equal", options.equal, "The first columns have these values; once for each, in their order")
      ->option_text("VALUE")
      ->allow_extra_args(false);
  command.add_option("--from", options.low, "The next column is at least this")->option_text("VALUE");
  command.add_option("--above", options.above, "The next column is above this")->option_text("VALUE");
  command.add_option("--to", options.high, "The next column is at most this")->option_text("VALUE");
  command.add_option("--below", options.below, "The next column is below this")->option_text("VALUE");
  command.add_option("--prefix", options.prefix, "The next column is a text that begins with this")->option_text("TEXT");
  command.add_flag("--descending", options.descending, "Highest first");
  command.add_option("--limit", options.limit, "At most so many rows (default: all)")
      ->option_text("N")
      ->check(CLI::PositiveNumber);
}

}  // namespace

void add_row_commands(CLI::App& app, const Choose& choose) {
  const auto options = std::make_shared<RowOptions>();
  CLI::App* group = app.add_subcommand("row", "Rows of tables");
  group->require_subcommand(1);
  const auto add = [&](const char* name, const char* text, Run run) {
    CLI::App* command = group->add_subcommand(name, text);
    command->add_option("TENANT", options->tenant, "The tenant's name")->required();
    command->add_option("TABLE", options->table, "The table's name")->required();
    command->footer(kValueGrammar);
    command->callback(
        [choose, options, run] { choose([options, run](Context& context) { return checked(run, context, *options); }); });
    return command;
  };
  const auto with_key = [&](CLI::App* command) {
    command->add_option("KEY", options->key, "The values of the primary key, in its order")->required();
    return command;
  };
  const auto with_consistency = [&](CLI::App* command) {
    command
        ->add_option("--consistency", options->consistency, "quorum (default): the latest; local: nearest replica, possibly old")
        ->option_text("local|quorum");
  };
  CLI::App* made = add("put", "Add a row, or replace the one with its primary key; columns left out get their defaults", put);
  made->add_option("ROW", options->row, "The row, a JSON object")->required();
  made->add_flag("--add", options->add, "Only if no row with its primary key is there");
  made->add_flag("--update", options->update, "Only if one is there; columns left out stay as they are");
  with_consistency(with_key(add("get", "One row, as JSON; exit status 1 when there is none", get)));
  with_key(add("delete", "Remove one row; exit status 1 when there is none", remove));
  CLI::App* found = add("find", "Rows in the order of an index, or of the primary key: one JSON object a line", find);
  found->add_option("--index", options->index, "The index; else the primary key")->option_text("NAME");
  add_range_options(*found, *options);
  with_consistency(found);
  CLI::App* all = add("scan", "Rows in the order of the primary key: one JSON object a line", find);
  add_range_options(*all, *options);
  with_consistency(all);
}

}  // namespace latium::cli
