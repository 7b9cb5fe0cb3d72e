#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include "base/ids.h"
#include "node/cli/atomic_file.h"
#include "node/cli/commands.h"
#include "node/cli/import.h"
#include "node/cli/import_line.h"
#include "node/cli/kv_options.h"
#include "proto/wire.pb.h"

namespace latium::cli {

namespace {

constexpr const char* kCheckpointSuffix = ".latium-import";

/// Where the lines come from.
struct Source {
  std::ifstream file;  // not open: stdin
  std::optional<std::uint64_t> size;
};

Result<Source> open_source(const std::string& path) {
  Source source;
  if (path == "-") return source;
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (std::filesystem::is_directory(status))
    return fail(ErrorCode::invalid_argument, "'" + path + "' is a directory: give a file");
  errno = 0;
  source.file.open(path, std::ios::binary);
  if (!source.file.is_open()) {
    return fail(ErrorCode::invalid_argument, "cannot read '" + path + "': " + std::strerror(errno) + "; check the path");
  }
  if (std::filesystem::is_regular_file(status)) source.size = std::filesystem::file_size(path, error);
  if (error) return fail(ErrorCode::io_error, "cannot read the size of '" + path + "': " + error.message());
  return source;
}

// Fails before a line is read when the node is away or the tenant is not there.
Result<std::string> cluster_of(Context& context, const Target& target) {
  client::TenantDescribeRequest request;
  request.set_name(target.tenant);
  LATIUM_CHECKED(context.read<client::TenantDescribeResponse>(wire::METHOD_TENANT_DESCRIBE, request));
  LATIUM_TRY(const auto status, context.read<client::StatusResponse>(wire::METHOD_STATUS, client::StatusRequest()));
  return to_hex(status.cluster_id());
}

Result<void> resume(Context& context, Importer::Plan& plan, LineReader& reader) {
  auto text = read_file(plan.checkpoint_path);
  if (!text && text.error().code == ErrorCode::not_found) {
    context.note("no checkpoint '" + plan.checkpoint_path + "': beginning at the first line");
    return {};
  }
  LATIUM_TRY(const Bytes bytes, std::move(text));
  auto saved = decode_checkpoint(bytes);
  if (!saved) return fail(saved.error().code, "cannot resume from '" + plan.checkpoint_path + "': " + saved.error().message);
  LATIUM_CHECKED(check_resumable(*saved, plan.begin));
  if (!reader.resume_at(saved->progress.position)) {
    return fail(ErrorCode::conflict, "cannot resume: the first " + std::to_string(saved->progress.position.offset) +
                                         " bytes are not those that were imported; without --resume the import begins anew");
  }
  plan.begin = *std::move(saved);
  context.note("resuming behind line " + std::to_string(plan.begin.progress.position.lines));
  return {};
}

void add_options(CLI::App& command, ImportOptions& options) {
  command.add_option("BUCKET", options.target, "The bucket")->required()->option_text("TENANT/BUCKET");
  command.add_option("FILE", options.source, "Lines of {\"key\": ..., \"value\": ...}; - is stdin")->required();
  command
      .add_option("--checkpoint", options.checkpoint,
                  std::string("Where to keep how far it came (default FILE") + kCheckpointSuffix + ", none for stdin)")
      ->option_text("FILE");
  command.add_flag("--resume", options.resume, "Go on from the checkpoint of an import that did not end");
  command.add_option("--durability", options.durability, "sync (default): on the disk; buffered: in the operating system")
      ->option_text("DURABILITY");
}

}  // namespace

Result<int> run_import(Context& context, const ImportOptions& options) {
  Importer::Plan plan;
  LATIUM_TRY(plan.target, parse_target(options.target));
  LATIUM_TRY(plan.durability, parse_durability(options.durability));
  LATIUM_TRY(Source source, open_source(options.source));
  plan.checkpoint_path = options.checkpoint;
  plan.checkpoint_required = !options.checkpoint.empty();
  if (options.checkpoint.empty() && source.size) plan.checkpoint_path = options.source + kCheckpointSuffix;
  if (options.resume && plan.checkpoint_path.empty()) {
    return fail(ErrorCode::invalid_argument, "--resume needs --checkpoint FILE when the lines do not come from a regular file");
  }
  LATIUM_TRY(plan.begin.cluster, cluster_of(context, plan.target));
  plan.begin.target = plan.target.to_string();
  plan.begin.file_size = source.size;
  if (context.environment.watch_interrupts) plan.interrupted = context.environment.watch_interrupts();

  LineReader reader(source.file.is_open() ? static_cast<std::istream&>(source.file) : context.in, kMaxImportLine);
  if (options.resume) LATIUM_CHECKED(resume(context, plan, reader));
  LATIUM_TRY(const auto client, context.connect());
  return Importer(context, *client, std::move(plan)).run(reader);
}

void add_import_command(CLI::App& kv, const Choose& choose) {
  const auto options = std::make_shared<ImportOptions>();
  CLI::App* command = kv.add_subcommand("import", "Put lines of JSON");
  add_options(*command, *options);
  command->callback([choose, options] { choose([options](Context& context) { return run_import(context, *options); }); });
}

}  // namespace latium::cli
