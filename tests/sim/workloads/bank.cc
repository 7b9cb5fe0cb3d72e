#include "tests/sim/workloads/bank.h"

#include <array>
#include <utility>

#include "node/tenants.h"
#include "tests/sim/workloads/cluster_run.h"
#include "tests/sim/workloads/onlooker.h"

namespace latium::sim {

namespace {

constexpr std::size_t kAccounts = 5;
constexpr std::size_t kNodesMax = 8;
constexpr int kEach = 100;
constexpr int kSum = kEach * static_cast<int>(kAccounts);
constexpr Duration kTimeout = std::chrono::seconds(4);

// What is true outside of the cluster; survives every node.
struct Ledger : Ending {
  std::uint64_t looks = 0;
  std::array<std::uint64_t, kNodesMax> acknowledged{};  // transfers of each node
  std::array<std::uint64_t, kNodesMax> unknown{};
  std::optional<std::string> wrong;

  void found(std::string what) {
    if (!wrong) wrong = std::move(what);
  }
};

// What one node does: transfers and looks, until all is over. Each transfer also counts itself in a row of the node's own.
class Teller {
 public:
  Teller(NodeCore& core, std::size_t number, Ledger& ledger)
      : core_(core), number_(number), ledger_(ledger), random_(core.runtime().random.fork("teller")) {}

  Task<void> work() {
    while (!ledger_.ended) {
      LATIUM_CO_CHECKED(co_await sleep_for(core_.runtime(), std::chrono::milliseconds(random_.below(400))));
      const auto tenant = co_await find_tenant(core_.cluster(), kRunTenant, deadline());
      if (!tenant) continue;
      partitions_ = (*tenant)->partitions;
      tenant_ = (*tenant)->id;
      // Errors are what faults make of it: only what was promised counts.
      if (ledger_.ending) {
        (void)co_await look(true);
      } else if (random_.chance(0.3)) {
        (void)co_await look(false);
      } else {
        (void)co_await transfer();
      }
    }
    co_return Result<void>();
  }

 private:
  MonotonicTime deadline() const { return saturating_add(core_.runtime().clock.monotonic_now(), kTimeout); }
  RegisterKey row(const Bytes& name) const { return table_register(tenant_, partitions_, name, name); }
  RegisterKey account(std::size_t i) const { return row("account" + std::to_string(i)); }
  RegisterKey counter(std::size_t node) const { return row("counter" + std::to_string(node)); }
  std::vector<PartitionId> all_partitions() const {
    std::vector<PartitionId> out;
    for (std::uint16_t i = 0; i < partitions_; ++i) out.push_back(PartitionId{i});
    return out;
  }
  static int number_of(const std::optional<Bytes>& value) { return value ? std::stoi(*value) : 0; }

  Task<void> fill(Transaction& transaction) {
    for (std::size_t i = 0; i < kAccounts; ++i) transaction.put(account(i), std::to_string(kEach));
    co_return co_await transaction.commit(deadline());
  }

  Task<void> look(bool last) {
    // What is acknowledged from here on may come after what is read.
    const auto acknowledged_before = ledger_.acknowledged;
    Transaction transaction(core_.transactions(), {.reading = last || random_.chance(0.5) ? Reading::latest : Reading::local});
    std::vector<RegisterKey> keys;
    for (std::size_t i = 0; i < kAccounts; ++i) keys.push_back(account(i));
    for (std::size_t i = 0; last && i < kNodesMax; ++i) keys.push_back(counter(i));
    std::vector<std::optional<Bytes>> seen;
    if (!last && random_.chance(0.3)) {
      LATIUM_CO_TRY(auto page, co_await transaction.range(tenant_, all_partitions(), {"account", "accounu"}, 100, deadline()));
      for (auto& found : page.rows) seen.emplace_back(std::move(found.row));
      seen.resize(kAccounts);
    } else {
      LATIUM_CO_TRY(seen, co_await transaction.get(keys, deadline()));
    }
    const bool empty = !seen[0];
    if (empty && last) co_return co_await fill(transaction);
    LATIUM_CO_CHECKED(co_await transaction.commit(deadline()));
    if (empty) co_return Result<void>();
    int sum = 0;
    for (std::size_t i = 0; i < kAccounts; ++i) sum += number_of(seen[i]);
    ++ledger_.looks;
    if (sum != kSum) ledger_.found("node " + std::to_string(number_) + " saw a sum of " + std::to_string(sum));
    if (!last) co_return Result<void>();
    for (std::size_t node = 0; node < kNodesMax; ++node) {
      const auto counted = static_cast<std::uint64_t>(number_of(seen[kAccounts + node]));
      const std::uint64_t least = acknowledged_before[node];
      const std::uint64_t most = ledger_.acknowledged[node] + ledger_.unknown[node];
      if (counted >= least && counted <= most) continue;
      ledger_.found("node " + std::to_string(node) + ": " + std::to_string(counted) + " transfers are there, of " +
                    std::to_string(least) + " that were acknowledged before and " + std::to_string(most) +
                    " that may have been made");
    }
    ledger_.ended = true;
    co_return Result<void>();
  }

  Task<void> transfer() {
    Transaction transaction(core_.transactions(),
                            {.isolation = random_.chance(0.5) ? Isolation::serializable : Isolation::read_committed,
                             .reading = random_.chance(0.7) ? Reading::local : Reading::latest});
    const std::size_t from = random_.below(kAccounts);
    const std::size_t to = (from + 1 + random_.below(kAccounts - 1)) % kAccounts;
    std::vector<RegisterKey> keys = {account(from), account(to), counter(number_)};
    // Sometimes one more is only read, so that the commit has something to check.
    if (random_.chance(0.3)) keys.push_back(account(random_.below(kAccounts)));
    LATIUM_CO_TRY(const auto found, co_await transaction.get(keys, deadline()));
    if (!found[0] || !found[1]) {
      for (std::size_t i = 0; i < kAccounts; ++i) keys.push_back(account(i));
      LATIUM_CO_TRY(const auto all, co_await transaction.get(keys, deadline()));
      for (std::size_t i = 0; i < kAccounts; ++i) {
        // Some are there: they were read before the others came.
        if (all[keys.size() - kAccounts + i]) co_return Result<void>();
      }
      co_return co_await fill(transaction);
    }
    const int amount = 1 + static_cast<int>(random_.below(20));
    transaction.put(account(from), std::to_string(number_of(found[0]) - amount));
    transaction.put(account(to), std::to_string(number_of(found[1]) + amount));
    transaction.put(counter(number_), std::to_string(number_of(found[2]) + 1));
    // Until it is known to have ended: a node that is killed meanwhile leaves it open.
    ++ledger_.unknown[number_];
    const auto done = co_await transaction.commit(deadline());
    const bool open = !done && (done.error().certainty == Certainty::unknown || done.error().code == ErrorCode::cancelled ||
                                done.error().code == ErrorCode::unknown_outcome);
    if (!open) --ledger_.unknown[number_];
    if (done) ++ledger_.acknowledged[number_];
    co_return done;
  }

  NodeCore& core_;
  std::size_t number_;
  Ledger& ledger_;
  Random random_;
  TenantId tenant_{};
  std::uint16_t partitions_ = 0;
};

Task<void> teller(NodeCore& core, std::size_t number, Ledger& ledger) {
  Teller teller(core, number, ledger);
  co_return co_await teller.work();
}

}  // namespace

RunReport bank(const RunOptions& options) {
  Ledger ledger;
  ledger.last_error = "no node reads all rows in one session";
  RunReport report = run_cluster(
      options, [&ledger](ClientSeams seams) { return std::make_unique<Onlooker>(std::move(seams), ledger); },
      [](const History&) { return CheckReport(); },
      [&ledger](NodeCore& core, std::size_t number) { return teller(core, number, ledger); });
  if (ledger.wrong) report.failure = ledger.wrong;
  if (!report.failure && ledger.looks == 0) report.failure = "nobody got to see all rows";
  return report;
}

}  // namespace latium::sim
