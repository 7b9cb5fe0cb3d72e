// RowStore: what transactions need of the registers that hold rows. node/ has the real one, tests have one in memory.
#pragma once

#include <utility>
#include <vector>

#include "relational/key_codec.h"
#include "replication/register_key.h"
#include "replication/register_messages.h"
#include "replication/row_commands.h"
#include "runtime/runtime.h"

namespace latium {

enum class Reading : std::uint8_t {
  local,   ///< the nearest replica that answers: possibly old, never what may still be lost. No round trip where it is this node
  latest,  ///< linearizable: one round trip to a majority while its members agree
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
};

/// Keys of registers that hold rows, or held some once, in the order of keys over all partitions.
struct RowKeys {
  std::vector<RegisterKey> keys;
  bool more = false;
  CallStats stats;
};

/// Loop thread only. Errors of all calls: `unavailable` (nothing was changed), `unknown_outcome`, `unknown_tenant`, `overloaded`,
/// `corruption`.
class RowStore {
 public:
  virtual ~RowStore() = default;

  virtual Task<RowChange> change(RegisterKey key, RowCommand command, MonotonicTime deadline) = 0;
  virtual Task<RowRead> read(RegisterKey key, Reading how, MonotonicTime deadline) = 0;
  /// `latest`: no register is missing in which a change was acknowledged, or is half made, before the call began.
  virtual Task<RowKeys> list(TenantId tenant, std::vector<PartitionId> partitions, TupleRange range, std::size_t limit,
                             Reading how, MonotonicTime deadline) = 0;
};

/// All at once. Errors: that of the first key that has one.
Task<std::vector<RowRead>> read_all(Runtime& runtime, RowStore& store, std::vector<RegisterKey> keys, Reading how,
                                    MonotonicTime deadline);

/// What several calls cost that were under way at the same time.
void add_parallel(CallStats& stats, const CallStats& other);

}  // namespace latium
