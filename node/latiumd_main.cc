// latiumd: a node as a program of its own, for storage-only sites.
#include <google/protobuf/stubs/logging.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <string>

#include "latium/node.h"
#include "node/config_file.h"
#include "node/status.h"

namespace {

using latium::NodeOptions;

// What a stop may take beyond the time that requests in flight are given.
constexpr unsigned kStopSecondsBeyond = 2;

int report(const latium::Error& error) {
  std::cerr << "latiumd: " << error.message << "\n";
  return latium::exit_status(error.code);
}

void add_options(CLI::App& app, NodeOptions& o, std::string& config, std::string& role) {
  app.add_option("--config", config, "TOML file; options on the command line win over it")->option_text("FILE");
  app.add_option("--data-dir", o.data_dir, "Directory of the node's data; made if missing")->option_text("DIR");
  app.add_option("--site", o.site, "Site that the node stands in")->option_text("SITE");
  app.add_option("--rack", o.rack, "Failure domain inside the site")->option_text("RACK");
  app.add_option("--weight", o.weight, "Share of the site's data, 0.1 to 100 (default 1)")->option_text("W");
  app.add_option("--role", role, "storage (default) or client")->option_text("ROLE");
  app.add_flag("--bootstrap", o.bootstrap, "Begin a cluster, if the data directory is new");
  app.add_option("--seed", o.seeds, "Node of the cluster to join, if the data directory is new")->option_text("HOST:PORT");
  app.add_option("--cluster-id", o.cluster_id, "Id of the new cluster, or the only one to accept")->option_text("HEX16");
  app.add_option("--listen", o.listen, "Address to serve on; port 0 picks a free one")->option_text("HOST:PORT");
  app.add_option("--advertise", o.advertise, "Address that others are told to use")->option_text("HOST:PORT");
  app.add_option("--tls-cert", o.tls.cert, "Certificate chain of this node, PEM")->option_text("FILE");
  app.add_option("--tls-key", o.tls.key, "Its private key, PEM")->option_text("FILE");
  app.add_option("--tls-ca", o.tls.ca, "Authority of all certificates, PEM")->option_text("FILE");
  app.add_flag("--plaintext", o.plaintext, "Serve without TLS on an address that others can reach");
  app.add_flag("--enable-faults", o.enable_faults, "For tests: let requests cut paths to other nodes and slow them down");
  app.add_option("--metrics", o.metrics, "Address of the Prometheus endpoint")->option_text("HOST:PORT");
  app.add_option("--max-requests-per-connection", o.max_requests_per_connection, "Requests in flight a connection");
  app.add_option("--max-connections", o.max_connections, "Connections served at once");
  app.add_option("--block-cache-bytes", o.block_cache_bytes, "Cache of data blocks")->transform(CLI::AsSizeValue(false));
  app.add_option("--write-buffer-bytes", o.write_buffer_bytes, "Writes kept in memory")->transform(CLI::AsSizeValue(false));
  app.add_option("--hints-max-bytes", o.hints_max_bytes, "Writes kept for nodes that are away")
      ->transform(CLI::AsSizeValue(false));
  app.add_option("--hints-max-bytes-a-node", o.hints_max_bytes_a_node, "Those for one of them")
      ->transform(CLI::AsSizeValue(false));
  app.add_option("--blocking-threads", o.blocking_threads, "Threads for reads from disk");
  app.add_option("--max-clock-offset-ms", o.max_clock_offset_ms, "Clock difference between nodes taken as normal");
  app.add_option("--stop-timeout-ms", o.stop_timeout_ms, "Longest that a stop waits for requests in flight");
  app.add_option("--log-level", o.log.level, "debug, info, warn or error");
  app.add_option("--log-format", o.log.format, "text or json");
  app.add_option("--log-file", o.log.file, "File for logs; default stderr")->option_text("FILE");
}

// The configuration file is applied first, so that what the command line says wins.
latium::Result<void> parse(CLI::App& app, int argc, char** argv, NodeOptions& options) {
  std::string config;
  std::string role;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--config" && i + 1 < argc) config = argv[i + 1];
    if (argument.starts_with("--config=")) config = argument.substr(9);
  }
  options.listen = "127.0.0.1:7400";
  options.log.level = "info";
  if (!config.empty()) {
    if (auto loaded = latium::load_config(config, options); !loaded) return loaded;
  }
  const std::vector<std::string> configured_seeds = std::exchange(options.seeds, {});
  add_options(app, options, config, role);
  app.parse(argc, argv);
  if (options.seeds.empty()) options.seeds = configured_seeds;
  if (role == "client") options.role = latium::NodeRole::client;
  if (role == "storage") options.role = latium::NodeRole::storage;
  if (!role.empty() && role != "client" && role != "storage") {
    return std::unexpected<latium::Error>(std::in_place, latium::ErrorCode::invalid_argument,
                                          "option role: '" + role + "' is not known: give storage or client");
  }
  return {};
}

void handle(const sigset_t& signals, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGTERM, SIGINT}) {
    action.sa_mask = signals;
    sigaction(signal, &action, nullptr);
  }
}

// Nothing has been acknowledged yet, and the store is safe from a kill at any time. Joining may take a minute.
void end_before_ready(int) {
  constexpr std::string_view kText = "latiumd: told to stop before it was ready\n";
  [[maybe_unused]] const auto written = write(STDERR_FILENO, kText.data(), kText.size());
  _exit(0);
}

// Whichever thread got the signal: the first one, whose id is the process's, waits for it.
void hand_to_first_thread(int signal) {
  tgkill(getpid(), getpid(), signal);
}

void wait_for_signal(const sigset_t& signals) {
  int signal = 0;
  sigwait(&signals, &signal);
}

}  // namespace

int main(int argc, char** argv) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  handle(signals, end_before_ready);
  signal(SIGPIPE, SIG_IGN);
  // Its lines about messages that do not parse: whoever sends garbage would fill the log.
  google::protobuf::SetLogHandler(nullptr);

  CLI::App app("A node of a Latium cluster.", "latiumd");
  app.set_version_flag("--version", std::string(latium::program_version()));
  NodeOptions options;
  try {
    if (auto parsed = parse(app, argc, argv, options); !parsed) return report(parsed.error());
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    std::cerr << "latiumd: " << error.what() << "; latiumd --help lists the options\n";
    return 2;
  }

  auto node = latium::Node::open(options);
  if (!node) return report(node.error());
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  handle(signals, hand_to_first_thread);
  const latium::NodeStatus status = node->status();
  std::printf("ready node=%s listen=%s\n", status.node_id.c_str(), status.listen.c_str());
  std::fflush(stdout);

  wait_for_signal(signals);
  // A disk that hangs must not keep the program: what was acknowledged is in the log already. A second signal ends it too.
  struct sigaction give_up = {};
  give_up.sa_handler = [](int) { _exit(3); };
  sigaction(SIGALRM, &give_up, nullptr);
  alarm((options.stop_timeout_ms + 999) / 1000 + kStopSecondsBeyond);
  handle(signals, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  if (auto stopped = node->stop(); !stopped) return report(stopped.error());
  return 0;
}
