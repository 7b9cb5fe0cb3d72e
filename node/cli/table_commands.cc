// `latium table`.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "node/cli/commands.h"
#include "node/cli/table_output.h"
#include "node/cli/table_spec.h"
#include "node/table_access.h"
#include "proto/table.pb.h"
#include "proto/wire.pb.h"

namespace latium::cli {

namespace {

struct TableCommandOptions {
  std::string tenant;
  std::string name;
  std::vector<std::string> columns;
  std::vector<std::string> indexes;
  std::vector<std::string> unique;
  std::vector<std::string> foreign_keys;
  std::string parent;
  std::string tenant_by;
  std::string spec;
  std::string column;
  std::string to;
  bool is_unique = false;
};

constexpr const char* kNotSettled =
    "nodes may use the form before for up to 6 seconds more, and the next change waits for that: give --timeout 10s to wait here";

Result<TableDefinition> definition_from(const TableCommandOptions& options) {
  TableDefinition table{.name = options.name, .columns = {}, .primary_key = {}};
  for (const std::string& text : options.columns) {
    LATIUM_TRY(ColumnSpec spec, parse_column(text));
    if (spec.primary) table.primary_key.push_back(spec.column.name);
    table.columns.push_back(std::move(spec.column));
  }
  for (const std::string& text : options.indexes) {
    LATIUM_TRY(Index index, parse_index(text, false));
    table.indexes.push_back(std::move(index));
  }
  for (const std::string& text : options.unique) {
    LATIUM_TRY(Index index, parse_index(text, true));
    table.indexes.push_back(std::move(index));
  }
  for (const std::string& text : options.foreign_keys) {
    LATIUM_TRY(ForeignKey key, parse_foreign_key(text));
    table.foreign_keys.push_back(std::move(key));
  }
  table.parent = options.parent;
  table.tenant_by = options.tenant_by;
  return table;
}

Result<int> create(Context& context, const TableCommandOptions& options) {
  LATIUM_TRY(const TableDefinition definition, definition_from(options));
  client::TableCreateRequest request;
  request.set_tenant(options.tenant);
  to_message(definition, *request.mutable_table());
  LATIUM_TRY(const auto response, context.write<client::TableCreateResponse>(wire::METHOD_TABLE_CREATE, request));
  if (context.options.json) {
    context.print(to_json(response.table()));
  } else {
    print_description(context.out, response.table());
  }
  return 0;
}

Result<int> list(Context& context, const TableCommandOptions& options) {
  client::TableListRequest request;
  request.set_tenant(options.tenant);
  LATIUM_TRY(const auto response, context.read<client::TableListResponse>(wire::METHOD_TABLE_LIST, request));
  std::vector<std::vector<std::string>> rows = {{"NAME", "COLUMNS", "INDEXES", "VERSION"}};
  for (const client::Table& table : response.tables()) {
    if (context.options.json) context.print(to_json(table));
    rows.push_back({table.name(), std::to_string(table.columns_size()), std::to_string(table.indexes_size()),
                    std::to_string(table.version())});
  }
  if (context.options.json) return 0;
  if (response.tables().empty()) {
    context.note("no tables yet: latium table create TENANT NAME --column 'id:integer:primary' makes one");
  } else {
    print_table(context.out, rows);
  }
  return 0;
}

Result<int> describe(Context& context, const TableCommandOptions& options) {
  client::TableDescribeRequest request;
  request.set_tenant(options.tenant);
  request.set_name(options.name);
  LATIUM_TRY(const auto response, context.read<client::TableDescribeResponse>(wire::METHOD_TABLE_DESCRIBE, request));
  if (context.options.json) {
    context.print(to_json(response.table()));
  } else {
    print_description(context.out, response.table());
  }
  return 0;
}

Result<int> drop(Context& context, const TableCommandOptions& options) {
  client::TableDropRequest request;
  request.set_tenant(options.tenant);
  request.set_name(options.name);
  LATIUM_TRY(const auto response, context.write<client::TableDropResponse>(wire::METHOD_TABLE_DROP, request));
  if (context.options.json) {
    context.print({{"name", options.name}, {"id", response.id()}, {"dropped", true}, {"settled", response.settled()}});
  } else {
    context.out << "dropped table '" << for_one_line(options.name) << "'\n";
    if (!response.settled()) context.note(kNotSettled);
  }
  return 0;
}

Result<int> alter(Context& context, const client::TableAlterRequest& request) {
  LATIUM_TRY(const auto response, context.write<client::TableAlterResponse>(wire::METHOD_TABLE_ALTER, request));
  if (context.options.json) {
    context.print(to_json(response.table()));
  } else {
    context.out << "done, version " << response.table().version() << "\n";
    if (!response.table().settled()) context.note(kNotSettled);
  }
  return 0;
}

client::TableAlterRequest alter_request(const TableCommandOptions& options) {
  client::TableAlterRequest request;
  request.set_tenant(options.tenant);
  request.set_name(options.name);
  return request;
}

Result<int> add_column(Context& context, const TableCommandOptions& options) {
  LATIUM_TRY(const ColumnSpec spec, parse_column(options.spec));
  if (spec.primary) {
    return fail(ErrorCode::invalid_argument, "column '" + spec.column.name + "': a table's primary key stays as it was created");
  }
  client::TableAlterRequest request = alter_request(options);
  to_message(spec.column, *request.mutable_add_column());
  return alter(context, request);
}

Result<int> drop_column(Context& context, const TableCommandOptions& options) {
  client::TableAlterRequest request = alter_request(options);
  request.set_drop_column(options.column);
  return alter(context, request);
}

Result<int> rename_column(Context& context, const TableCommandOptions& options) {
  client::TableAlterRequest request = alter_request(options);
  request.mutable_rename_column()->set_from(options.column);
  request.mutable_rename_column()->set_to(options.to);
  return alter(context, request);
}

Result<int> add_index(Context& context, const TableCommandOptions& options) {
  LATIUM_TRY(const Index index, parse_index(options.spec, options.is_unique));
  client::TableAlterRequest request = alter_request(options);
  to_message(index, *request.mutable_add_index());
  LATIUM_TRY(const auto response, context.write<client::TableAlterResponse>(wire::METHOD_TABLE_ALTER, request));
  if (context.options.json) {
    context.print(to_json(response.table()));
    return 0;
  }
  const auto& indexes = response.table().indexes();
  const auto made = std::ranges::find(indexes, index.name, &client::Index::name);
  const bool whole = made != indexes.end() && made->state() == catalog::STATE_PUBLIC;
  context.out << (whole ? "index '" : "building index '") << for_one_line(index.name) << "'\n";
  if (!whole)
    context.note("it goes on in the background: latium table describe shows when it is public; give --timeout 60s to wait here");
  return 0;
}

Result<int> drop_index(Context& context, const TableCommandOptions& options) {
  client::TableAlterRequest request = alter_request(options);
  request.set_drop_index(options.column);
  return alter(context, request);
}

using Run = Result<int> (*)(Context&, const TableCommandOptions&);

// Text goes into messages that hold UTF-8 only.
Result<int> checked(Run run, Context& context, const TableCommandOptions& options) {
  LATIUM_CHECKED(check_text("the tenant's name", options.tenant));
  for (const std::string* text :
       {&options.name, &options.parent, &options.tenant_by, &options.spec, &options.column, &options.to}) {
    LATIUM_CHECKED(check_text("a name or specification", *text));
  }
  for (const auto* texts : {&options.columns, &options.indexes, &options.unique, &options.foreign_keys}) {
    for (const std::string& text : *texts) LATIUM_CHECKED(check_text("a specification", text));
  }
  return run(context, options);
}

void add_create_options(CLI::App& command, TableCommandOptions& options) {
  const auto many = [&command](const char* name, std::vector<std::string>& texts, const char* text, const char* form) {
    return command.add_option(name, texts, text)->option_text(form)->allow_extra_args(false);
  };
  many("--column", options.columns, "A column; once for each, see below", "SPEC")->required();
  many("--index", options.indexes, "An index, in this order of columns", "[NAME=]COLUMN,...");
  many("--unique", options.unique, "An index of which no two rows have the same values", "[NAME=]COLUMN,...");
  many("--foreign-key", options.foreign_keys, "Rows name rows of another table", "COLUMN,...:TABLE:COLUMN,...");
  command.add_option("--parent", options.parent, "The table beside whose rows those of this one lie; needs a foreign key to it")
      ->option_text("TABLE");
  command.add_option("--tenant-by", options.tenant_by, "The text column that names the tenant of each row")
      ->option_text("COLUMN");
  command.footer(kColumnGrammar);
}

}  // namespace

void add_table_commands(CLI::App& app, const Choose& choose) {
  const auto options = std::make_shared<TableCommandOptions>();
  CLI::App* group = app.add_subcommand("table", "Tables of a tenant: their columns, keys and indexes");
  group->require_subcommand(1);
  const auto add = [&](const char* name, const char* text, Run run, CLI::App* in = nullptr) {
    CLI::App* command = (in == nullptr ? group : in)->add_subcommand(name, text);
    command->add_option("TENANT", options->tenant, "The tenant's name")->required();
    if (run != list) command->add_option("NAME", options->name, "The table's name")->required();
    command->callback(
        [choose, options, run] { choose([options, run](Context& context) { return checked(run, context, *options); }); });
    return command;
  };
  add_create_options(*add("create", "Make a table", create), *options);
  add("list", "All tables of the tenant", list);
  add("describe", "One table with its columns and indexes", describe);
  add("drop", "Remove a table and its rows; takes some 6 seconds", drop);
  CLI::App* added = add("add-column", "Add a column, nullable or with a default; takes some 6 seconds", add_column);
  added->add_option("SPEC", options->spec, "The column, see below")->required();
  added->footer(kColumnGrammar);
  add("drop-column", "Remove a column that no key or index needs; takes some 6 seconds", drop_column)
      ->add_option("COLUMN", options->column, "The column's name")
      ->required();
  CLI::App* renamed = add("rename-column", "Give a column another name; takes some 6 seconds", rename_column);
  renamed->add_option("COLUMN", options->column, "Its name now")->required();
  renamed->add_option("TO", options->to, "Its name from now on")->required();
  CLI::App* index = group->add_subcommand("index", "Indexes of tables with rows");
  index->require_subcommand(1);
  CLI::App* index_added =
      add("add", "Add an index; takes some 12 seconds and a transaction for every 100 rows", add_index, index);
  index_added->add_option("SPEC", options->spec, "The index: [NAME=]COLUMN,...")->required();
  index_added->add_flag("--unique", options->is_unique, "No two rows have the same values; refused when rows have");
  add("drop", "Remove an index; takes some 6 seconds", drop_index, index)
      ->add_option("INDEX", options->column, "The index's name")
      ->required();
  add_table_check(*group, choose);
}

}  // namespace latium::cli
