#include "bench/transaction_load.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <thread>

#include "base/random.h"
#include "node/cli/zipfian.h"

namespace latium::bench {

namespace {

using LoadClock = std::chrono::steady_clock;
constexpr double kTheta = 0.99;

// What one client has done.
struct Tally {
  std::vector<std::uint32_t> latencies_us;
  std::uint64_t begun = 0;
};

struct Load {
  std::string kind;
  std::size_t clients = 0;
  double seconds = 0;
};

void work(const Load& load, TransactionClient& client, std::size_t number, LoadClock::time_point end, Tally& tally) {
  Random random(number + 1);
  const cli::Zipfian zipfian = *cli::Zipfian::make(kCounters, kTheta);
  const std::string value(kValueBytes, static_cast<char>('a' + number % 26));
  for (auto began = LoadClock::now(); began < end;) {
    if (load.kind == "mixed") {
      std::array<std::uint64_t, 5> rows{};
      for (std::uint64_t& row : rows) row = random.below(kRows);
      tally.begun += client.mixed(rows, value);
    } else {
      tally.begun += client.increment(load.kind == "one_row" ? 0 : zipfian.item(random));
    }
    const auto now = LoadClock::now();
    tally.latencies_us.push_back(
        static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::microseconds>(now - began).count()));
    began = now;
  }
}

double cpu_seconds() {
  rusage used{};
  (void)getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

nlohmann::json report(std::vector<Tally>& tallies, double took) {
  std::vector<std::uint32_t> all;
  std::uint64_t begun = 0;
  std::size_t least = SIZE_MAX;
  std::size_t most = 0;
  for (const Tally& tally : tallies) {
    all.insert(all.end(), tally.latencies_us.begin(), tally.latencies_us.end());
    begun += tally.begun;
    least = std::min(least, tally.latencies_us.size());
    most = std::max(most, tally.latencies_us.size());
  }
  std::ranges::sort(all);
  const auto at = [&all](double part) {
    return all.empty() ? 0 : all[std::min(all.size() - 1, static_cast<std::size_t>(part * static_cast<double>(all.size())))];
  };
  return {{"transactions", all.size()},
          {"rate", static_cast<double>(all.size()) / took},
          {"p50_us", at(0.5)},
          {"p99_us", at(0.99)},
          {"longest_us", all.empty() ? 0 : all.back()},
          {"begun_a_commit", all.empty() ? 0.0 : static_cast<double>(begun) / static_cast<double>(all.size())},
          {"least_of_a_client", least},
          {"most_of_a_client", most}};
}

nlohmann::json run(const TransactionSystem& system, const Load& load) {
  std::vector<std::unique_ptr<TransactionClient>> clients;
  for (std::size_t i = 0; i < load.clients; ++i) clients.push_back(system.connect(i));
  const bool counts = load.kind != "mixed";
  const std::int64_t before = counts ? system.total() : 0;
  std::vector<Tally> tallies(load.clients);
  const double cpu_before = cpu_seconds();
  const auto began = LoadClock::now();
  const auto end = began + std::chrono::duration_cast<LoadClock::duration>(std::chrono::duration<double>(load.seconds));
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < load.clients; ++i) {
      threads.emplace_back([&, i] { work(load, *clients[i], i, end, tallies[i]); });
    }
  }
  const double took = std::chrono::duration<double>(LoadClock::now() - began).count();
  nlohmann::json out = report(tallies, took);
  out["cpu_us"] = (cpu_seconds() - cpu_before) * 1e6 / std::max(1.0, out["transactions"].get<double>());
  if (counts) out["missing"] = before + out["transactions"].get<std::int64_t>() - system.total();
  return out;
}

}  // namespace

int serve_load(const TransactionSystem& system) {
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    Load load;
    std::istringstream words(line);
    words >> load.kind >> load.clients >> load.seconds;
    if (!words || load.clients == 0 || (load.kind != "mixed" && load.kind != "one_row" && load.kind != "zipfian")) {
      std::fprintf(stderr, "%s: a line is mixed, one_row or zipfian, then clients and seconds; not '%s'\n", system.name.c_str(),
                   line.c_str());
      return 1;
    }
    std::cout << run(system, load).dump() << std::endl;
  }
  return 0;
}

}  // namespace latium::bench
