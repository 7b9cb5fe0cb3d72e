// The databases of OpenStack Nova over several sites: one controller a site boots instances with the SQL that a real one was
// recorded with, each in tables whose replicas are at its own site. In the middle a node is killed, then a site is cut off.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>

#include "examples/fog_controllers/run.h"

namespace {

// A directory of its own, removed at the end.
class WorkDirectory {
 public:
  WorkDirectory() {
    std::string pattern = std::filesystem::temp_directory_path() / "latium-fog-XXXXXX";
    if (const char* made = ::mkdtemp(pattern.data()); made != nullptr) path_ = made;
  }
  ~WorkDirectory() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

int fail(const latium::Error& error) {
  std::cerr << "fog_controllers: " << error.message << "\n";
  return latium::exit_status(error.code);
}

}  // namespace

int main(int argc, char** argv) {
  fog::RunOptions options;
  options.sites.nodes = {3, 1, 1};
  options.sites.programs = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  std::string trace_file = "examples/data/boot_trace.jsonl";
  std::string replicas = "home";
  std::string isolation = "read_committed";
  bool json = false;
  bool calm = false;

  CLI::App app("Boots instances with the recorded SQL of OpenStack Nova, from one controller a site.", "fog_controllers");
  app.add_option("--trace", trace_file, "The recorded SQL (default examples/data/boot_trace.jsonl)")->option_text("FILE");
  app.add_option("--nodes", options.sites.nodes, "Nodes of each site, one number a site (default 3,1,1)")
      ->delimiter(',')
      ->option_text("N,N,...");
  app.add_option("--boots", options.boots, "Instances that each controller boots (default 9)")->check(CLI::Range(1, 1'000'000));
  app.add_option("--replicas", replicas, "home (default): all at the controller's site; three: one in every site")
      ->check(CLI::IsMember({"home", "three"}));
  app.add_option("--isolation", isolation,
                 "read_committed (default): updates are never lost; serializable: reads are checked too")
      ->check(CLI::IsMember({"read_committed", "serializable"}));
  app.add_option("--programs", options.sites.programs, "Where latiumd and latium are (default: beside this program)")
      ->option_text("DIRECTORY");
  app.add_option("--seed", options.seed, "Of the fresh uuids and names (default 1)");
  app.add_flag("--calm", calm, "Kill nothing, cut nothing off");
  app.add_flag("--json", json, "One JSON object instead of the table");
  CLI11_PARSE(app, argc, argv);

  options.three = replicas == "three";
  options.serializable = isolation == "serializable";
  if (calm) options.kill = options.cut = false;
  const WorkDirectory directory;
  if (directory.path().empty())
    return fail({latium::ErrorCode::io_error, "cannot make a temporary directory: set TMPDIR to one that may be written"});
  options.sites.directory = directory.path();
  auto trace = fog::read_trace_file(trace_file);
  if (!trace) return fail(trace.error());
  auto report = fog::run(*trace, options, json ? std::cerr : std::cout);
  if (!report) return fail(report.error());
  if (json) {
    std::cout << fog::to_json(*report) << "\n";
  } else {
    fog::print_table(std::cout, *report);
  }
  return report->right() ? 0 : 1;
}
