// Catalog: the tables of tenants, as every node sees them. A table is one register under its name, so its changes are one after
// the other, whichever nodes make them.
//
// Two adjacent versions of a schema may be in use at once, a third must not (relational/schema.h). Who has changed one asks all
// nodes to give up what they know from before; where one does not answer, it waits kSchemaSettling after it knows that the change
// is there, since a node uses a schema for at most kSchemaLease after it began to read it at a quorum. No clock is compared with
// another's for that. Then it writes down that the change is settled. Whoever finds a change that is not settled, because its
// maker is gone, does the same. docs/protocols.md, "Schemas". Source: Rae et al., "Online, Asynchronous Schema Change in F1"
// (VLDB 2013), section 3.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "relational/catalog_peers.h"
#include "relational/catalog_record.h"
#include "relational/catalog_store.h"
#include "relational/schema.h"
#include "relational/schema_leases.h"
#include "runtime/runtime.h"
#include "runtime/sync.h"
#include "runtime/task_group.h"

namespace latium {

/// How long a node uses a schema that it has read.
inline constexpr Duration kSchemaLease = std::chrono::seconds(5);
/// How long a change takes to be the only one in use: the lease, by a clock that runs up to a tenth slower than that of who
/// waits.
inline constexpr Duration kSchemaSettling = kSchemaLease + std::chrono::milliseconds(500);

/// What became of a change.
struct TableChange {
  TableSchema schema;  ///< as it is now; of a drop, as it was
  /// False: the deadline came first. The change is made and stays; some nodes may use the version before for up to
  /// kSchemaSettling, and the next change of the table waits for that.
  bool settled = false;
};

struct CatalogStatistics {
  std::uint64_t found = 0;   ///< in the cache
  std::uint64_t reads = 0;   ///< of a record
  std::uint64_t agreed = 0;  ///< changes that were settled since all nodes had given up the version before
  std::uint64_t waited = 0;  ///< changes that were settled when all leases of the version before were over
};

/// Loop thread only; one a node. All that it is given outlives it, and so do the tasks of its callers. Names of tables are
/// without regard to case. Errors of all calls: those of CatalogStore, `corruption`.
class Catalog {
 public:
  /// `restarted`: a process before this one may have used schemas, and what it sent may still be under way.
  Catalog(Runtime& runtime, CatalogStore& store, CatalogPeers& peers, bool restarted)
      : runtime_(runtime),
        store_(store),
        peers_(peers),
        earlier_life_until_(restarted ? saturating_add(runtime.clock.monotonic_now(), kSchemaLease) : MonotonicTime{}),
        refreshes_(runtime.executor, kRefreshesMax) {}
  /// Ends what runs in the background; before it dies.
  Task<void> stop();

  /// The table under a lease that has not run out; from memory, or one read at a quorum. A lease that is half over is renewed in
  /// the background, so who uses a table all the time does not wait for it. A table that is not there is asked for every time: it
  /// can be used on every node as soon as it was created. `not_found`.
  /// `left`: of a lease with less time to go, a new one is read.
  Task<SchemaLease> lease(CatalogPlace place, std::string table, MonotonicTime deadline, Duration left = Duration(0));
  /// What was sent under these leases may still take effect: they are in use until they end.
  void keep_in_use(std::vector<SchemaLease> leases);
  /// Uses no schema any more that was read when the record `key` was in an earlier version than `version`, and never will: no
  /// such one is lent from now on, and when it returns, those that were lent are not in use. That is at the end of their leases
  /// at the latest. `deadline_exceeded`: not by the deadline.
  Task<void> give_up(CatalogPlace place, Bytes key, std::uint64_t version, MonotonicTime deadline);
  /// The same without the end of the lease, for what is done at once.
  Task<std::shared_ptr<const TableSchema>> find(CatalogPlace place, std::string table, MonotonicTime deadline);
  /// lease(), where it needs no read.
  std::optional<SchemaLease> known(CatalogPlace place, std::string_view table);
  /// known() on any thread, while the lease is in its first half; then the loop has to be asked, which renews it.
  std::optional<SchemaLease> known_here(CatalogPlace place, std::string_view table) const;

  /// Names of the tables that have a foreign key to this one: all that there are where TableSchema::named is what lease() had
  /// before. From memory, or else as list().
  Task<std::vector<std::string>> referencing(CatalogPlace place, std::string table, MonotonicTime deadline);

  /// Version 1, settled. Tables that its foreign keys name need not exist, as in SQLite: they may come later. Its parent must,
  /// and the foreign key to it must name the columns of the parent's primary key, in their order, by columns of their types.
  /// `already_exists`, `invalid_argument`, `conflict` (too many dropped tables of the name are not removed yet, or a drop is not
  /// settled in time). Two round trips to a quorum and more; waits where a table of this name was dropped just before. Where it
  /// names tables that are there, who uses those is told first, a change of each: not settled means that rows cannot be written
  /// yet, and that goes on in the background.
  Task<TableChange> create_table(CatalogPlace place, TableDefinition definition, MonotonicTime deadline);
  /// What is left is a mark for who removes the rows (dropped_tables()). `not_found`; `conflict` while another table has it as
  /// its parent (one that is created at the same moment is overlooked).
  Task<TableChange> drop_table(CatalogPlace place, std::string table, MonotonicTime deadline);
  /// `sql`: what it is to be; given the schema before. `not_found`, `already_exists` (the new name); `conflict` while another
  /// table has it as its parent. The old name is free when it is settled. Foreign keys of others follow: until all of that is
  /// settled no row of the table can be written or removed, nor any of theirs written (`conflict`).
  Task<TableChange> rename_table(CatalogPlace place, std::string from, std::string to, std::string sql, MonotonicTime deadline);

  /// All tables, by name; each as describe() has it. One listing and one read a table.
  Task<std::vector<TableChange>> list(CatalogPlace place, MonotonicTime deadline);
  /// All tables as they are used here, each under a lease: who names one by a foreign key is among them, where
  /// TableSchema::named stays what it is. Costs a list(), and a second one where some were not in use yet.
  Task<std::vector<std::shared_ptr<const TableSchema>>> in_use(CatalogPlace place, MonotonicTime deadline);
  /// The latest version, not from memory; `settled` as far as it is known. `not_found`.
  Task<TableChange> describe(CatalogPlace place, std::string table, MonotonicTime deadline);

  // Changes, as relational/schema.h has them, with its errors; also `not_found` (table), and `conflict` when another change was
  // first and this one does not apply any more, or when the change before is not settled by the deadline. Nothing was changed by
  // an error, but for `unknown_outcome`. Each waits for the change before, then until its own is settled: two round trips when
  // all nodes answer, kSchemaSettling when one does not.

  /// Any change that can be safe while the version before is in use: for SQL, which keeps its own text with the schema.
  Task<TableChange> alter(CatalogPlace place, std::string table, std::function<Result<TableSchema>(const TableSchema&)> change,
                          MonotonicTime deadline);

  Task<TableChange> add_column(CatalogPlace place, std::string table, Column column, MonotonicTime deadline);
  Task<TableChange> drop_column(CatalogPlace place, std::string table, std::string column, MonotonicTime deadline);
  Task<TableChange> rename_column(CatalogPlace place, std::string table, std::string from, std::string to,
                                  MonotonicTime deadline);
  Task<TableChange> add_index(CatalogPlace place, std::string table, Index index, MonotonicTime deadline);
  Task<TableChange> index_became_public(CatalogPlace place, std::string table, std::string index, MonotonicTime deadline);
  Task<TableChange> drop_index(CatalogPlace place, std::string table, std::string index, MonotonicTime deadline);
  Task<TableChange> forget_index(CatalogPlace place, std::string table, std::string index, MonotonicTime deadline);

  /// Goes on with what a table needs before rows of it can be written (TableSchema::unannounced), if it is still this one.
  Task<void> announce(CatalogPlace place, std::string table, TableId id, MonotonicTime deadline);

  /// Waits until the latest version is the only one in use, and gives it. `conflict`: not by the deadline.
  Task<TableSchema> settle(CatalogPlace place, std::string table, MonotonicTime deadline);
  /// Once nothing is left of the entries of an index that is gone. No version: nobody but who removes them looks at it.
  Task<void> forget_entries(CatalogPlace place, std::string table, IndexId index, MonotonicTime deadline);

  /// Tables that are dropped for good, and that nobody writes to any more: their keys can be removed. Settles what it finds
  /// unsettled, if it is time; leaves it out otherwise.
  Task<std::vector<DroppedTable>> dropped_tables(CatalogPlace place, MonotonicTime deadline);
  /// Once nothing is left of the table: its mark goes. A mark that is not there is none.
  Task<void> forget_dropped(CatalogPlace place, DroppedTable table, MonotonicTime deadline);

  const CatalogStatistics& statistics() const { return statistics_; }

 private:
  static constexpr std::size_t kReadersMax = 65536;
  static constexpr std::size_t kRefreshesMax = 64;
  using Name = SchemaLeases::Name;
  using Change = std::move_only_function<Result<TableSchema>(const TableSchema&)>;

  struct Lent {
    std::weak_ptr<const void> use;
    std::uint64_t version;
    MonotonicTime until;
  };
  // What this node knows of a name.
  struct Slot {
    std::shared_ptr<const TableSchema> schema;
    std::shared_ptr<const void> use;  // of the schema; what is lent shares it
    std::uint64_t version = 0;        // of the record that it was read from
    MonotonicTime until{};
    std::vector<Lent> lent;      // what is in use, or may be
    std::uint64_t given_up = 0;  // no earlier version of the record is used
    // Since when, at least, the record has stood there that was last seen unsettled.
    std::uint64_t unsettled_version = 0;
    MonotonicTime unsettled_since{};
    std::uint64_t generation = 0;  // up with each change by this node: what was read before is not kept
    MonotonicTime absent_since{};  // when the last read began that found no table
    bool refreshing = false;
    std::size_t users = 0;
    Semaphore reading{1, kReadersMax};
  };
  class Use;

  struct Found {
    Bytes key;
    CatalogRecord record;
    std::uint64_t version = 0;
    MonotonicTime began{};  // the read
  };

  void stop_lending(const Name& name, Slot& slot);
  void forget_ended(Slot& slot) const;
  Task<std::optional<SchemaLease>> renew(CatalogPlace place, Bytes key, MonotonicTime deadline);
  Task<void> refresh(CatalogPlace place, Bytes key);
  Task<Found> read(CatalogPlace place, Bytes key, MonotonicTime deadline);
  Task<Found> read_here(CatalogPlace place, Bytes key, MonotonicTime deadline);
  Task<void> read_into(CatalogPlace place, Bytes key, std::shared_ptr<std::vector<Found>> all, MonotonicTime deadline);
  Task<std::vector<Found>> read_all(CatalogPlace place, MonotonicTime deadline);
  Task<bool> write(CatalogPlace place, Found found, MonotonicTime deadline);
  Task<void> all_gave_up(CatalogPlace place, Bytes key, std::uint64_t version, MonotonicTime deadline);
  Task<std::optional<Found>> settled(CatalogPlace place, Bytes key, MonotonicTime wait_until, MonotonicTime deadline);
  Task<Found> wait_for_turn(CatalogPlace place, std::string table, MonotonicTime deadline);
  Task<TableChange> finish(CatalogPlace place, Bytes key, TableSchema schema, MonotonicTime deadline);
  Task<TableChange> finish_announcing(CatalogPlace place, TableChange made, MonotonicTime deadline);
  Task<std::optional<TableSchema>> unannounced(CatalogPlace place, std::string table, TableId id, MonotonicTime deadline);
  Task<void> announce_to(CatalogPlace place, std::string table, MonotonicTime deadline);
  Task<bool> go_on_moving(CatalogPlace place, Found found, MonotonicTime wait_until, MonotonicTime deadline);
  Task<bool> take_the_move(CatalogPlace place, TableMove move, MonotonicTime wait_until, MonotonicTime deadline);
  Task<void> give_back_the_move(CatalogPlace place, TableMove move, MonotonicTime deadline);
  Task<bool> tell_those_who_name(CatalogPlace place, std::string from, TableMove move, MonotonicTime wait_until,
                                 MonotonicTime deadline);
  Task<bool> follow_move(CatalogPlace place, std::string table, std::string from, TableMove move, MonotonicTime wait_until,
                         MonotonicTime deadline);
  Task<void> announce_followers(CatalogPlace place, std::string table, MonotonicTime deadline);
  Task<void> forget_moved(CatalogPlace place, Bytes key, MonotonicTime deadline);
  Task<TableChange> finish_moving(CatalogPlace place, std::string from, TableSchema schema, MonotonicTime deadline);
  Task<TableChange> change(CatalogPlace place, std::string table, Change apply, MonotonicTime deadline);
  Task<TableId> new_table_id(CatalogPlace place, MonotonicTime deadline);
  Task<void> check_parent(CatalogPlace place, TableSchema child, MonotonicTime deadline);
  Task<void> check_childless(CatalogPlace place, std::string table, MonotonicTime deadline);
  Task<std::vector<TableSchema>> naming(CatalogPlace place, std::string table, MonotonicTime deadline);
  static std::unexpected<Error> unknown_table(std::string_view table);
  void make_room();
  void forget_references(TenantId tenant);

  // Which tables have foreign keys to which, both folded.
  struct References {
    std::multimap<std::string, std::string> to;
    MonotonicTime until{};
  };

  Runtime& runtime_;
  CatalogStore& store_;
  CatalogPeers& peers_;
  MonotonicTime earlier_life_until_;
  std::vector<SchemaLease> kept_;
  std::map<Name, Slot> slots_;
  SchemaLeases leases_;  // of the slots; leases that have run out may be among them
  std::map<TenantId, References> references_;
  std::uint64_t references_forgotten_ = 0;  // how often: what was read before is not kept
  CatalogStatistics statistics_;
  TaskGroup refreshes_;
};

}  // namespace latium
