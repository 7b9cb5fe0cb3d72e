// latium-stress: the simulator's clients against real nodes. It breaks nothing itself: whoever runs it does that meanwhile.
#include <CLI/CLI.hpp>
#include <boost/asio/post.hpp>
#include <fstream>
#include <future>
#include <iostream>
#include <string>

#include "net/tcp_transport.h"
#include "runtime/deadline.h"
#include "runtime/event_loop.h"
#include "runtime/spawn.h"
#include "tests/sim/judge.h"
#include "tests/sim/workloads/buckets.h"
#include "tests/sim/workloads/locks.h"
#include "tests/sim/workloads/registers.h"

namespace latium::sim {
namespace {

// Of each kind of bucket.
constexpr std::size_t kBucketKeys = 20;

struct StressOptions {
  std::vector<std::string> nodes;
  int clients = 6;  // of registers, and as many of locks; or twice as many of buckets
  bool buckets = false;
  int seconds = 20;
  int heal_seconds = 120;
  std::string history;
};

/// One loop, and on it every client with its transport. All members but `loop` are touched on the loop only.
class Stress {
 public:
  explicit Stress(const StressOptions& options) : options_(options), loop_({.pool_threads = 1, .seed = 0, .logger = nullptr}) {
    std::vector<Address> nodes;
    for (const std::string& node : options.nodes) {
      const auto parsed = Address::parse(node);
      LATIUM_CHECK(parsed.has_value(), "checked before");
      nodes.push_back(*parsed);
    }
    for (int i = 0; i < 2 * options.clients; ++i) {
      TcpTransportOptions tcp;
      tcp.hello.role = PeerRole::client;
      tcp.security = Plaintext{};
      auto transport = TcpTransport::create(loop_.runtime(), hlc_, tcp);
      LATIUM_CHECK(transport.has_value(), "a transport without certificates can be made");
      transports_.push_back(std::move(*transport));
      Runtime& runtime = loop_.runtime();
      const auto now = [&runtime, start = runtime.clock.monotonic_now()] { return runtime.clock.monotonic_now() - start; };
      ClientSeams seams{runtime, *transports_.back(), now, nodes, history_, i, std::chrono::milliseconds(100)};
      clients_.push_back(client(std::move(seams)));
    }
    loop_.start();
  }

  ~Stress() {
    for (const auto& client : clients_) {
      std::promise<void> stopped;
      run_task(client->stop(), [&stopped](const Result<void>&) { stopped.set_value(); });
      stopped.get_future().wait();
    }
    loop_.stop();
  }

  /// Runs to the end. What kept a client from it; empty when all ended.
  std::string play() {
    std::promise<std::string> left;
    run_task(work(), [&left](Result<std::string> result) { left.set_value(result ? *result : result.error().message); });
    return left.get_future().get();
  }
  std::string history() {
    std::string lines;
    on_loop([&] { lines = history_.to_json_lines(); });
    return lines;
  }

 private:
  std::unique_ptr<ClusterClient> client(ClientSeams seams) {
    if (options_.buckets) return bucket_client(std::move(seams), {.keys = kBucketKeys});
    if (seams.number % 2 == 0) return register_client(std::move(seams));
    return lock_client(std::move(seams), resources_);
  }

  Task<std::string> work() {
    Runtime& runtime = loop_.runtime();
    for (const auto& client : clients_) client->start();
    LATIUM_CO_CHECKED(co_await sleep_for(runtime, std::chrono::seconds(options_.seconds)));
    for (const auto& client : clients_) client->conclude();
    std::string left = unfinished();
    for (int waited = 0; !left.empty() && waited < options_.heal_seconds; ++waited) {
      LATIUM_CO_CHECKED(co_await sleep_for(runtime, std::chrono::seconds(1)));
      left = unfinished();
    }
    co_return left;
  }

  std::string unfinished() const {
    std::string text;
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      if (!clients_[i]->finished()) text = "client " + std::to_string(i) + ": " + clients_[i]->last_error();
    }
    return text;
  }

  template <class T, class Done>
  void run_task(Task<T> task, Done done) {
    boost::asio::post(loop_.context(), [this, task = std::move(task), done = std::move(done)]() mutable {
      start_task(loop_.runtime().executor, std::move(task), boost::asio::cancellation_slot(), std::move(done));
    });
  }
  template <class Work>
  void on_loop(Work work) {
    std::promise<void> done;
    boost::asio::post(loop_.context(), [&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

  const StressOptions options_;
  HlcClock hlc_;
  History history_;
  LockResources resources_;
  EventLoop loop_;
  std::vector<std::unique_ptr<TcpTransport>> transports_;
  std::vector<std::unique_ptr<ClusterClient>> clients_;
};

int run(const StressOptions& options) {
  Stress stress(options);
  const std::string left = stress.play();
  const std::string lines = stress.history();
  if (!options.history.empty() && !(std::ofstream(options.history) << lines << std::flush)) {
    std::cerr << "latium-stress: cannot write " << options.history << ": give the path of a file that can be written\n";
    return 2;
  }
  const Judgement judged = judge_history(lines, CheckKind::any);
  std::cout << judged.text;
  if (judged.exit_status != 0) return judged.exit_status;
  if (left.empty()) return 0;
  std::cout << "did not end within " << options.heal_seconds << " s: " << left << '\n';
  return 1;
}

}  // namespace
}  // namespace latium::sim

int main(int argc, char** argv) {
  latium::sim::StressOptions options;
  CLI::App app(
      "Reads, changes and locks through all nodes of a cluster, then judges what it was told. It creates the tenant 'acme' with "
      "a "
      "replica on each of the sites rennes, paris and lyon. Exit status: 0 valid, 1 invalid or no end, 2 wrong usage.");
  app.add_option("NODE", options.nodes, "HOST:PORT of each node")->required()->check([](const std::string& text) {
    const auto parsed = latium::Address::parse(text);
    return parsed ? std::string() : parsed.error().message;
  });
  app.add_flag(
      "--buckets", options.buckets,
      "Read, write and delete keys of buckets instead; at the end all copies have to become equal and deletions forgotten");
  app.add_option("--clients", options.clients, "Clients of each kind")->check(CLI::Range(1, 1000))->capture_default_str();
  app.add_option("--seconds", options.seconds, "Time until everything must end")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
  app.add_option("--history", options.history, "File for the history, as JSON lines (docs/testing.md)");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    app.exit(error);
    return 2;
  }
  return latium::sim::run(options);
}
