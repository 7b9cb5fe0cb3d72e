// latium-swim-sim: what liveness costs and how soon it knows, in a cluster of any size. Times and traffic are printed, progress
// goes to stderr; the exit status is 1 when a living node was found down, news came late, or a node sent too much.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>

#include "tests/ring/swim_world.h"

namespace latium::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// What must hold; docs/performance.md has what does.
constexpr Duration kKnownWithin = seconds(15);
constexpr std::uint32_t kMostBytesASecond = 10'000;

/// How long a node that failed stays away.
constexpr Duration kAway = seconds(40);

double in_seconds(Duration time) {
  return std::chrono::duration<double>(time).count();
}

/// What all nodes sent from its construction on.
class Traffic {
 public:
  explicit Traffic(SwimWorld& world) : world_(world), since_(world.now()) {
    for (std::size_t i = 0; i < world.size(); ++i) before_.push_back(world.node(i).bytes_sent);
    world.reset_most_sent();
  }

  /// False when a node sent too much in any one second.
  bool print(const char* when) const {
    const double time = in_seconds(world_.now() - since_);
    double sum = 0;
    double most = 0;
    for (std::size_t i = 0; i < world_.size(); ++i) {
      const double rate = static_cast<double>(world_.node(i).bytes_sent - before_[i]) / time;
      sum += rate;
      most = std::max(most, rate);
    }
    const std::uint32_t peak = world_.most_sent();
    std::printf("%s: sent by a node: mean %.0f B/s, most %.0f B/s over these %.1f s, %u B in any one second\n", when,
                sum / static_cast<double>(world_.size()), most, time, peak);
    std::fflush(stdout);
    return peak < kMostBytesASecond;
  }

 private:
  SwimWorld& world_;
  MonotonicTime since_;
  std::vector<std::uint64_t> before_;
};

/// Runs until `done` is so; how long that took, and whether it was soon enough.
template <class Done>
std::pair<Duration, bool> until(SwimWorld& world, Done done) {
  const MonotonicTime since = world.now();
  const bool ever = world.run_until(minutes(3), done);
  const Duration time = world.now() - since;
  return {time, ever && time < kKnownWithin};
}

/// Until every living node says `liveness` of each of `subjects`. One that changed its mind meanwhile is asked again.
std::pair<Duration, bool> until_all_say(SwimWorld& world, const std::vector<std::size_t>& subjects, Liveness liveness) {
  return until(world, [&] {
    return std::ranges::all_of(subjects, [&](std::size_t subject) { return world.all_others_say(subject, liveness); });
  });
}

bool report(const char* what, std::pair<Duration, bool> known, const Traffic& traffic) {
  std::printf("%s: known everywhere after %.1f s%s\n", what, in_seconds(known.first), known.second ? "" : ": TOO LATE");
  return traffic.print(what) && known.second;
}

bool report(const char* what, std::vector<Duration> times) {
  if (times.empty()) return true;
  std::ranges::sort(times);
  std::printf("%s, %zu times: known everywhere after %.1f s (median), %.1f s (longest)\n", what, times.size(),
              in_seconds(times[times.size() / 2]), in_seconds(times.back()));
  return times.back() < kKnownWithin;
}

/// Single nodes fail and come back, at equal distances in `time`; every fourth is a delegate.
class LongRun {
 public:
  LongRun(SwimWorld& world, Duration time, std::size_t failures, Random random)
      : world_(world), begin_(world.now()), end_(begin_ + time), failures_(failures), random_(std::move(random)) {}

  bool run() {
    const Traffic traffic(world_);
    for (std::size_t round = 0; round < failures_; ++round) {
      run_to(begin_ + (end_ - begin_) / failures_ * round + seconds(1));
      fail_one(round);
    }
    run_to(end_);
    std::uint64_t in_vain = 0;
    for (std::size_t i = 0; i < world_.size(); ++i) in_vain += world_.node(i).swim->statistics().probes_failed;
    std::printf("%.1f min: %llu false positives; %llu probes failed\n", in_seconds(world_.now() - begin_) / 60,
                static_cast<unsigned long long>(world_.false_positives()), static_cast<unsigned long long>(in_vain));
    const bool in_time = report("one node fails", downs_) && report("one node is back", ups_);
    return traffic.print("all that time") && in_time && !missed_ && world_.false_positives() == 0;
  }

 private:
  void run_to(MonotonicTime to) {
    while (world_.now() < to) {
      world_.run_for(std::min<Duration>(to - world_.now(), minutes(1)));
      const double real = in_seconds(std::chrono::steady_clock::now() - started_);
      std::fprintf(stderr,
                   "%.1f of %.1f min simulated, %.0f s real; %llu events, %llu false positives, most sent %u B in a second\n",
                   in_seconds(world_.now() - begin_) / 60, in_seconds(end_ - begin_) / 60, real,
                   static_cast<unsigned long long>(world_.events()), static_cast<unsigned long long>(world_.false_positives()),
                   world_.most_sent());
    }
  }

  void fail_one(std::size_t round) {
    std::size_t victim = random_.below(world_.size());
    if (round % 4 == 3) {
      const auto delegates = world_.node(victim).swim->delegates(SwimWorld::site_name(world_.node(victim).site));
      victim = world_.index_of(delegates[random_.below(delegates.size())]);
    }
    world_.kill(victim);
    note(victim, Liveness::down, downs_);
    world_.run_for(kAway);
    world_.start(victim);
    note(victim, Liveness::up, ups_);
  }

  void note(std::size_t victim, Liveness liveness, std::vector<Duration>& times) {
    const auto [time, in_time] = until_all_say(world_, {victim}, liveness);
    std::fprintf(stderr, "node %zu: %s everywhere after %.1f s\n", victim, liveness == Liveness::up ? "up" : "down",
                 in_seconds(time));
    times.push_back(time);
    missed_ = missed_ || !in_time;
  }

  SwimWorld& world_;
  MonotonicTime begin_;
  MonotonicTime end_;
  std::size_t failures_;
  Random random_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::vector<Duration> downs_;
  std::vector<Duration> ups_;
  bool missed_ = false;
};

/// Many nodes of the first site fail at once, and are back at once. Half a site takes longer to be found down than the bound for
/// a node: its nodes, of which every second probe fails, distrust themselves. `judge_failing`: false does not judge how long that
/// takes.
bool fail_many(SwimWorld& world, std::size_t count, bool judge_failing) {
  std::vector<std::size_t> victims;
  for (std::size_t i = 0; i < count; ++i) victims.push_back(i);
  const Traffic failing(world);
  for (const std::size_t victim : victims) world.kill(victim);
  const std::string nodes = std::to_string(count) + " nodes of a site";
  auto known = until_all_say(world, victims, Liveness::down);
  known.second = known.second || !judge_failing;
  const bool down = report((nodes + " fail at once").c_str(), known, failing);
  world.run_for(kAway);
  const Traffic returning(world);
  for (const std::size_t victim : victims) world.start(victim);
  const auto up = until_all_say(world, victims, Liveness::up);
  world.run_for(seconds(20));  // what is still on its way counts, too
  return report((nodes + " are back").c_str(), up, returning) && down;
}

bool cut_and_heal(SwimWorld& world, const SwimWorldOptions& options) {
  const std::size_t first = (options.sites - 1) * options.nodes_per_site;
  std::vector<std::size_t> subjects;
  for (std::size_t i = 0; i < options.nodes_per_site; i += 7) {
    if (world.node(first + i).alive) subjects.push_back(first + i);
  }
  const auto others_say = [&](Liveness liveness) {
    for (const std::size_t subject : subjects) {
      for (std::size_t i = 0; i < first; ++i) {
        if (world.node(i).alive && world.node(i).swim->liveness(world.node(subject).id) != liveness) return false;
      }
    }
    return true;
  };
  world.cut_site(options.sites - 1);
  const Traffic cut(world);
  bool good = report("a site is cut off", until(world, [&] { return others_say(Liveness::down); }), cut);
  world.run_for(minutes(2));
  world.heal();
  const Traffic healed(world);
  good = report("it is back", until(world, [&] { return others_say(Liveness::up); }), healed) && good;
  return good;
}

int run(const SwimWorldOptions& options, std::uint64_t long_minutes, std::size_t failures) {
  SwimWorld world(options);
  world.run_for(seconds(30));
  bool good = LongRun(world, minutes(long_minutes), failures, Random(options.seed).fork("victims")).run();
  good = fail_many(world, options.nodes_per_site / 10 + 1, true) && good;
  good = fail_many(world, options.nodes_per_site / 2, false) && good;
  good = cut_and_heal(world, options) && good;
  good = good && world.false_positives() == 0;
  std::printf("%llu events, %.0f simulated s, %llu false positives in all, trace %016llx: %s\n",
              static_cast<unsigned long long>(world.events()), in_seconds(world.now().time_since_epoch()),
              static_cast<unsigned long long>(world.false_positives()), static_cast<unsigned long long>(world.trace()),
              good ? "all as it must be" : "NOT as it must be");
  return good ? 0 : 1;
}

}  // namespace
}  // namespace latium::testing

int main(int argc, char** argv) {
  latium::testing::SwimWorldOptions options{.sites = 100, .nodes_per_site = 100, .loss = 0.01, .swim = {}};
  std::uint64_t minutes = 60;
  std::size_t failures = 20;
  CLI::App app("Liveness in a large cluster: traffic, false positives, time to know");
  app.add_option("--sites", options.sites, "at least 2");
  app.add_option("--nodes", options.nodes_per_site, "a site");
  app.add_option("--loss", options.loss, "of messages, 0 to 1");
  app.add_option("--minutes", minutes, "simulated, in which single nodes fail and come back; then many at once, and a site");
  app.add_option("--failures", failures, "of one node each, a minute or more apart");
  app.add_option("--seed", options.seed, "of the run");
  CLI11_PARSE(app, argc, argv);
  return latium::testing::run(options, minutes, failures);
}
