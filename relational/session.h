// TableSession: rows of tables, in one transaction: the door that everything above uses. Reads are checked at the commit; writes
// are kept in the session until then. relational/transaction.h has what a commit costs and promises.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "latium/row.h"
#include "latium/session.h"
#include "relational/catalog.h"
#include "relational/row_keys.h"
#include "relational/schema.h"
#include "relational/table_check.h"
#include "relational/transaction.h"
#include "runtime/run_here.h"

namespace latium {

struct IndexStep {
  Bytes next;  ///< where the next step begins; empty: that was all
  std::uint64_t changed = 0;
};

/// Loop thread only, but for try_here(); one call at a time.
///
/// Errors of all calls: `not_found` (no such table or index), `invalid_argument` (a value that does not fit its column, naming
/// both), those of RowStore. An error of commit() ends the session; others leave it as it was.
class TableSession {
 public:
  TableSession(Transactions& shared, Catalog& tables, CatalogPlace database, TransactionOptions options)
      : shared_(shared), tables_(tables), database_(database), options_(options) {
    rollback();
  }

  /// By primary key; nothing where there is no row. One round trip at most for all keys. `for_update`: the commit checks that
  /// nobody has changed them, whatever the isolation.
  Task<std::vector<std::optional<Row>>> get(std::string table, std::vector<std::vector<Value>> keys, MonotonicTime deadline,
                                            bool for_update = false);

  /// Adds a row. `already_exists`, naming the columns: a row with this primary key, or with these values of a unique index, is
  /// there. `conflict` (at the commit, or here): a row that a foreign key names is not there. A null in the auto_increment column
  /// stands for the next number.
  Task<void> insert(std::string table, Row row, MonotonicTime deadline);
  /// The number that the last insert() gave to its row; nothing when the row had one, or its table has no auto_increment column.
  std::optional<std::int64_t> last_number() const { return last_number_; }
  /// Changes the row that has this primary key. `not_found`.
  Task<void> update(std::string table, Row row, MonotonicTime deadline);
  /// False: there was none.
  Task<bool> remove(std::string table, std::vector<Value> key, MonotonicTime deadline);

  /// Rows in the order of the index, or of the primary key when `index` is empty. A look-up of all columns of an index asks one
  /// partition, others all. `limit`: at least 1.
  Task<RowPage> find(std::string table, std::string index, RowRange range, std::size_t limit, MonotonicTime deadline,
                     bool for_update = false);

  /// Compares a piece of the table with its indexes, in both directions, and with the rows that its foreign keys name: from
  /// `after` (TableCheck::next; empty: the beginning) on. What it finds is so if the commit succeeds.
  Task<TableCheck> check(std::string table, Bytes after, MonotonicTime deadline);

  /// A piece of what makes an index of a table with rows whole, from `after` (IndexStep::next; empty: the beginning) on. Once no
  /// node writes the table without the index, and before it is read:
  /// first entries go that nobody removed, of nodes that did not know of the index yet,
  Task<IndexStep> sweep_entries(std::string table, IndexId index, Bytes after, MonotonicTime deadline);
  /// then rows of before get their entries. `already_exists`: two rows have the same values, and the index is unique.
  Task<IndexStep> add_entries(std::string table, IndexId index, Bytes after, MonotonicTime deadline);

  /// The table, in use while the pointer is kept: for the time of a call. A session whose table has been changed since it first
  /// used it does not commit.
  Task<std::shared_ptr<const TableSchema>> table(std::string name, MonotonicTime deadline);

  /// Runs `work`, which makes calls of this session but commit(), on the calling thread, any, as far as all that it reads is on
  /// this node. Nothing: it is not, or reads are not local; the session is as it was, but for what has been read, and `work` is
  /// to be run on the loop. What a call needs besides reads of schemas and rows it must not do here: it calls miss().
  template <class T, class Work>
  std::optional<Result<T>> try_here(Work&& work) {
    if (!transaction_->here_begins()) return std::nullopt;
    Result<T> done = run_here<T>(work(*this));
    if (transaction_->here_ends()) return std::nullopt;
    return done;
  }

  /// The table, in the version that the session's calls go by.
  Task<std::shared_ptr<const TableSchema>> schema(std::string name, MonotonicTime deadline) {
    return table(std::move(name), deadline);
  }

  /// Rows of one look-up, see find_all().
  struct RangeAsked {
    std::string index;  ///< empty: the primary key
    RowRange range;
    Bytes after{};  ///< RangeRows::next of the page before
  };
  struct RangeRows {
    std::vector<Row> rows;
    Bytes next;  ///< empty: these are all
    Transaction::Footprint footprint;
  };
  /// Many look-ups in the round trips of one, at most `limit` rows of each. They are not checked at the commit before use() says
  /// so: for rows that may turn out not to be needed. All columns of a key or of a unique index: no range is listed.
  Task<std::vector<RangeRows>> find_all(std::string table, std::vector<RangeAsked> wanted, std::size_t limit,
                                        MonotonicTime deadline);
  /// find_all() of one row by its primary key, at once and on the calling thread. Nothing: find_all() has to be asked, as with
  /// try_here(), or `table` is not the version that is used now.
  std::optional<Result<RangeRows>> find_here(const TableSchema& table, const std::vector<Value>& key);
  void use(const Transaction::Footprint& footprint) { transaction_->use(footprint); }
  /// use(), and the commit checks it whatever the isolation.
  void hold(const Transaction::Footprint& footprint) { transaction_->hold(footprint); }

  /// All rows of the table for look-ups on the calling thread, within try_here(): of a small table, of which the session has
  /// neither read nor written anything. What is looked up is told to the answer, and is checked at the commit. `look_ups`: so
  /// many are about to be made (a scan is as good as any number); few ones are not worth reading a table for which nobody has
  /// yet. Null: it is not to be had.
  Task<std::shared_ptr<ImageUse>> image(std::string table, std::size_t look_ups, MonotonicTime deadline);

  struct RowWrite {
    enum class Kind : std::uint8_t { insert, update, remove };
    enum class OnDuplicate : std::uint8_t { fail, ignore, replace };
    Kind kind = Kind::insert;
    std::vector<Value> key{};  ///< of the row that is changed or removed
    Row row{};
    OnDuplicate on_duplicate = OnDuplicate::fail;
  };
  struct Written {
    bool done = true;  ///< false: left out as a duplicate, or there was no such row
    std::optional<std::int64_t> number{};
  };
  /// One after the other, with the errors of insert(), update() and remove(); the first one ends it, and what came before stays.
  /// An update may change the primary key. What they need to know is read in the round trips of one of them.
  Task<std::vector<Written>> write_all(std::string table, std::vector<RowWrite> writes, MonotonicTime deadline);

  /// The session has changed rows of the table, which it has used, and has looked for who names them where TableSchema::named was
  /// `named`. If it is another one at the commit, that is a `conflict`.
  void goes_by_named(const std::string& table, std::uint32_t named);

  void means_to_write() { transaction_->means_to_write(); }
  Task<void> commit(MonotonicTime deadline);
  /// Transaction::outcome().
  Task<CommitOutcome> outcome(MonotonicTime deadline) { return transaction_->outcome(deadline); }
  /// Any thread. Forgets everything that was written and read.
  void rollback();

  Transaction::Savepoint savepoint() const { return transaction_->savepoint(); }
  void rollback_to(const Transaction::Savepoint& savepoint) { transaction_->rollback_to(savepoint); }

  const Transaction& transaction() const { return *transaction_; }

 private:
  using Schema = std::shared_ptr<const TableSchema>;
  Result<Schema> use(const SchemaLease& lease);
  Result<RangeRows> row_here(const TableSchema& table, const std::vector<Value>& key);
  // What the session relies on until its commit.
  struct UsedTable {
    std::shared_ptr<const TableSchema> schema;
    bool changed = false;  // meanwhile
    // TableSchema::named, where the session goes by which tables name it.
    std::optional<std::uint32_t> named{};
  };

  /// Leases of all tables that the session has used, which have not changed since. `conflict`.
  Task<std::vector<SchemaLease>> leases_for_commit(MonotonicTime deadline);
  RegisterKey key_of_row(const Bytes& row_key) const;
  RegisterKey key_of_entry(const Bytes& key, BytesView route) const;
  Task<std::optional<Row>> row_at(Schema schema, RegisterKey key, MonotonicTime deadline);
  /// Gives the row a number that it finds in use nowhere.
  Task<void> give_number(Schema schema, Row& row, MonotonicTime deadline);
  /// Rows and entries to write; nothing: to remove.
  using Changes = std::vector<std::pair<RegisterKey, std::optional<Bytes>>>;
  Result<std::optional<std::pair<RegisterKey, Bytes>>> entry_for(const TableSchema& schema, const IndexSchema& index,
                                                                 const Row& row) const;
  /// What the change of a row means for one index.
  Task<void> move_entry(Schema schema, const IndexSchema& index, const Row* before, const Row* after, Changes& changes,
                        MonotonicTime deadline);
  Task<void> put_row(Schema schema, RegisterKey key, const Row* before, const Row* after, MonotonicTime deadline);
  Task<void> check_references(Schema schema, const Row& row, MonotonicTime deadline);
  /// That no row of another table names the row by values that it is about to lose; `after`: null where it is removed.
  Task<void> check_unreferenced(Schema schema, const Row& before, const Row* after, MonotonicTime deadline);
  /// Whether a row of `child` but `except` has these values in the columns of its foreign key.
  Task<bool> is_referenced(Schema child, const ForeignKeySchema& foreign, std::vector<Value> values, RegisterKey except,
                           MonotonicTime deadline);
  /// What has to be there for a foreign key of the row: a row of the other table, or an entry of a unique index of it. Nothing:
  /// one of the values is null.
  Task<std::optional<RegisterKey>> reference_of(Schema schema, const ForeignKeySchema& foreign, const Row& row,
                                                MonotonicTime deadline);
  Task<std::optional<std::vector<Value>>> other_row(Schema schema, const IndexSchema& index, RegisterKey entry, Bytes primary,
                                                    MonotonicTime deadline);
  Result<bool> stands_for(const TableSchema& schema, const Row& row, const RegisterKey& key) const;
  /// The primary key of the row that an entry points to.
  Result<std::vector<Value>> primary_of_entry(const TableSchema& schema, const IndexSchema& index,
                                              const Transaction::Found& found) const;
  Task<void> check_rows(Schema schema, const Transaction::Page& page, TableCheck& out, MonotonicTime deadline);
  Task<void> check_entries(Schema schema, const IndexSchema& index, const Transaction::Page& page, TableCheck& out,
                           MonotonicTime deadline);
  /// The rows or entries of `range`, one page of them as they are stored.
  Task<Transaction::Page> page_of(std::vector<PartitionId> partitions, TupleRange keys, RowRange range, std::size_t limit,
                                  MonotonicTime deadline);
  Task<RowPage> find_by_key(Schema schema, RowRange range, std::size_t limit, MonotonicTime deadline);
  Task<RowPage> find_by_index(Schema schema, const IndexSchema& index, RowRange range, std::size_t limit, MonotonicTime deadline);
  std::vector<PartitionId> all_partitions() const;

  /// Nothing: it cannot be read here, or is too large.
  Task<std::shared_ptr<const TableImage>> read_image(Schema schema);
  Transaction::ImageReads image_reads() const;

  struct Asked;
  Task<void> find_keys(Schema schema, std::vector<Asked>& asked, MonotonicTime deadline);
  Task<void> find_ranges(Schema schema, std::vector<Asked>& asked, std::size_t limit, MonotonicTime deadline);
  Task<void> read_rows(Schema schema, std::vector<Asked>& asked, MonotonicTime deadline);
  Result<Transaction::Range> range_of(const TableSchema& schema, const IndexSchema* index, const RangeAsked& wanted) const;
  Task<void> read_ahead(Schema schema, const std::vector<RowWrite>& writes, MonotonicTime deadline);
  Task<void> remove_duplicates(Schema schema, const Row& row, const std::optional<RegisterKey>& mine, MonotonicTime deadline);
  Task<Written> write_one(Schema schema, RowWrite write, MonotonicTime deadline);

  Transactions& shared_;
  Catalog& tables_;
  CatalogPlace database_;
  TransactionOptions options_;
  std::unique_ptr<Transaction> transaction_;
  std::optional<std::int64_t> last_number_;
  std::map<Bytes, UsedTable> used_;  // by folded name
};

}  // namespace latium
