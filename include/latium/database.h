// Database: the tables of a tenant.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "latium/call.h"
#include "latium/error.h"
#include "latium/session.h"
#include "latium/sql.h"
#include "latium/table.h"

namespace latium {

struct TableOptions {
  std::chrono::milliseconds timeout{10'000};  ///< 1 ms to 24 h
};

/// A table as a call left or found it.
struct TableInfo {
  TableDefinition definition;
  std::vector<std::string> unread_indexes;  ///< those of `definition` that are being built or dropped: no query uses them
  std::uint32_t id = 0;                     ///< never another table's of this tenant
  std::uint32_t version = 0;                ///< up by one with each change
  /// False: the table was changed a moment ago, and for up to some 6 s nodes may use the version before; its next change waits
  /// for that.
  bool settled = false;
};

/// A handle: cheap to copy, any thread, on any node of the cluster. It outlives neither its node nor its tenant: afterwards calls
/// answer `unavailable` or `unknown_tenant`. Names are without regard to case.
///
/// Errors of all calls: `invalid_argument`, `not_found` (no such table, column or index), `unknown_tenant`, `unavailable` (no
/// majority answered in time; nothing was changed), `overloaded`, `corruption`. Of those that change something also `conflict`
/// (another change was first, or the one before is not settled by the timeout) and `unknown_outcome`.
///
/// A changed or dropped table is used in its old form by no node any more when the call returns: that takes some 6 s, or
/// until the timeout (see TableInfo::settled). The callback forms are as those of TenantRegisters; `latium/asio.h` has them as
/// awaitables.
///
/// Source: Rae et al., "Online, Asynchronous Schema Change in F1" (VLDB 2013); docs/protocols.md, "Schemas".
class Database {
 public:
  /// `already_exists`. Foreign keys may name tables that come later; a parent must be there. Known to every node when it returns.
  Result<TableInfo> create_table(TableDefinition definition, TableOptions options = {});
  void create_table_async(TableDefinition definition, TableOptions options, Callback<TableInfo> done);

  /// Of a struct: latium/entity.h says how, and has to be included.
  template <class T>
  Result<TableInfo> create_table(TableOptions options = {});

  /// Removes the table; its rows go later, in the background. The table as it was. `conflict` while it is another's parent.
  Result<TableInfo> drop_table(std::string_view table, TableOptions options = {});
  void drop_table_async(std::string table, TableOptions options, Callback<TableInfo> done);

  /// By name. Linearizable table by table; one listing and one read of a register each, in parallel.
  Result<std::vector<TableInfo>> tables(TableOptions options = {});
  void tables_async(TableOptions options, Callback<std::vector<TableInfo>> done);

  /// Linearizable; one quorum read of a register.
  Result<TableInfo> describe(std::string_view table, TableOptions options = {});
  void describe_async(std::string table, TableOptions options, Callback<TableInfo> done);

  /// The column is nullable or has a default, which the rows that are there then have.
  Result<TableInfo> add_column(std::string_view table, Column column, TableOptions options = {});
  void add_column_async(std::string table, Column column, TableOptions options, Callback<TableInfo> done);

  /// Not one that the primary key, an index, a foreign key or tenant_by needs.
  Result<TableInfo> drop_column(std::string_view table, std::string_view column, TableOptions options = {});
  void drop_column_async(std::string table, std::string column, TableOptions options, Callback<TableInfo> done);

  Result<TableInfo> rename_column(std::string_view table, std::string_view from, std::string_view to, TableOptions options = {});
  void rename_column_async(std::string table, std::string from, std::string to, TableOptions options, Callback<TableInfo> done);

  /// Also of a table with rows, which is used meanwhile. At the options' timeout it returns what there is: as long as the index
  /// is among `unread_indexes` it is still being built, by this node or, should that die, by another. `already_exists`: an index
  /// of that name; or rows with the same values, for a unique one, which is dropped again then: the message names them. Some 12 s
  /// and a transaction for every 100 rows.
  Result<TableInfo> create_index(std::string_view table, Index index,
                                 TableOptions options = {.timeout = std::chrono::seconds(60)});
  void create_index_async(std::string table, Index index, TableOptions options, Callback<TableInfo> done);
  /// No query uses the index any more when this returns; its entries are removed in the background.
  Result<TableInfo> drop_index(std::string_view table, std::string_view index, TableOptions options = {});
  void drop_index_async(std::string table, std::string index, TableOptions options, Callback<TableInfo> done);

  /// A session on the tenant's tables. Asks nobody.
  Session session(SessionOptions options = {});
  /// Runs `work` in a session and commits it, again as long as the commit is a conflict, with backoff, for at most the options'
  /// timeout in all. `work` may run several times and must have no other effects. Its error ends it without a commit; after local
  /// reads, which may have been old, once it has come again from reads at a quorum.
  Result<void> transact(const std::function<Result<void>(Session&)>& work, SessionOptions options = {});

  /// SQL on the tenant's tables: see SqlSession. `invalid_argument` (an option out of bounds). Reads the list of tables.
  Result<SqlSession> sql(SqlOptions options = {});

  const std::string& tenant() const;

 private:
  friend class Node;
  struct Impl;
  explicit Database(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace latium
