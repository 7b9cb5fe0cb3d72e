// `latium table check`.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "node/cli/commands.h"
#include "proto/row.pb.h"
#include "proto/wire.pb.h"

namespace latium::cli {

namespace {

constexpr int kDiffers = 1;

struct CheckOptions {
  std::string tenant;
  std::string table;
};

void show(Context& context, const client::TableCheckResponse::Difference& difference) {
  if (context.options.json) {
    context.print(
        {{"kind", difference.kind()}, {"index", difference.index()}, {"key", difference.key()}, {"what", difference.what()}});
    return;
  }
  context.out << difference.kind() << (difference.index().empty() ? "" : " in " + for_one_line(difference.index())) << ": "
              << for_one_line(difference.key()) << ": " << for_one_line(difference.what()) << "\n";
}

Result<int> check(Context& context, const CheckOptions& options) {
  LATIUM_CHECKED(check_text("the tenant's name", options.tenant));
  LATIUM_CHECKED(check_text("the table's name", options.table));
  client::TableCheckRequest request;
  request.set_tenant(options.tenant);
  request.set_table(options.table);
  std::uint64_t rows = 0;
  std::uint64_t entries = 0;
  std::uint64_t differences = 0;
  do {
    LATIUM_TRY(const auto step, context.read<client::TableCheckResponse>(wire::METHOD_TABLE_CHECK, request));
    for (const auto& difference : step.differences()) show(context, difference);
    rows += step.rows();
    entries += step.entries();
    differences += static_cast<std::uint64_t>(step.differences_size());
    request.set_after(step.next());
  } while (!request.after().empty());
  if (context.options.json) {
    context.print({{"table", options.table}, {"rows", rows}, {"entries", entries}, {"differences", differences}});
  } else {
    context.out << "compared " << rows << " rows and " << entries
                << " index entries: " << (differences == 0 ? "no differences" : std::to_string(differences) + " differences")
                << "\n";
  }
  return differences == 0 ? 0 : kDiffers;
}

}  // namespace

void add_table_check(CLI::App& table, const Choose& choose) {
  const auto options = std::make_shared<CheckOptions>();
  CLI::App* command = table.add_subcommand(
      "check", "Compare every row with the indexes, and with the rows it refers to; exit status 1 when there are differences");
  command->add_option("TENANT", options->tenant, "The tenant's name")->required();
  command->add_option("NAME", options->table, "The table's name")->required();
  command->callback([choose, options] { choose([options](Context& context) { return check(context, *options); }); });
}

}  // namespace latium::cli
