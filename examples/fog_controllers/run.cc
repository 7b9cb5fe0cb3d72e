#include "examples/fog_controllers/run.h"

#include <algorithm>
#include <atomic>
#include <ostream>
#include <thread>

#include "examples/fog_controllers/latium_databases.h"

namespace fog {

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kLookAround = 5ms;
constexpr std::string_view kActive = "SELECT count(*) FROM instances WHERE deleted = 0 AND vm_state = 'active'";

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

// A controller on its thread.
struct Worker {
  std::unique_ptr<LatiumDatabases> databases;
  std::unique_ptr<Controller> controller;
  std::atomic<std::int64_t> ended = 0;  // boots, whatever came of them
  std::atomic<std::int64_t> while_cut = 0;
};

class Runner {
 public:
  Runner(const Trace& trace, RunOptions options, std::ostream& out) : trace_(trace), options_(std::move(options)), out_(out) {}

  Result<RunReport> run() {
    if (auto ready = make_ready(); !ready) return std::unexpected(ready.error());
    RunReport report{.sites = {}, .replicas = options_.three ? "three" : "home", .killed = "", .cut = "", .seconds = 0};
    const auto began = Clock::now();
    const std::size_t third = options_.boots / 3;
    boots(third, [] {});
    boots(third, [&] { kill(report); });
    if (!report.killed.empty()) {
      if (auto again = sites_->start_killed(); !again) return std::unexpected(again.error());
      out_ << report.killed << " is started again, over its data" << std::endl;
    }
    if (auto cut = boots_cut_off(options_.boots - 2 * third, report); !cut) return std::unexpected(cut.error());
    report.seconds = seconds_since(began);
    if (auto counted = count(report); !counted) return std::unexpected(counted.error());
    sites_->stop();
    return report;
  }

 private:
  Result<void> make_ready() {
    const auto began = Clock::now();
    auto started = Sites::start(options_.sites);
    if (!started) return std::unexpected(started.error());
    sites_.emplace(*std::move(started));
    out_ << sites_->all().size() << text(" sites serve after %.1f s:", seconds_since(began));
    for (const Site& site : sites_->all())
      out_ << " " << site.name << " (" << site.size << (site.size == 1 ? " node)" : " nodes)");
    out_ << std::endl;
    for (Site& site : sites_->all()) {
      if (auto made = make_tenants(site); !made) return made;
    }
    const auto filling = Clock::now();
    std::vector<std::thread> threads;
    std::vector<Result<void>> outcomes(workers_.size());
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      threads.emplace_back([&, i] { outcomes[i] = workers_[i]->databases->fill(trace_); });
    }
    for (std::thread& thread : threads) thread.join();
    for (const auto& outcome : outcomes) {
      if (!outcome) return outcome;
    }
    out_ << trace_.tables.size() << " tables in " << trace_.databases().size()
         << text(" databases of each site, with the rows of before, in %.1f s", seconds_since(filling)) << std::endl;
    return {};
  }

  Result<void> make_tenants(Site& site) {
    std::string placement = site.name + ":" + std::to_string(site.size);
    if (options_.three) {
      placement.clear();
      for (const Site& each : sites_->all()) placement += (placement.empty() ? "" : ",") + each.name + ":1";
    }
    for (const std::string& database : trace_.databases()) {
      auto made = site.node->create_tenant(tenant_of(database, site.name), {.placement = placement, .partitions = 16});
      if (!made) return std::unexpected(made.error());
    }
    latium::SqlOptions sql;
    sql.timeout = 5s;
    sql.serializable = options_.serializable;
    auto databases = LatiumDatabases::open(*site.node, trace_, site.name, sql);
    if (!databases) return std::unexpected(databases.error());
    auto& worker = *workers_.emplace_back(std::make_unique<Worker>());
    worker.databases = std::make_unique<LatiumDatabases>(*std::move(databases));
    worker.controller = std::make_unique<Controller>(
        trace_, *worker.databases,
        ControllerOptions{.site = site.name, .seed = options_.seed + workers_.size(), .patience = options_.patience});
    return {};
  }

  // All controllers at once; `meanwhile` runs here, once the first of their boots has ended.
  template <class Meanwhile>
  void boots(std::size_t count, Meanwhile meanwhile) {
    if (count == 0) return;
    std::vector<std::thread> threads;
    const std::int64_t before = ended();
    for (const auto& worker : workers_) threads.emplace_back([this, &worker, count] { work(*worker, count); });
    while (ended() == before) std::this_thread::sleep_for(kLookAround);
    meanwhile();
    for (std::thread& thread : threads) thread.join();
  }

  void work(Worker& worker, std::size_t count) {
    for (std::size_t i = 0; i < count || boots_on(worker); ++i) {
      const std::uint64_t cut_before = cuts_;
      const bool good = worker.controller->boot();
      if (good && cut_before == 1 && cuts_ == 1) ++worker.while_cut;
      ++worker.ended;
    }
  }

  // Where the network will be cut, or is, it goes on until enough was booted meanwhile.
  bool boots_on(const Worker& worker) const {
    return &worker == cut_off_ && cuts_ < 2 && !options_.three && worker.while_cut < options_.boots_while_cut;
  }

  std::int64_t ended() const {
    std::int64_t sum = 0;
    for (const auto& worker : workers_) sum += worker->ended;
    return sum;
  }

  void kill(RunReport& report) {
    if (!options_.kill || !sites_->kill_one()) return;
    report.killed = sites_->killed();
    out_ << report.killed << " is killed (SIGKILL), while all boot" << std::endl;
  }

  Result<void> boots_cut_off(std::size_t count, RunReport& report) {
    Result<void> outcome;
    const std::int64_t all = ended() + static_cast<std::int64_t>(count * workers_.size());
    if (!options_.cut || workers_.size() < 2) {
      boots(count, [] {});
      return outcome;
    }
    cut_off_ = workers_[1].get();
    boots(count, [&] {
      report.cut = sites_->all()[1].name;
      outcome = sites_->cut(report.cut);
      cuts_ = 1;
      out_ << report.cut << " is cut off"
           << (options_.three ? ": its tenants' majorities are elsewhere, so it waits" : ", and boots on") << std::endl;
      const auto until = Clock::now() + options_.cut_for;
      while ((options_.three ? ended() < all : boots_on(*cut_off_)) && Clock::now() < until) {
        std::this_thread::sleep_for(kLookAround);
      }
      cuts_ = 2;
      if (auto healed = sites_->heal(); !healed && outcome) outcome = healed;
      out_ << report.cut << " is back" << std::endl;
    });
    return outcome;
  }

  // From a node of the next site: what is acknowledged is seen from everywhere.
  Result<void> count(RunReport& report) {
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      const Site& site = sites_->all()[i];
      latium::Node& from = *sites_->all()[(i + 1) % workers_.size()].node;
      auto database = from.database(tenant_of("nova_cell1", site.name));
      if (!database) return std::unexpected(database.error());
      auto session = database->sql({.reads = latium::Consistency::quorum});
      if (!session) return std::unexpected(session.error());
      auto counted = session->execute(kActive);
      if (!counted) return std::unexpected(counted.error());
      const Tally& tally = workers_[i]->controller->tally();
      report.sites.push_back({.site = site.name,
                              .nodes = static_cast<std::int64_t>(site.size),
                              .tally = tally,
                              .boots_while_cut = site.name == report.cut ? workers_[i]->while_cut.load() : 0,
                              .instances = counted->rows.at(0).at(0).get<std::int64_t>(),
                              .expected_instances = tally.boots + recorded_instances()});
    }
    return {};
  }

  std::int64_t recorded_instances() const {
    const TableRecord* table = trace_.table("nova_cell1", "instances");
    return table == nullptr ? 0 : static_cast<std::int64_t>(table->rows.size());
  }

  const Trace& trace_;
  const RunOptions options_;
  std::ostream& out_;
  std::optional<Sites> sites_;
  std::vector<std::unique_ptr<Worker>> workers_;  // of each site; before their nodes
  std::atomic<int> cuts_ = 0;                     // 1 while a site is cut off, 2 afterwards
  const Worker* cut_off_ = nullptr;               // before its thread begins
};

}  // namespace

Result<RunReport> run(const Trace& trace, RunOptions options, std::ostream& out) {
  return Runner(trace, std::move(options), out).run();
}

}  // namespace fog
