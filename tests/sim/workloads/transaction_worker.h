// One client of rows: it reads, appends to, replaces and removes rows in transactions, and notes what it was told. For the
// workloads on clusters, and for tests on rows in memory.
#pragma once

#include <functional>

#include "relational/transaction.h"
#include "tests/sim/history.h"

namespace latium::sim {

/// What is true outside of all nodes, and survives them.
struct TransactionRun {
  bool lists = false;  ///< rows are lists that are appended to; else single values, some of which are removed now and then
  /// New keys come in all the time, so that ranges can miss them.
  Duration new_keys_every = std::chrono::seconds(10);
  int processes = 0;
  std::uint64_t values = 0;  ///< that were written: each is another one
  History* history = nullptr;
  std::function<Duration()> now{};
};

class TransactionWorker {
 public:
  /// A process of its own in the history: a node that comes back is another one, and what it did before never ends.
  TransactionWorker(Runtime& runtime, Transactions& shared, TransactionRun& run)
      : runtime_(runtime), shared_(shared), run_(run), process_(++run.processes), random_(runtime.random.fork("worker")) {}

  void use(TenantId tenant, std::uint16_t partitions) {
    tenant_ = tenant;
    partitions_ = partitions;
  }

  /// One transaction of a few random steps. Its error is in the history too.
  Task<void> any();
  /// One that reads all rows.
  Task<void> final();

 private:
  MonotonicTime in(Duration time) const;
  RegisterKey row(const Bytes& name) const { return table_register(tenant_, partitions_, name, name); }
  std::vector<PartitionId> all_partitions() const;
  Operation& operation() { return run_.history->operation(id_); }
  void note(MicroOp op) { operation().ops.push_back(std::move(op)); }
  Bytes generation(std::int64_t back) const;
  Bytes any_key();

  Task<void> one(bool last);
  void end(Error error, bool before_commit);
  Task<void> act(Transaction& transaction);
  Task<void> read(Transaction& transaction, Bytes key);
  Task<void> some_range(Transaction& transaction);
  Task<void> range(Transaction& transaction, Bytes begin, Bytes end, std::size_t limit);
  Task<void> change(Transaction& transaction, Bytes key);
  Task<void> try_out(Transaction& transaction);

  Runtime& runtime_;
  Transactions& shared_;
  TransactionRun& run_;
  int process_;
  Random random_;
  TenantId tenant_{};
  std::uint16_t partitions_ = 1;
  std::size_t id_ = 0;
  MonotonicTime deadline_{};
};

}  // namespace latium::sim
