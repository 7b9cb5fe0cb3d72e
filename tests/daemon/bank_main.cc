// latium-bank: moves money between rows of a cluster, as a node that takes part and holds nothing, until it is told to stop or is
// killed; and judges what it was told. For bank_test.py.
#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "latium/latium.h"

namespace {

using latium::ErrorCode;
using latium::Result;
using latium::Row;
using latium::Session;
using latium::Value;
using latium::ValueType;

constexpr std::int64_t kAccounts = 8;
constexpr std::int64_t kEach = 100;

struct Arguments {
  std::vector<std::string> seeds;
  std::string data;
  std::string site = "rennes";
  std::string log;
  std::string name;
  std::uint64_t seed = 1;
  int threads = 8;
  int seconds = 10;
  bool verify = false;
};

std::int64_t number(const Row& row, std::size_t column) {
  return row.values[column].get<std::int64_t>();
}

Result<void> make_tables(latium::Database& database) {
  const auto accounts = database.create_table(
      {.name = "accounts",
       .columns = {{.name = "id", .type = ValueType::integer}, {.name = "balance", .type = ValueType::integer}},
       .primary_key = {"id"},
       .indexes = {{.name = "by_balance", .columns = {"balance"}}}});
  if (!accounts && accounts.error().code != ErrorCode::already_exists) return std::unexpected(accounts.error());
  const auto transfers =
      database.create_table({.name = "transfers",
                             .columns = {{.name = "id", .type = ValueType::text}, {.name = "amount", .type = ValueType::integer}},
                             .primary_key = {"id"},
                             .indexes = {{.name = "by_amount", .columns = {"amount"}}}});
  if (!transfers && transfers.error().code != ErrorCode::already_exists) return std::unexpected(transfers.error());
  return database.transact([](Session& session) -> Result<void> {
    for (std::int64_t id = 0; id < kAccounts; ++id) {
      const auto there = session.get("accounts", {id});
      if (!there) return std::unexpected(there.error());
      if (*there) return {};
      if (auto added = session.add("accounts", Row{{id, kEach}}); !added) return added;
    }
    return {};
  });
}

/// What one process was told.
class Bank {
 public:
  Bank(latium::Database& database, const Arguments& arguments) : database_(database), arguments_(arguments) {
    if (!arguments.log.empty()) log_.open(arguments.log, std::ios::app);
  }

  void work(int thread) {
    latium::Random random(arguments_.seed * 1'000 + static_cast<std::uint64_t>(thread));
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(arguments_.seconds);
    for (int i = 0; std::chrono::steady_clock::now() < until; ++i) {
      if (random.chance(0.25)) {
        look(random.chance(0.5));
      } else {
        transfer(arguments_.name + "-" + std::to_string(thread) + "-" + std::to_string(i), random);
      }
    }
  }

  // Whoever sees all accounts in one session sees the same sum.
  bool look(bool by_index) {
    Session session = database_.session({.timeout = std::chrono::milliseconds(4'000)});
    const auto page = session.find("accounts", by_index ? "by_balance" : "");
    if (!page || !session.commit()) return false;
    std::int64_t sum = 0;
    for (const Row& row : page->rows) sum += number(row, 1);
    ++looks;
    if (sum == kAccounts * kEach && page->rows.size() == kAccounts) return true;
    ++wrong;
    std::fprintf(stderr, "latium-bank: saw %zu accounts with a sum of %lld\n", page->rows.size(), static_cast<long long>(sum));
    return false;
  }

  std::atomic<std::uint64_t> looks = 0;
  std::atomic<std::uint64_t> wrong = 0;
  std::atomic<std::uint64_t> transfers = 0;
  std::atomic<std::uint64_t> conflicts = 0;
  std::atomic<std::uint64_t> unknown = 0;
  std::atomic<std::uint64_t> unavailable = 0;

 private:
  void transfer(const std::string& id, latium::Random& random) {
    Session session = database_.session({.serializable = random.chance(0.5), .timeout = std::chrono::milliseconds(4'000)});
    const std::int64_t from = random.between(0, kAccounts - 1);
    const std::int64_t to = (from + 1 + random.between(0, kAccounts - 2)) % kAccounts;
    const std::int64_t amount = 1 + random.between(0, 8);
    const auto giver = session.get("accounts", {from});
    const auto taker = session.get("accounts", {to});
    if (!giver || !taker || !*giver || !*taker) {
      ++unavailable;
      return;
    }
    const bool made = session.update("accounts", Row{{from, number(**giver, 1) - amount}}) &&
                      session.update("accounts", Row{{to, number(**taker, 1) + amount}}) &&
                      session.add("transfers", Row{{id, amount}});
    if (!made) {
      ++unavailable;
      return;
    }
    const auto done = session.commit();
    if (done) {
      ++transfers;
      note("ok", id);
    } else if (done.error().code == ErrorCode::conflict) {
      ++conflicts;
      note("no", id);
    } else if (done.error().certainty == latium::Certainty::unknown) {
      ++unknown;
    } else {
      ++unavailable;
      note("no", id);
    }
  }

  // In the kernel before the next transfer begins: a killed process has told what it was told.
  void note(const char* what, const std::string& id) {
    const std::scoped_lock lock(mutex_);
    log_ << what << ' ' << id << std::endl;
  }

  latium::Database& database_;
  const Arguments& arguments_;
  std::mutex mutex_;
  std::ofstream log_;
};

/// Every transfer that the log calls done is there, and none that it calls not done.
int verify(latium::Database& database, Bank& bank, const Arguments& arguments) {
  std::size_t done = 0;
  std::size_t missing = 0;
  std::size_t undone = 0;
  for (int attempt = 0; bank.looks == 0; ++attempt) {
    if (attempt == 60) return std::fprintf(stderr, "latium-bank: nobody can read all accounts\n"), 1;
    (void)bank.look(false);
  }
  (void)bank.look(true);
  std::ifstream log(arguments.log);
  Session session = database.session({.reads = latium::Consistency::quorum, .timeout = std::chrono::seconds(30)});
  for (std::string what, id; log >> what >> id;) {
    const auto found = session.get("transfers", {id});
    if (!found) return std::fprintf(stderr, "latium-bank: %s\n", found.error().message.c_str()), 1;
    const bool there = found->has_value();
    ++done;
    missing += what == "ok" && !there ? 1 : 0;
    undone += what == "no" && there ? 1 : 0;
  }
  std::printf(R"({"verified":%zu,"missing":%zu,"not_undone":%zu,"wrong_sums":%llu})"
              "\n",
              done, missing, undone, static_cast<unsigned long long>(bank.wrong));
  return missing == 0 && undone == 0 && bank.wrong == 0 ? 0 : 1;
}

int run(const Arguments& arguments) {
  auto node = latium::Node::open({.data_dir = arguments.data,
                                  .site = arguments.site,
                                  .role = latium::NodeRole::client,
                                  .seeds = arguments.seeds,
                                  .listen = "127.0.0.1:0"});
  if (!node)
    return std::fprintf(stderr, "latium-bank: %s\n", node.error().message.c_str()), latium::exit_status(node.error().code);
  auto database = node->database("bank");
  if (!database) return std::fprintf(stderr, "latium-bank: %s\n", database.error().message.c_str()), 1;
  for (int attempt = 0;; ++attempt) {
    const auto made = make_tables(*database);
    if (made) break;
    if (attempt == 20) return std::fprintf(stderr, "latium-bank: %s\n", made.error().message.c_str()), 1;
  }
  Bank bank(*database, arguments);
  if (arguments.verify) return verify(*database, bank, arguments);
  std::printf("ready\n");
  std::fflush(stdout);
  std::vector<std::thread> threads;
  for (int i = 0; i < arguments.threads; ++i) threads.emplace_back([&bank, i] { bank.work(i); });
  for (std::thread& each : threads) each.join();
  const auto text = [](std::uint64_t count) { return std::to_string(count); };
  std::printf("{\"transfers\":%s,\"looks\":%s,\"wrong_sums\":%s,\"conflicts\":%s,\"unknown\":%s,\"unavailable\":%s}\n",
              text(bank.transfers).c_str(), text(bank.looks).c_str(), text(bank.wrong).c_str(), text(bank.conflicts).c_str(),
              text(bank.unknown).c_str(), text(bank.unavailable).c_str());
  return bank.wrong == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app(
      "Moves money between rows of the tenant `bank` of a cluster. Exit status: 0 as it should be, 1 not, 2 wrong usage.");
  app.add_option("SEED", arguments.seeds, "HOST:PORT of nodes of the cluster")->required();
  app.add_option("--data-dir", arguments.data, "Of the node that this is")->required();
  app.add_option("--site", arguments.site, "Where it stands");
  app.add_option("--name", arguments.name, "Begins the ids of its transfers");
  app.add_option("--log", arguments.log, "What was acknowledged is added to this file")->required();
  app.add_option("--seed", arguments.seed, "Of what it chooses");
  app.add_option("--threads", arguments.threads, "Sessions at once");
  app.add_option("--seconds", arguments.seconds, "How long");
  app.add_flag("--verify", arguments.verify, "Move nothing; compare the log with the rows");
  CLI11_PARSE(app, argc, argv);
  return run(arguments);
}
