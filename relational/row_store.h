// RowStore: what transactions need of the registers that hold rows. node/ has the real one, tests have one in memory.
#pragma once

#include <functional>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "relational/key_codec.h"
#include "relational/schema.h"
#include "replication/one_step.h"
#include "replication/register_key.h"
#include "replication/register_messages.h"
#include "replication/row_commands.h"
#include "runtime/runtime.h"

namespace latium {

enum class Reading : std::uint8_t {
  local,   ///< the nearest replica that answers: possibly old, never what may still be lost. No round trip where it is this node
  latest,  ///< linearizable: one round trip to a majority while its members agree
  oldest,  ///< what every replica knows, or is ahead of: `unavailable` unless all answer
};

struct RowRead {
  RowState state;
  CallStats stats;
};

struct RowChange {
  bool applied = false;
  RowState state;  ///< after the command; of one that was refused, what refused it
  RowRefusal refusal = RowRefusal::none;
  Hlc not_before{};  ///< RowStep::not_before
  CallStats stats;
  /// Refused now, but it may have been applied before: it was given to another node, which did not answer.
  bool unsure = false;
};

/// Keys of registers that hold rows, or held some once, in the order of keys over all partitions.
struct RowKeys {
  std::vector<RegisterKey> keys;
  bool more = false;
  CallStats stats;
};

/// What a replica knows to be committed of rows, in the order of keys over all partitions; such as are gone are among them.
struct RowsHere {
  struct Found {
    RegisterKey key;
    RowState state;
  };
  std::vector<Found> rows;
  bool more = false;
  bool newest = true;  ///< nothing is accepted here that is not known to be committed, and no row has an intent
};

/// Rows at which something is left to do, as a replica has them.
struct RowsLeft {
  std::vector<RegisterKey> keys;
  Bytes last;         ///< the stored key of the last register that was looked at
  bool more = false;  ///< there are registers behind it
};

/// A table of which at_rest() has said so.
struct TableRests {
  TableId table;
  std::uint64_t since;
};

/// A commit at one moment, where one node has all that it writes and looks at.
struct RowsTogether {
  struct Write {
    RegisterKey key;
    RowWrite write;
  };
  struct Look {
    RegisterKey key;
    Hlc ts;  ///< committed, and no intent
  };
  struct Gap {
    TenantId tenant;
    std::vector<PartitionId> partitions;
    TupleRange range;
    std::optional<TableRests> rests;  ///< before the range was read
  };
  std::vector<Write> writes;
  std::vector<Look> looks;
  std::vector<RegisterKey> absent;  ///< nothing is there, nor about to be
  std::vector<Gap> gaps;            ///< no row is there, nor about to be, but those of known keys
  std::function<bool(BytesView stored)> is_known;
};

/// What became of it.
struct TogetherEnd {
  bool alone = true;                ///< false: this node has not all of it, and nothing was done
  std::optional<RegisterKey> at{};  ///< where it was refused: then nothing was done
  /// Of a write, as change() has it. Of what was looked at: `foreign_intent`, or `ts_differs` with the row as it is now.
  RowChange refused{};
};

/// Prewrites of one transaction, and rows that it has only read.
struct RowsInOneStep {
  struct Prewrite {
    RegisterKey key;
    RowPrewrite prewrite;
  };
  std::vector<Prewrite> prewrites;
  std::vector<RowsTogether::Look> looks;
};

/// Loop thread only, but for what says otherwise. Errors of all calls: `unavailable` (nothing was changed), `unknown_outcome`,
/// `unknown_tenant`, `overloaded`, `corruption`.
class RowStore {
 public:
  virtual ~RowStore() = default;

  virtual Task<RowChange> change(RegisterKey key, RowCommand command, MonotonicTime deadline) = 0;
  /// One write to the disk, no message. `rows` outlives the call.
  virtual Task<TogetherEnd> change_together(const RowsTogether& rows, MonotonicTime deadline) = 0;
  /// Registers::change_in_one_step(): one round trip to all replicas. `not_tried`: nothing was done. After anything but `clean`
  /// and `changed`, change() of each finds out what became of it. Errors: `cancelled`.
  virtual Task<OneStepOutcome> prewrite_in_one_step(RowsInOneStep rows, MonotonicTime deadline) = 0;
  virtual Task<RowRead> read(RegisterKey key, Reading how, MonotonicTime deadline) = 0;
  /// `latest`: no register is missing in which a change was acknowledged, or is half made, before the call began.
  virtual Task<RowKeys> list(TenantId tenant, std::vector<PartitionId> partitions, TupleRange range, std::size_t limit,
                             Reading how, MonotonicTime deadline) = 0;

  /// Looks at `count` registers of this node, in the order of their stored keys from behind `after`, for rows that have
  /// leftovers_of(); of partitions of which this node is the first replica that is up. No round trip.
  virtual Task<RowsLeft> left_over(Bytes after, std::size_t count) = 0;

  // Local reads at once and on any thread, where this node holds replicas of all that is asked for. Nothing: it does not, or it
  // would take the disk and `may_block` is false; then the calls above answer.

  virtual Result<std::optional<RowState>> read_here(const RegisterKey& key, bool may_block) = 0;
  /// May take the disk. At most `limit` rows, and about `bytes` of them.
  virtual Result<std::optional<RowsHere>> scan_here(TenantId tenant, const std::vector<PartitionId>& partitions,
                                                    const TupleRange& range, std::size_t limit, std::size_t bytes) = 0;
  /// Any thread. What is read here of the table from now on is unchanged as long as is_unchanged() says so of this answer.
  /// Nothing: it is being changed.
  virtual std::optional<std::uint64_t> at_rest(TenantId tenant, TableId table) = 0;
  virtual bool is_unchanged(TenantId tenant, TableId table, std::uint64_t since) = 0;
  /// This node has the one replica of each of the partitions: what it has accepted is the latest state.
  virtual bool is_alone(TenantId tenant, const std::vector<PartitionId>& partitions) = 0;
  /// Any thread. It has one of each.
  virtual bool is_here(TenantId tenant, const std::vector<PartitionId>& partitions) = 0;
};

/// As many bytes as there are.
inline constexpr std::size_t kAllBytes = std::numeric_limits<std::size_t>::max();

/// All at once. Errors: that of the first key that has one.
Task<std::vector<RowRead>> read_all(Runtime& runtime, RowStore& store, std::vector<RegisterKey> keys, Reading how,
                                    MonotonicTime deadline);

/// What several calls cost that were under way at the same time.
void add_parallel(CallStats& stats, const CallStats& other);

}  // namespace latium
