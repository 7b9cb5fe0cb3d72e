// What the transport costs over the network itself: Latium's echo beside a bare Asio echo of the same payload, both over
// loopback, server and client on a thread of their own. The two take turns; medians and their ratio are printed.
#include <sys/utsname.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/version.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "net/stream.h"
#include "net/tcp_transport.h"
#include "runtime/event_loop.h"
#include "runtime/spawn.h"

namespace latium {
namespace {

using BenchClock = std::chrono::steady_clock;
constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable_t<Executor>());

struct Settings {
  std::size_t payload_bytes = 128;
  std::size_t seconds_x10 = 20;  // tenths of a second a run
  std::size_t runs = 3;
  std::size_t in_flight = 64;
  std::string json;
};

struct Outcome {
  double requests_per_second = 0;
  double p50_us = 0;
};

/// Runs `task` on the loop's thread and waits for its end.
template <class T>
T run_on(EventLoop& loop, Task<T> task) {
  std::promise<Result<T>> promise;
  auto future = promise.get_future();
  boost::asio::post(loop.context(), [&loop, &promise, task = std::move(task)]() mutable {
    start_task(loop.runtime().executor, std::move(task), {},
               [&promise](Result<T> result) { promise.set_value(std::move(result)); });
  });
  Result<T> result = future.get();
  if (!result) {
    std::fprintf(stderr, "net_bench: %s\n", result.error().message.c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

// --- Bare Asio: the least that a request and an answer of that size can cost in this house.

using Acceptor = boost::asio::basic_socket_acceptor<Tcp, Executor>;

Task<void> bare_serve(std::shared_ptr<Acceptor> acceptor, std::size_t bytes) {
  auto [failed, socket] = co_await acceptor->async_accept(kAwait);
  if (failed) co_return fail(ErrorCode::io_error, failed.message());
  socket.set_option(Tcp::no_delay(true));
  std::string buffer(std::max<std::size_t>(bytes, 64 << 10), '\0');
  for (;;) {
    const auto [read_error, count] = co_await socket.async_read_some(boost::asio::buffer(buffer), kAwait);
    if (read_error) co_return Result<void>();
    const auto [write_error, written] =
        co_await boost::asio::async_write(socket, boost::asio::buffer(buffer.data(), count), kAwait);
    if (write_error) co_return Result<void>();
  }
}

/// Keeps `in_flight` payloads under way: each read is answered by as much as it brought.
Task<Outcome> bare_client(Executor executor, Tcp::endpoint endpoint, Settings settings, std::size_t in_flight) {
  Socket socket(executor);
  if (const auto [failed] = co_await socket.async_connect(endpoint, kAwait); failed) {
    co_return fail(ErrorCode::io_error, failed.message());
  }
  socket.set_option(Tcp::no_delay(true));
  std::string buffer(std::max(settings.payload_bytes * in_flight, std::size_t{64} << 10), 'x');
  std::vector<double> latencies;
  std::uint64_t bytes = 0;
  const auto start = BenchClock::now();
  const auto end = start + std::chrono::milliseconds(100 * settings.seconds_x10);
  auto sent = start;
  std::size_t to_send = settings.payload_bytes * in_flight;
  for (auto now = start; now < end; now = BenchClock::now()) {
    sent = now;
    (void)co_await boost::asio::async_write(socket, boost::asio::buffer(buffer.data(), to_send), kAwait);
    if (in_flight == 1) {
      (void)co_await boost::asio::async_read(socket, boost::asio::buffer(buffer.data(), settings.payload_bytes), kAwait);
      latencies.push_back(std::chrono::duration<double, std::micro>(BenchClock::now() - sent).count());
      bytes += settings.payload_bytes;
    } else {
      const auto [failed, count] = co_await socket.async_read_some(boost::asio::buffer(buffer), kAwait);
      if (failed) co_return fail(ErrorCode::io_error, failed.message());
      bytes += count;
      to_send = count;
    }
  }
  const double seconds = std::chrono::duration<double>(BenchClock::now() - start).count();
  co_return Outcome{static_cast<double>(bytes) / static_cast<double>(settings.payload_bytes) / seconds,
                    latencies.empty() ? 0 : median(std::move(latencies))};
}

Outcome run_bare(const Settings& settings, std::size_t in_flight) {
  EventLoop server({.pool_threads = 1, .seed = 1, .logger = nullptr});
  EventLoop client({.pool_threads = 1, .seed = 2, .logger = nullptr});
  const auto acceptor = std::make_shared<Acceptor>(server.runtime().executor, Tcp::endpoint(Tcp::v4(), 0));
  const Tcp::endpoint endpoint(boost::asio::ip::make_address("127.0.0.1"), acceptor->local_endpoint().port());
  start_task(server.runtime().executor, bare_serve(acceptor, settings.payload_bytes), {}, [](const Result<void>&) {});
  server.start();
  client.start();
  return run_on(client, bare_client(client.runtime().executor, endpoint, settings, in_flight));
}

// --- Latium.

class EchoHandler final : public RequestHandler {
 public:
  void handle(IncomingRequest request) override {
    Bytes payload = request.take_payload();
    std::move(request).respond(std::move(payload));
  }
};

std::unique_ptr<TcpTransport> make_transport(EventLoop& loop, HlcClock& hlc, Hello hello) {
  TcpTransportOptions options;
  options.hello = std::move(hello);
  options.security = Plaintext{};
  return *TcpTransport::create(loop.runtime(), hlc, std::move(options));
}

Task<Outcome> one_at_a_time(TcpTransport* transport, Address address, Settings settings) {
  std::vector<double> latencies;
  const auto start = BenchClock::now();
  const auto end = start + std::chrono::milliseconds(100 * settings.seconds_x10);
  for (auto now = start; now < end; now = BenchClock::now()) {
    LATIUM_CO_CHECKED(co_await transport->call(address, 1, Bytes(settings.payload_bytes, 'x'), {}));
    latencies.push_back(std::chrono::duration<double, std::micro>(BenchClock::now() - now).count());
  }
  const double seconds = std::chrono::duration<double>(BenchClock::now() - start).count();
  const auto count = static_cast<double>(latencies.size());
  co_return Outcome{count / seconds, median(std::move(latencies))};
}

/// Keeps requests in flight through callbacks, as a pipelined client does.
struct Pipeline {
  Runtime& runtime;
  TcpTransport& transport;
  Address address;
  std::size_t payload_bytes;
  BenchClock::time_point end;
  std::uint64_t answered = 0;
  std::size_t open = 0;
  Suspension done = {};

  void send() {
    ++open;
    const MonotonicTime deadline = runtime.clock.monotonic_now() + std::chrono::seconds(10);
    transport.send(address, 1, Bytes(payload_bytes, 'x'), {.deadline = deadline}, [this](const Result<Bytes>& answer) {
      --open;
      if (answer) ++answered;
      if (answer && (answered % 64 != 0 || BenchClock::now() < end)) {
        send();
      } else if (open == 0) {
        done.wake();
      }
    });
  }
};

Task<Outcome> pipelined(Runtime* runtime, TcpTransport* transport, Address address, Settings settings, std::size_t in_flight) {
  LATIUM_CO_CHECKED(co_await transport->call(address, 1, "warm", {}));
  const auto start = BenchClock::now();
  Pipeline pipeline{*runtime, *transport, std::move(address), settings.payload_bytes,
                    start + std::chrono::milliseconds(100 * settings.seconds_x10)};
  for (std::size_t i = 0; i < in_flight; ++i) pipeline.send();
  co_await pipeline.done.wait();
  const double seconds = std::chrono::duration<double>(BenchClock::now() - start).count();
  co_return Outcome{static_cast<double>(pipeline.answered) / seconds, 0};
}

Task<Outcome> start_pipelined(Runtime* runtime, TcpTransport* transport, Address address, Settings settings,
                              std::size_t in_flight) {
  if (in_flight == 1) co_return co_await one_at_a_time(transport, std::move(address), settings);
  co_return co_await pipelined(runtime, transport, std::move(address), settings, in_flight);
}

Outcome run_latium(const Settings& settings, std::size_t in_flight) {
  EventLoop server_loop({.pool_threads = 1, .seed = 1, .logger = nullptr});
  EventLoop client_loop({.pool_threads = 1, .seed = 2, .logger = nullptr});
  HlcClock server_hlc;
  HlcClock client_hlc;
  EchoHandler handler;
  Hello node;
  node.role = PeerRole::node;
  node.node = NodeId{1};
  node.site = "bench";
  const auto server = make_transport(server_loop, server_hlc, node);
  const auto client = make_transport(client_loop, client_hlc, {});
  const Address address = *server->listen({"127.0.0.1", 0}, handler);
  server_loop.start();
  client_loop.start();
  const Outcome outcome =
      run_on(client_loop, start_pipelined(&client_loop.runtime(), client.get(), address, settings, in_flight));
  run_on(client_loop, client->stop());
  run_on(server_loop, server->stop());
  return outcome;
}

// --- The comparison.

nlohmann::json compare(const Settings& settings, std::size_t in_flight, const char* name) {
  std::vector<double> bare_rate, latium_rate, bare_p50, latium_p50;
  for (std::size_t run = 0; run < settings.runs; ++run) {
    const Outcome bare = run_bare(settings, in_flight);
    const Outcome latium = run_latium(settings, in_flight);
    bare_rate.push_back(bare.requests_per_second);
    bare_p50.push_back(bare.p50_us);
    latium_rate.push_back(latium.requests_per_second);
    latium_p50.push_back(latium.p50_us);
  }
  nlohmann::json result{{"case", name},
                        {"in_flight", in_flight},
                        {"bare_per_second", median(bare_rate)},
                        {"latium_per_second", median(latium_rate)},
                        {"rate_ratio", median(latium_rate) / median(bare_rate)}};
  std::printf("%-10s in flight %-4zu bare %9.0f/s  latium %9.0f/s  ratio %.2f", name, in_flight, median(bare_rate),
              median(latium_rate), median(latium_rate) / median(bare_rate));
  if (in_flight == 1) {
    result["bare_p50_us"] = median(bare_p50);
    result["latium_p50_us"] = median(latium_p50);
    result["p50_ratio"] = median(latium_p50) / median(bare_p50);
    std::printf("  p50 %.1f us, %.1f us, ratio %.2f", median(bare_p50), median(latium_p50),
                median(latium_p50) / median(bare_p50));
  }
  std::printf("\n");
  return result;
}

}  // namespace
}  // namespace latium

int main(int argc, char** argv) {
  latium::Settings settings;
  CLI::App app("Latium's transport beside a bare Asio echo, over loopback");
  app.add_option("--payload", settings.payload_bytes, "bytes a message")->capture_default_str();
  app.add_option("--tenths", settings.seconds_x10, "tenths of a second a run")->capture_default_str();
  app.add_option("--runs", settings.runs, "runs of each side")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--in-flight", settings.in_flight, "requests in flight in the pipelined case")->capture_default_str();
  bool only_pipelined = false;
  app.add_flag("--only-latium-pipelined", only_pipelined, "one pipelined run of Latium, for profilers");
  app.add_option("--json", settings.json, "file for the results");
  CLI11_PARSE(app, argc, argv);

  if (only_pipelined) {
    std::printf("%.0f/s\n", latium::run_latium(settings, settings.in_flight).requests_per_second);
    return 0;
  }
  utsname machine{};
  uname(&machine);
  double load = 0;
  getloadavg(&load, 1);
  std::printf("Boost %s, %s %s, %u processors, load %.2f, payload %zu bytes, %zu runs, plaintext, no disk\n", BOOST_LIB_VERSION,
              machine.sysname, machine.release, std::thread::hardware_concurrency(), load, settings.payload_bytes, settings.runs);
  nlohmann::json report{{"boost", BOOST_LIB_VERSION},
                        {"kernel", machine.release},
                        {"load", load},
                        {"processors", std::thread::hardware_concurrency()},
                        {"payload_bytes", settings.payload_bytes},
                        {"runs", settings.runs},
                        {"security", "plaintext"}};
  report["results"] = {latium::compare(settings, 1, "one client"), latium::compare(settings, settings.in_flight, "pipelined")};
  if (!settings.json.empty()) std::ofstream(settings.json) << report.dump(2) << "\n";
  return 0;
}
