// TableWork: what takes longer than a call: making an index of a table with rows whole, and removing what dropped indexes and
// tables have left. One node at a time drives a piece of work; when it dies, another one goes on, since where the work stands is
// in the catalog (states of indexes, marks of what was dropped), and every step may be done again. docs/protocols.md, "Schemas".
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "relational/catalog.h"
#include "relational/session.h"
#include "relational/transaction.h"
#include "runtime/sync.h"
#include "runtime/task_group.h"

namespace latium {

struct TableWorkStatistics {
  std::uint64_t indexes_built = 0;
  std::uint64_t builds_refused = 0;  ///< rows had the same values
  std::uint64_t entries_added = 0;   ///< by builds
  std::uint64_t keys_removed = 0;    ///< of dropped tables and indexes
};

/// Loop thread only; one a node. All that it is given outlives it.
class TableWork {
 public:
  /// How often each tenant's tables are looked through for work that nobody does.
  static constexpr Duration kLookEvery = std::chrono::seconds(60);
  /// Work that has made no step for so long, by the clock of who looks, is taken over.
  static constexpr Duration kAbandoned = std::chrono::seconds(15);

  TableWork(Runtime& runtime, Catalog& tables, CatalogStore& records, Transactions& transactions)
      : runtime_(runtime),
        tables_(tables),
        records_(records),
        transactions_(transactions),
        random_(runtime.random.fork("table_work")),
        jobs_group_(runtime.executor, kJobsMax) {}

  /// Looks after the tables of those tenants that `mine` names, for as long as the node runs.
  Task<void> run(std::function<std::vector<CatalogPlace>()> mine);
  /// One look at one tenant: begins what is to be done and nobody does. The work itself goes on in the background.
  Task<void> look(CatalogPlace place, MonotonicTime deadline);
  /// Ends all work, which others go on with.
  Task<void> stop();

  /// Adds an index and makes it whole: it is public when this returns. At the deadline it returns what there is; the build goes
  /// on. `already_exists`: an index of that name, or, of a unique one, rows with the same values: then the index is dropped
  /// again. Errors of Catalog::add_index().
  Task<TableChange> create_index(CatalogPlace place, std::string table, Index index, MonotonicTime deadline);
  /// It is gone when this returns, and its name free; at the deadline, no query uses it at least. Its entries go afterwards.
  Task<TableChange> drop_index(CatalogPlace place, std::string table, std::string index, MonotonicTime deadline);

  const TableWorkStatistics& statistics() const { return statistics_; }

 private:
  static constexpr std::size_t kJobsMax = 256;

  // What is done in the background, and what came of it.
  struct Job {
    Event ended;
    Result<void> result;
  };
  // Index 0: the rows of a dropped table; kAnnouncing: what has to be before rows of the table are written, its move
  // to another name among it.
  using JobKey = std::tuple<TenantId, TableId, IndexId>;
  static constexpr IndexId kAnnouncing{0xffff'ffff};
  // The register that says who works on something; whoever drives it changes it now and then.
  struct Lease {
    Bytes key;
    std::uint64_t version = 0;
    MonotonicTime renewed{};
  };
  struct Seen {
    std::uint64_t version = 0;
    MonotonicTime since{};
  };

  std::shared_ptr<Job> start(JobKey key, Task<void> work);
  Task<void> finish(std::shared_ptr<Job> job, JobKey key, Task<void> work);
  Task<std::optional<Lease>> take(CatalogPlace place, JobKey key, MonotonicTime deadline);
  /// `conflict`: somebody else has taken it over.
  Task<void> keep(CatalogPlace place, Lease& lease, MonotonicTime deadline);
  Task<void> give_back(CatalogPlace place, Lease lease, MonotonicTime deadline);

  Task<void> drive_index(CatalogPlace place, std::string table, TableId id, IndexId index);
  Task<bool> step_index(CatalogPlace place, std::string table, TableId id, IndexId index, Lease& lease, Result<void>& outcome);
  Task<void> build(CatalogPlace place, std::string table, IndexId index, Lease& lease);
  using Step = Task<IndexStep> (TableSession::*)(std::string, IndexId, Bytes, MonotonicTime);
  Task<std::uint64_t> all_steps(CatalogPlace place, std::string table, IndexId index, Step step, Lease& lease);
  Task<void> drive_announcing(CatalogPlace place, std::string table, TableId id);
  Task<void> drive_dropped(CatalogPlace place, DroppedTable table);
  Task<void> remove_keys(CatalogPlace place, TupleRange range, Lease& lease);
  Task<void> remove_key(RegisterKey key, MonotonicTime deadline);
  MonotonicTime patience() const;

  Runtime& runtime_;
  Catalog& tables_;
  CatalogStore& records_;
  Transactions& transactions_;
  Random random_;
  std::map<JobKey, std::shared_ptr<Job>> jobs_;
  std::map<Bytes, Seen> seen_;  // leases of others
  TableWorkStatistics statistics_;
  TaskGroup jobs_group_;
};

}  // namespace latium
