// Transaction: reads and writes of rows that take effect together or not at all. Optimistic: nothing is locked until the commit,
// which checks that what was read is still so. No transaction manager: the outcome is in one of the written rows, and whoever
// meets what a dead node left finishes it. Sources: Peng and Dabek, "Percolator" (OSDI 2010); Kung and Robinson, "On Optimistic
// Methods for Concurrency Control" (TODS 1981); docs/protocols.md, "Sessions".
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "latium/session.h"
#include "relational/transactions.h"

namespace latium {

enum class Isolation : std::uint8_t {
  serializable,    ///< as if transactions ran one after another, in the order in which they were acknowledged
  read_committed,  ///< what was only read may have changed until the commit; no update is lost all the same
};

struct TransactionOptions {
  Isolation isolation = Isolation::serializable;
  Reading reading = Reading::local;
  /// Others change the same rows now. Then the one command for one row leaves its outcome there, and tells what became of it also
  /// when others have written since. The same where this node has met a conflict at the row lately.
  bool contended = false;
  /// The caller will try again: the commit is a conflict at once where transactions of this node take turns at one of its rows.
  bool gives_way = false;
  /// False: the commit of one that has not written checks nothing but what is held.
  bool check_read_only = true;
  /// Of an earlier attempt of the same work: whoever began first goes first. 0: begins now.
  Hlc start{};
};

/// What one transaction did.
struct TransactionCounts {
  std::uint64_t read = 0;       ///< keys
  std::uint64_t written = 0;    ///< keys, by its commit
  std::uint64_t validated = 0;  ///< keys that its commit looked at again
  std::uint64_t waits = 0;      ///< for other transactions
};

/// Loop thread only, but for what is done here; one call at a time. A conflict, and any other error of commit(), ends it.
class Transaction {
 public:
  Transaction(Transactions& shared, TransactionOptions options) : shared_(shared), options_(options) {}

  /// What the transaction sees: what it wrote itself, else what it read first. The first read of a key costs what
  /// RowStore::read() does, the others nothing. All keys at once. Errors: those of RowStore.
  Task<std::vector<std::optional<Bytes>>> get(std::vector<RegisterKey> keys, MonotonicTime deadline);

  /// get() for what may not be needed: what it brings is remembered, and no commit checks it before it was read by get(), or
  /// use() has named it.
  Task<std::vector<std::optional<Bytes>>> peek(std::vector<RegisterKey> keys, MonotonicTime deadline);

  /// peek() of one key between here_begins() and here_ends(). The row as long as the transaction is not changed.
  Result<std::optional<BytesView>> peek_here(const RegisterKey& key);

  /// As if the key had been read and nothing had ever been there, unless it has been read already. A commit that writes it is a
  /// conflict where that is wrong.
  void assume_absent(RegisterKey key);

  /// The commit checks that nobody has changed it, whatever the isolation. Precondition: the key has been read.
  void hold(const RegisterKey& key);

  /// From here_begins() to here_ends() the transaction may be used on any thread, for all but commit(): reads that would have to
  /// wait for the loop or another node end with an error instead, and here_ends() says true: the caller goes on on the loop.
  /// False: reads are not local, so nothing can be done here.
  bool here_begins() {
    here_ = options_.reading == Reading::local;
    return here_;
  }
  bool here_ends() {
    here_ = false;
    return std::exchange(missed_, false);
  }
  bool is_here() const { return here_; }
  /// What a read ends with that cannot be done here.
  std::unexpected<Error> miss() {
    missed_ = true;
    return fail(ErrorCode::unavailable, "it has to be asked for on the loop");
  }

  /// Takes effect with the commit. Precondition: the key has been read.
  void put(const RegisterKey& key, Bytes row) { write(key, Write{true, std::move(row)}); }
  void remove(const RegisterKey& key) { write(key, Write{false, {}}); }

  struct Found {
    RegisterKey key;
    Bytes row;
  };
  struct Page {
    std::vector<Found> rows;
    bool more = false;
  };
  /// Rows in a range of keys, in their order, as the transaction sees them; at most `limit`. One more round trip than get(). A
  /// serializable commit checks that none has come or gone.
  Task<Page> range(TenantId tenant, std::vector<PartitionId> partitions, TupleRange range, std::size_t limit,
                   MonotonicTime deadline);
  /// The last rows in the range, the last one first. Lists the keys of the whole range, and reads few rows more than it gives.
  Task<Page> range_back(TenantId tenant, std::vector<PartitionId> partitions, TupleRange range, std::size_t limit,
                        MonotonicTime deadline);

  /// A range of keys of some partitions.
  struct Range {
    TenantId tenant;
    std::vector<PartitionId> partitions;
    TupleRange range;
    bool held = false;
    std::optional<TableRests> rests{};  ///< before it was read

    bool contains(const RegisterKey& key) const {
      return key.tenant == tenant && std::ranges::find(partitions, key.partition) != partitions.end() &&
             range.contains(BytesView(key.key).substr(1));
    }
  };
  /// What a commit has to check so that something read is still so.
  struct Footprint {
    std::vector<RegisterKey> keys{};
    std::vector<Range> ranges{};
  };
  struct Peeked {
    Page page;
    Footprint footprint;
  };
  /// Several ranges at once, as peek() reads keys; at most `limit` rows of each. As many round trips as range() takes for one.
  Task<std::vector<Peeked>> peek_ranges(std::vector<Range> ranges, std::size_t limit, MonotonicTime deadline);
  /// From now on it counts as read.
  void use(const Footprint& footprint);
  /// use(), and the commit checks it whatever the isolation.
  void hold(const Footprint& footprint);

  // Images of tables (transaction_image.cc): from read_image() on, rows of the table are read from there.

  /// Null: none was read.
  std::shared_ptr<ImageUse> image_of(TableId table) const;
  /// Nothing of the table was read yet, and nothing written.
  bool is_untouched(TableId table) const;
  bool has_written(TableId table) const { return std::ranges::find(written_tables_, table) != written_tables_.end(); }
  /// Precondition: the table is untouched.
  std::shared_ptr<ImageUse> read_image(std::shared_ptr<const TableImage> image);
  /// What this node has committed itself in the range, and what of it local reads have to find out first.
  std::map<Bytes, CommittedHere::Known> committed_here(TenantId tenant, const std::vector<PartitionId>& partitions,
                                                       const TupleRange& range) const;
  /// Where look-ups of images lie.
  struct ImageReads {
    TenantId tenant;
    std::vector<PartitionId> partitions;  ///< all of them
    /// Of one that found nothing. Nothing: what was looked for cannot be.
    std::function<Result<std::optional<RegisterKey>>(const TableSchema&, const ImageUse::LookUp&)> key_of;
    std::function<Result<Range>(const TableSchema&, const ImageUse::LookUp&)> range_of;
  };
  /// Before the commit, on the loop: what was read of images is checked by it, unless it is known to be so still.
  Result<void> add_image_reads(const ImageReads& reads);

  /// Errors: `conflict`: nothing was done, and doing all of it again is right. `unavailable`: nothing was done.
  /// `unknown_outcome`: it may have been done, or may still be. Durable on a majority of the replicas of every row when it
  /// returns without one. Round trips: none where this node has the only replica of all of it. Else one row with one command, or
  /// several rows, are 1 when nothing that was only read has to be checked (2 where the last change was another node's and not
  /// all replicas agree and answer). What has to be checked makes it one more for the commit, and one for the check itself but
  /// where it is single rows on the same replicas as the others.
  Task<void> commit(MonotonicTime deadline);

  /// After a commit that ended as `unknown_outcome`: finds out, and sees to it that what has not committed never will. One or
  /// several round trips to the primary. `unknown`: it has ended, and others have written over the traces; `unavailable`: ask
  /// again.
  Task<CommitOutcome> outcome(MonotonicTime deadline);
  /// The commit checks the range that was read last, whatever the isolation.
  void hold_last_range();

  bool wrote() const;
  /// It is not one that only reads, even if it finds nothing to write.
  void means_to_write() { meant_to_write_ = true; }
  /// Of the commit; 0 before, and of one that wrote nothing.
  Hlc commit_ts() const { return commit_ts_; }
  Hlc start() const { return start_; }
  const CallStats& stats() const { return stats_; }
  /// What it remembers of reads, and keeps of writes: about.
  std::size_t bytes() const { return bytes_; }
  const TransactionCounts& counts() const { return counts_; }
  /// The stored key of a row that it writes, and at which its commit was a conflict.
  const std::optional<Bytes>& conflicting_row() const { return conflicting_row_; }

  /// The writes up to now, for going back to them.
  using Savepoint = std::map<Bytes, std::pair<bool, Bytes>>;
  Savepoint savepoint() const;
  void rollback_to(const Savepoint& savepoint);

 private:
  struct Write {
    bool present;
    Bytes row;
  };
  struct Entry {
    RegisterKey key;
    CommittedRow seen{};
    std::optional<Write> write{};
    bool held = false;
    bool used = false;  // false: only peeked at

    bool is_written() const { return write && (write->present || seen.present); }
  };
  struct Phase;

  void write(const RegisterKey& key, Write write);
  static void touch(const RegisterKey& key, std::vector<TableId>& tables);
  /// Nothing: no image of its table was read.
  std::optional<CommittedRow> in_image(const RegisterKey& key) const;
  Result<void> add_image_reads(const ImageUse& use, const ImageReads& reads);
  void hold(Range& range);
  std::optional<TableRests> at_rest(TenantId tenant, const TupleRange& range) const;
  std::size_t bytes_of(const Entry& entry) const;
  /// Adds those that the transaction has written itself, which may not be anywhere yet, and those that it has found there: the
  /// replica that lists a range may not have heard of them, and what was read is not gone later in the same transaction.
  void add_known(TenantId tenant, const TupleRange& range, std::map<Bytes, RegisterKey>& keys) const;
  Task<void> read_unread(const std::vector<RegisterKey>& keys, MonotonicTime deadline);
  std::vector<std::optional<Bytes>> seen(const std::vector<RegisterKey>& keys) const;
  void remember(RegisterKey key, CommittedRow row);
  Task<void> list_page(Range range, std::size_t limit, MonotonicTime deadline, RowKeys& out);
  /// What this node has committed itself, as it was known before a replica was asked.
  using KnownHere = std::optional<CommittedHere::Known>;
  struct Unread {
    RegisterKey key;
    KnownHere known;
  };
  /// The later one of what a replica holds and what this node has committed itself. Nothing: the latest state has to be asked
  /// for.
  std::optional<CommittedRow> local_row(const RegisterKey& key, const KnownHere& known, RowState& state);
  /// False: it is not to be had here; `known`, then.
  Result<bool> read_if_here(const RegisterKey& key, const Bytes& stored, KnownHere& known);
  /// Those of the keys that are neither read yet nor to be had here.
  Task<std::vector<Unread>> read_what_is_here(const std::vector<RegisterKey>& keys);
  static void add_committed_here(const std::map<Bytes, CommittedHere::Known>& committed, const TupleRange& range,
                                 RowKeys& listed);
  Task<RowKeys> list(TenantId tenant, std::vector<PartitionId> partitions, TupleRange range, std::size_t limit,
                     MonotonicTime deadline);
  std::vector<Entry*> written();
  /// Local reads have to find out whether it has been committed.
  void doubt_written();
  Hlc above_all_seen();
  /// Whether the commit looks at it again.
  bool checks_reads() const {
    return options_.isolation == Isolation::serializable && (options_.check_read_only || meant_to_write_ || wrote());
  }
  bool is_checked(const Range& range, bool checks_reads) const { return checks_reads || range.held; }
  bool is_checked(const Entry& entry, bool checks_reads) const {
    // What it wrote and took back it has worked with, so it must not be missed that somebody else has written it.
    return !entry.is_written() && (entry.write || (entry.used && (checks_reads || entry.held)));
  }
  Task<RowChange> fence_one(const Entry& entry, TransactionId fence, MonotonicTime deadline);
  Task<CommitOutcome> find_outcome(MonotonicTime deadline);
  Task<CommitOutcome> outcome_of_one(const Entry& entry, MonotonicTime deadline);
  Task<CommitOutcome> outcome_in_rows(MonotonicTime deadline);
  bool may_be_alone() const;
  RowsTogether together(const std::vector<Entry*>& writes) const;
  Task<bool> commit_together(const std::vector<Entry*>& writes, MonotonicTime deadline);
  Task<void> after_refusal_together(const TogetherEnd& ended, MonotonicTime deadline);
  Task<void> commit_one(Entry& entry, MonotonicTime deadline);
  Task<void> after_refusal(const Entry& entry, const RowChange& changed, MonotonicTime deadline);
  /// After no answer: whether to send the step again, which finds out what became of it, a little later.
  Task<bool> asks_again(const Error& why, MonotonicTime deadline);
  Task<void> look_for(Entry& entry, Error why, MonotonicTime deadline);
  Task<void> commit_many(std::vector<Entry*> writes, bool staged, MonotonicTime deadline);
  std::vector<Intent> intents_of(const std::vector<Entry*>& writes, bool staged) const;
  /// What is checked, if that is single rows alone.
  std::optional<std::vector<RowsTogether::Look>> only_looks() const;
  Task<OneStepEnd> prewrite_in_one_step(const std::vector<Entry*>& writes, const std::vector<Intent>& intents,
                                        MonotonicTime deadline);
  Task<void> prewrite_all(const std::vector<Entry*>& writes, const std::vector<Intent>& intents, bool unsure,
                          MonotonicTime deadline);
  Task<void> prewrite(Entry& entry, Intent intent, Phase& phase, MonotonicTime deadline);
  Task<void> validate(MonotonicTime deadline);
  /// At all that is checked, once: Phase::gone.
  Task<std::map<Bytes, Hlc>> look_again(MonotonicTime deadline);
  std::ptrdiff_t checked_entries() const;
  Task<void> validate_read(Entry& entry, Phase& phase, MonotonicTime deadline);
  Task<void> validate_range(const Range& range, Phase& phase, MonotonicTime deadline);
  Task<void> validate_absent(RegisterKey key, Phase& phase, MonotonicTime deadline);
  /// Of a row that is written.
  std::unexpected<Error> conflict(const Entry& entry, const std::string& why);
  /// The latest state of a key in which no other transaction is about to change anything.
  Task<RowRead> settled(RegisterKey key, const Phase& phase, MonotonicTime deadline);
  /// Recovery::clear(); a failure that passes is waited out, as long as there is time.
  Task<void> clear(RegisterKey key, Intent intent, MonotonicTime deadline);
  Task<void> commit_at_primary(Entry& primary, MonotonicTime deadline);
  Task<void> give_up(std::vector<Entry*> writes, bool staged, Error why, MonotonicTime deadline);
  /// Nothing before the commit: a read waits for a transaction that is at work, whichever of the two began first.
  std::optional<Contender> me() const { return txn_ ? std::optional(Contender{txn_, start_}) : std::nullopt; }

  Transactions& shared_;
  TransactionOptions options_;
  std::map<Bytes, Entry, std::less<>> entries_;  // by stored key
  std::vector<Range> ranges_;
  std::vector<std::shared_ptr<ImageUse>> images_;
  std::vector<TableId> read_tables_;  // of entries; the one of the last entry is often the last
  std::vector<TableId> written_tables_;
  std::vector<RegisterKey> absent_;       // that images say were not there
  std::set<Bytes, std::less<>> implied_;  // entries of indexes that are there as long as rows are unchanged that are checked
  TransactionId txn_{};
  bool one_command_ = false;  // how it was committed
  bool keeps_outcome_ = false;
  bool meant_to_write_ = false;
  Hlc start_{};
  Hlc commit_ts_{};
  CallStats stats_;
  std::size_t bytes_ = 0;  // of entries
  TransactionCounts counts_;
  std::optional<Bytes> conflicting_row_;
  bool here_ = false;
  bool missed_ = false;
};

}  // namespace latium
