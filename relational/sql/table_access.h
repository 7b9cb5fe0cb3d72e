// TableAccess: what SQL needs of the tables of a tenant, in batches. node/sql_access is it over sessions of a node; tests have
// one in memory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "latium/row.h"
#include "latium/session.h"
#include "latium/sql.h"
#include "relational/schema.h"
#include "relational/table_image.h"
#include "runtime/clock.h"

namespace latium::sql {

using Schema = std::shared_ptr<const TableSchema>;

/// Rows of one index, or of the primary key where `index` is empty.
struct LookUp {
  std::string index;
  RowRange range;
  std::string after{};  ///< Found::next of the page before
};

struct Found {
  std::vector<Row> rows;   ///< in the order of the index
  std::string next{};      ///< empty: these are all
  std::uint64_t read = 0;  ///< for TableAccess::use()
};

enum class OnDuplicate : std::uint8_t { fail, ignore, replace };

struct RowWrite {
  enum class Kind : std::uint8_t { insert, update, remove };
  Kind kind = Kind::insert;
  std::vector<Value> key{};  ///< the primary key of the row that is changed or removed
  Row row{};                 ///< the new one. Of an insert, a null in the auto_increment column stands for the next number
  OnDuplicate on_duplicate = OnDuplicate::fail;
};

struct Written {
  bool done = true;                      ///< false: left out as a duplicate, or there was no such row
  std::optional<std::int64_t> number{};  ///< that the row was given
};

/// One transaction at a time: the first call after commit() or rollback() begins one. Blocks; one call at a time. Errors: as
/// SqlSession has them; `conflict` of a call inside a transaction, that it cannot be committed any more. `stale_topology`: the
/// table is in another version than that of the schema that was given, or (of a write) others have come to name it: ask for
/// tables() again.
class TableAccess {
 public:
  using Change = std::function<Result<TableSchema>(const TableSchema&)>;
  struct Mark {
    virtual ~Mark() = default;
  };

  virtual ~TableAccess() = default;

  virtual MonotonicTime now() = 0;
  /// Until when the calls that follow may take.
  virtual void set_deadline(MonotonicTime deadline) = 0;

  /// All tables, by name.
  virtual Result<std::vector<Schema>> tables() = 0;
  virtual Result<void> create_table(const TableDefinition& definition) = 0;
  virtual Result<void> drop_table(const std::string& table) = 0;
  /// `sql`: the statement that makes it, under its new name.
  virtual Result<void> rename_table(const std::string& from, const std::string& to, const std::string& sql) = 0;
  /// What the catalog has is replaced by what `change` makes of it, and not used in its old form any more on return.
  virtual Result<void> change_table(const std::string& table, Change change) = 0;
  /// Of a table that may have rows: they are in it, or it is not there.
  virtual Result<void> create_index(const std::string& table, const Index& index) = 0;
  virtual Result<void> drop_index(const std::string& table, const std::string& index) = 0;
  /// Texts under names, beside the tables: views.
  virtual Result<std::vector<std::pair<std::string, std::string>>> views() = 0;
  /// `already_exists`.
  virtual Result<void> create_view(const std::string& name, const std::string& sql) = 0;
  /// Takes the place of the one that is there, at one moment. `not_found`.
  virtual Result<void> replace_view(const std::string& name, const std::string& sql) = 0;
  virtual Result<void> drop_view(const std::string& name) = 0;

  /// All at once: at most `limit` rows each. What is found counts as read by the transaction once use() says so, and until then
  /// only as something that is remembered.
  virtual Result<std::vector<Found>> find(const Schema& table, std::vector<LookUp> wanted, std::size_t limit) = 0;
  virtual void use(std::uint64_t read) = 0;
  /// All rows of a small table, of which the transaction has written nothing, for look-ups without calls. What is told to it
  /// counts as read. `look_ups`: how many are about to be made; few ones get what is at hand, or nothing. Null: ask find().
  virtual Result<std::shared_ptr<ImageUse>> image(const Schema& table, std::size_t look_ups) = 0;
  /// use(), and the commit checks whatever the isolation that these rows, and no others, are there to be found. A row that was
  /// found by all columns of a unique index may change otherwise.
  virtual void hold(std::uint64_t read) = 0;
  /// The transaction changes rows of the table, which it has found, as if only those tables named it that did under this schema:
  /// where others have come to, its commit is a conflict.
  virtual void goes_by_named(const Schema& table) = 0;
  /// One after the other; the first error ends it, and those before it are done.
  virtual Result<std::vector<Written>> write(const Schema& table, std::vector<RowWrite> writes) = 0;

  /// The statement that begins is one that writes, even if it finds nothing to change.
  virtual void means_to_write() = 0;
  virtual std::unique_ptr<Mark> mark() = 0;
  virtual void rollback_to(const Mark& mark) = 0;
  virtual bool in_transaction() const = 0;
  virtual Result<void> commit() = 0;
  virtual void rollback() = 0;
  /// Until ends_trying(), the next transactions read the latest state, and are one that was tried `attempts` times. Waits for its
  /// turn, or a little.
  virtual void try_again(std::uint32_t attempts) = 0;
  virtual void ends_trying() = 0;

  /// Any thread. The call that waits, and all that begin before resume(), end at once with `cancelled`, and the transaction with
  /// them, as by rollback(); a commit that had begun, and a change of a table, with `unknown_outcome`.
  virtual void interrupt() = 0;
  virtual void resume() = 0;

  /// Round trips and bytes, of all calls up to now.
  virtual SqlStats cost() const = 0;
  /// What the transaction remembers of what it has read, and has written.
  virtual std::size_t kept_bytes() const = 0;
  /// The site that answers latium_site().
  virtual std::string site() const = 0;
  /// At which sites the tables lie, and how many copies at each: "lyon:1,rennes:2".
  virtual std::string placement() const = 0;
};

}  // namespace latium::sql
