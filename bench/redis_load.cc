// A closed loop of clients on the masters of a Redis Cluster, for buckets_vs_redis.py: the counterpart of `latium bench ycsb`.
// Each client has a connection to one master and asks only for keys in its slots, as a client does that knows the slots. A write
// is a SET and a WAIT in one packet, and is done when both are answered and as many replicas have it as --wait says; a read is a
// GET.
#include <CLI/CLI.hpp>
#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/random.h"
#include "node/cli/bench_data.h"
#include "node/cli/bench_report.h"
#include "node/cli/zipfian.h"

namespace latium {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using BenchClock = std::chrono::steady_clock;

struct Settings {
  std::vector<std::string> masters;  // HOST:PORT:FIRST-LAST
  std::size_t clients = 64;
  double seconds = 5;
  unsigned reads_percent = 50;
  std::uint64_t keys = 100'000;
  std::size_t value_bytes = 100;
  unsigned wait = 1;  // replicas; 0: no WAIT
  double theta = 0;
  bool load = false;
};

struct Master {
  tcp::endpoint endpoint;
  unsigned first_slot = 0;
  unsigned last_slot = 0;
};

[[noreturn]] void die(const std::string& text) {
  std::fprintf(stderr, "redis_load: %s\n", text.c_str());
  std::exit(1);
}

// CRC-16/XMODEM, which Redis Cluster divides keys into slots by; our keys have no {tag}.
unsigned slot_of(std::string_view key) {
  unsigned crc = 0;
  for (const char each : key) {
    crc ^= static_cast<unsigned>(static_cast<unsigned char>(each)) << 8;
    for (int bit = 0; bit < 8; ++bit) crc = ((crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc % 16384;
}

void append_command(std::string& out, std::initializer_list<std::string_view> words) {
  out += "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words) {
    out += "$" + std::to_string(word.size()) + "\r\n";
    out += word;
    out += "\r\n";
  }
}

// The length of the reply at the front, 0 while it is not all there. An error of the server ends the program.
std::size_t reply_length(std::string_view text) {
  const std::size_t line = text.find("\r\n");
  if (line == std::string_view::npos) return 0;
  if (text[0] == '-') die("the server says " + std::string(text.substr(1, line - 1)));
  if (text[0] != '$' || text[1] == '-') return line + 2;
  const std::size_t all = line + 2 + std::stoul(std::string(text.substr(1, line - 1))) + 2;
  return text.size() < all ? 0 : all;
}

struct Tally {
  cli::BenchReport::Kind reads;
  cli::BenchReport::Kind writes;
};

/// On the thread of its context.
class Client {
 public:
  Client(asio::io_context& context, const Settings& settings, const cli::Zipfian& zipfian, Master master, std::size_t number,
         Tally& tally)
      : settings_(settings),
        zipfian_(zipfian),
        master_(master),
        tally_(tally),
        data_(settings.value_bytes, number + 1, 0),
        random_(number + 1),
        socket_(context) {
    socket_.connect(master.endpoint);
    socket_.set_option(tcp::no_delay(true));
  }

  void start(BenchClock::time_point end) {
    end_ = end;
    issue(BenchClock::now());
  }

  // All of the master's keys, many in flight, without WAIT; blocks.
  void load() {
    for (std::uint64_t item = 0; item < settings_.keys; ++item) {
      const Bytes key = cli::BenchData::key(item);
      if (!is_ours(key)) continue;
      append_command(out_, {"SET", key, data_.value(data_.next_sequence())});
      if (++expected_ == 512) exchange();
    }
    exchange();
  }

 private:
  bool is_ours(std::string_view key) const {
    const unsigned slot = slot_of(key);
    return slot >= master_.first_slot && slot <= master_.last_slot;
  }

  void exchange() {
    asio::write(socket_, asio::buffer(out_));
    while (!take_replies()) in_.append(block_.data(), socket_.read_some(asio::buffer(block_)));
    out_.clear();
  }

  void issue(BenchClock::time_point now) {
    if (now >= end_) return;
    started_ = now;
    Bytes key;
    do {
      key = cli::BenchData::key(zipfian_.item(random_));
    } while (!is_ours(key));
    read_ = random_.below(100) < settings_.reads_percent;
    out_.clear();
    expected_ = 1;
    if (read_) {
      append_command(out_, {"GET", key});
    } else {
      append_command(out_, {"SET", key, data_.value(data_.next_sequence())});
      if (settings_.wait > 0) {
        append_command(out_, {"WAIT", std::to_string(settings_.wait), "0"});
        ++expected_;
      }
    }
    asio::async_write(socket_, asio::buffer(out_), [this](const boost::system::error_code& failed, std::size_t) {
      if (failed) die("cannot write: " + failed.message());
      read_more();
    });
  }

  void read_more() {
    socket_.async_read_some(asio::buffer(block_), [this](const boost::system::error_code& failed, std::size_t count) {
      if (failed) die("cannot read: " + failed.message());
      in_.append(block_.data(), count);
      if (take_replies()) {
        done();
      } else {
        read_more();
      }
    });
  }

  // Whether all expected replies are there; they are taken off then.
  bool take_replies() {
    for (; expected_ > 0; --expected_) {
      const std::size_t length = reply_length(in_);
      if (length == 0) return false;
      last_ = in_.substr(0, length);
      in_.erase(0, length);
    }
    return true;
  }

  void done() {
    const auto now = BenchClock::now();
    cli::BenchReport::Kind& kind = read_ ? tally_.reads : tally_.writes;
    if (read_ && last_.starts_with("$-1")) ++kind.misses;
    if (!read_ && settings_.wait > 0 && std::stoul(last_.substr(1)) < settings_.wait) {
      ++kind.errors;
    } else {
      kind.latency.record(
          static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now - started_).count()));
    }
    issue(now);
  }

  const Settings& settings_;
  const cli::Zipfian& zipfian_;
  const Master master_;
  Tally& tally_;
  cli::BenchData data_;
  Random random_;
  tcp::socket socket_;
  std::array<char, 16384> block_{};
  std::string out_;
  std::string in_;
  std::string last_;  // reply
  std::size_t expected_ = 0;
  bool read_ = false;
  BenchClock::time_point started_;
  BenchClock::time_point end_;
};

Master parse_master(const std::string& text) {
  char host[64];
  unsigned port = 0;
  Master master;
  if (std::sscanf(text.c_str(), "%63[^:]:%u:%u-%u", host, &port, &master.first_slot, &master.last_slot) != 4) {
    die("'" + text + "' is not HOST:PORT:FIRST-LAST");
  }
  boost::system::error_code failed;
  master.endpoint = tcp::endpoint(asio::ip::make_address(host, failed), static_cast<std::uint16_t>(port));
  if (failed) die("'" + text + "' has no address in figures");
  return master;
}

// One thread a master, as `latium bench ycsb` has one a node.
Tally run(const Settings& settings, const cli::Zipfian& zipfian) {
  const std::size_t masters = settings.masters.size();
  std::vector<Tally> tallies(masters);
  std::vector<std::thread> threads;
  for (std::size_t m = 0; m < masters; ++m) {
    threads.emplace_back([&settings, &zipfian, &tally = tallies[m], m, masters] {
      asio::io_context context(1);
      const Master master = parse_master(settings.masters[m]);
      std::vector<std::unique_ptr<Client>> clients;
      for (std::size_t number = m; number < settings.clients; number += masters) {
        clients.push_back(std::make_unique<Client>(context, settings, zipfian, master, number, tally));
      }
      if (settings.load) return clients.front()->load();
      const auto end =
          BenchClock::now() + std::chrono::duration_cast<BenchClock::duration>(std::chrono::duration<double>(settings.seconds));
      for (const auto& client : clients) client->start(end);
      context.run();
    });
  }
  for (std::thread& thread : threads) thread.join();
  Tally all;
  for (const Tally& tally : tallies) {
    const auto add = [](cli::BenchReport::Kind& into, const cli::BenchReport::Kind& from) {
      into.latency.merge(from.latency);
      into.errors += from.errors;
      into.misses += from.misses;
    };
    add(all.reads, tally.reads);
    add(all.writes, tally.writes);
  }
  return all;
}

int main_with(const Settings& settings) {
  if (settings.masters.empty() || settings.clients < settings.masters.size()) die("give --master, and a client for each");
  const auto zipfian = cli::Zipfian::make(settings.keys, settings.theta);
  if (!zipfian) die(zipfian.error().message);
  const auto began = BenchClock::now();
  const Tally tally = run(settings, *zipfian);
  const Duration took = std::chrono::duration_cast<Duration>(BenchClock::now() - began);
  nlohmann::json json;
  json["reads"] = cli::kind_json(tally.reads, took);
  json["reads"]["misses"] = tally.reads.misses;
  json["updates"] = cli::kind_json(tally.writes, took);
  std::printf("%s\n", json.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace latium

int main(int argc, char** argv) {
  latium::Settings settings;
  CLI::App app("Load on the masters of a Redis Cluster");
  app.add_option("--master", settings.masters, "HOST:PORT:FIRST-LAST, its slots; once for each")->required();
  app.add_option("--clients", settings.clients, "Connections, one operation in flight on each");
  app.add_option("--seconds", settings.seconds, "How long");
  app.add_option("--reads", settings.reads_percent, "Share of reads, percent");
  app.add_option("--keys", settings.keys, "Different keys");
  app.add_option("--value-bytes", settings.value_bytes, "Size of a value");
  app.add_option("--wait", settings.wait, "Replicas that a write waits for; 0: no WAIT");
  app.add_option("--zipfian", settings.theta, "Skew of the keys; 0: uniform");
  app.add_flag("--load", settings.load, "Only put every key once");
  CLI11_PARSE(app, argc, argv);
  return latium::main_with(settings);
}
