// Adding the commands to the command line's parser: one function a group, each in a file of its own.
#pragma once

#include "node/cli/context.h"

namespace CLI {
class App;
}

namespace latium::cli {

/// Takes the command that the command line chose.
using Choose = std::function<void(Command)>;

void add_status_command(CLI::App& app, const Choose& choose);
void add_tenant_commands(CLI::App& app, const Choose& choose);
void add_kv_commands(CLI::App& app, const Choose& choose);
void add_import_command(CLI::App& kv, const Choose& choose);
void add_export_command(CLI::App& kv, const Choose& choose);
void add_bench_commands(CLI::App& app, const Choose& choose);
void add_bench_register(CLI::App& bench, const Choose& choose);
void add_bench_ycsb(CLI::App& bench, const Choose& choose);
void add_register_commands(CLI::App& app, const Choose& choose);
void add_table_commands(CLI::App& app, const Choose& choose);
void add_table_check(CLI::App& table, const Choose& choose);
void add_row_commands(CLI::App& app, const Choose& choose);
void add_sql_command(CLI::App& app, const Choose& choose);
void add_lock_commands(CLI::App& app, const Choose& choose);
void add_topology_commands(CLI::App& app, const Choose& choose);
void add_copies_commands(CLI::App& app, const Choose& choose);
void add_faults_command(CLI::App& app, const Choose& choose);

}  // namespace latium::cli
