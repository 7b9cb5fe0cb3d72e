// latium-swim-sim: what liveness costs and how soon it knows, in a cluster of any size. Times and traffic are printed; the exit
// status is 1 when a living node was found down, or news did not get everywhere.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "tests/ring/swim_world.h"

namespace latium::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

double in_seconds(Duration time) {
  return std::chrono::duration<double>(time).count();
}

/// Bytes sent by each node since `before`, a second.
void print_traffic(SwimWorld& world, const std::vector<std::uint64_t>& before, Duration time, const char* when) {
  double sum = 0;
  double most = 0;
  for (std::size_t i = 0; i < world.size(); ++i) {
    const double rate = static_cast<double>(world.node(i).bytes_sent - before[i]) / in_seconds(time);
    sum += rate;
    most = std::max(most, rate);
  }
  std::printf("%s: sent by a node: mean %.0f B/s, most %.0f B/s\n", when, sum / static_cast<double>(world.size()), most);
}

std::vector<std::uint64_t> bytes_sent(SwimWorld& world) {
  std::vector<std::uint64_t> bytes;
  for (std::size_t i = 0; i < world.size(); ++i) bytes.push_back(world.node(i).bytes_sent);
  return bytes;
}

/// Until every living node says `liveness` of each of `subjects`; prints the longest.
bool measure(SwimWorld& world, const std::vector<std::size_t>& subjects, Liveness liveness, const char* what) {
  const MonotonicTime since = world.now();
  const auto before = bytes_sent(world);
  // One that changed its mind meanwhile is asked again.
  const bool done = world.run_until(minutes(3), [&] {
    return std::ranges::all_of(subjects, [&](std::size_t subject) { return world.all_others_say(subject, liveness); });
  });
  std::printf("%s: %s after %.1f s\n", what, done ? "known everywhere" : "NOT known everywhere", in_seconds(world.now() - since));
  print_traffic(world, before, world.now() - since, what);
  std::fflush(stdout);
  return done;
}

bool kill_some(SwimWorld& world, Random& random, std::size_t rounds) {
  bool good = true;
  std::vector<Duration> times;
  for (std::size_t round = 0; round < rounds; ++round) {
    const std::size_t victim = random.below(world.size());
    if (!world.node(victim).alive) continue;
    world.kill(victim);
    const MonotonicTime since = world.now();
    good = world.run_until(minutes(2), [&] { return world.all_others_say(victim, Liveness::down); }) && good;
    times.push_back(world.now() - since);
    world.run_for(seconds(5));
  }
  std::ranges::sort(times);
  std::printf("one node fails, %zu times: known everywhere after %.1f s (median), %.1f s (longest)\n", times.size(),
              in_seconds(times[times.size() / 2]), in_seconds(times.back()));
  std::fflush(stdout);
  return good;
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
  for (const Liveness liveness : {Liveness::down, Liveness::up}) {
    const MonotonicTime since = world.now();
    const auto before = bytes_sent(world);
    if (!world.run_until(minutes(3), [&] { return others_say(liveness); })) return false;
    const char* what = liveness == Liveness::down ? "a site is cut off" : "it is back";
    std::printf("%s: known everywhere after %.1f s\n", what, in_seconds(world.now() - since));
    print_traffic(world, before, world.now() - since, what);
    if (liveness == Liveness::down) world.run_for(minutes(2));
    world.heal();
  }
  return true;
}

int run(const SwimWorldOptions& options, std::uint64_t quiet_minutes, std::size_t failures) {
  SwimWorld world(options);
  Random random = Random(options.seed).fork("victims");
  world.run_for(seconds(30));
  const auto before = bytes_sent(world);
  world.run_for(minutes(quiet_minutes));
  print_traffic(world, before, minutes(quiet_minutes), "quiet");
  std::printf("quiet: %llu false positives in %llu min at %.1f %% loss\n",
              static_cast<unsigned long long>(world.false_positives()), static_cast<unsigned long long>(quiet_minutes),
              options.loss * 100);
  std::uint64_t failed = 0;
  for (std::size_t i = 0; i < world.size(); ++i) failed += world.node(i).swim->statistics().probes_failed;
  std::printf("quiet: %llu probes failed in vain\n", static_cast<unsigned long long>(failed));
  bool good = world.false_positives() == 0 && kill_some(world, random, failures);

  std::vector<std::size_t> victims;
  for (std::size_t i = 0; i < options.nodes_per_site / 10 + 1; ++i) victims.push_back(i);
  for (const std::size_t victim : victims) world.kill(victim);
  good = measure(world, victims, Liveness::down, "a tenth of a site fails at once") && good;
  for (const std::size_t victim : victims) world.start(victim);
  good = measure(world, victims, Liveness::up, "they are back") && good;
  good = cut_and_heal(world, options) && good;
  std::printf("%llu events, %.0f simulated s, %llu false positives in all\n", static_cast<unsigned long long>(world.events()),
              in_seconds(world.now().time_since_epoch()), static_cast<unsigned long long>(world.false_positives()));
  return good && world.false_positives() == 0 ? 0 : 1;
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
  app.add_option("--minutes", minutes, "simulated, in which nothing fails");
  app.add_option("--failures", failures, "of one node each");
  app.add_option("--seed", options.seed, "of the run");
  CLI11_PARSE(app, argc, argv);
  return latium::testing::run(options, minutes, failures);
}
