// A commit of rows whose only replicas are on this node.
#include <utility>

#include "node/row_store.h"

namespace latium {

namespace {

// All of one commit against the registers as they are at one moment.
class Moment {
 public:
  Moment(const RowsTogether& rows, const std::vector<RegisterKey>& keys, const TableChanges& changes, Registers::Together& now,
         TogetherEnd& end)
      : rows_(rows), keys_(keys), changes_(changes), now_(now), end_(end) {}

  /// The new states, in the order of the keys: writes, looks, absent. Nothing: refused, and the end says where.
  Result<std::optional<std::vector<std::optional<RegisterState>>>> decide() {
    std::vector<std::optional<RegisterState>> out(keys_.size());
    std::size_t key = 0;
    for (const auto& each : rows_.writes) {
      LATIUM_TRY(const bool written, write(key, each.write, out[key]));
      if (!written) return std::nullopt;
      ++key;
    }
    for (const auto& look : rows_.looks) {
      LATIUM_TRY(const bool same, looks(keys_[key], now_.state(key), [&](const CommittedRow& row) { return row.ts == look.ts; }));
      if (!same) return std::nullopt;
      ++key;
    }
    for (; key < keys_.size(); ++key) {
      LATIUM_TRY(const bool same, looks(keys_[key], now_.state(key), [](const CommittedRow& row) { return !row.present; }));
      if (!same) return std::nullopt;
    }
    for (const RowsTogether::Gap& gap : rows_.gaps) {
      if (gap.rests && changes_.is(gap.tenant, gap.rests->table) == gap.rests->since) continue;
      LATIUM_TRY(const bool empty, is_empty(gap));
      if (!empty) return std::nullopt;
    }
    return out;
  }

 private:
  Result<bool> write(std::size_t key, const RowWrite& command, std::optional<RegisterState>& out) {
    CommandResult done = now_.applied(key, command);
    if (!done.applied) {
      end_.at = keys_[key];
      end_.refused = {.applied = false, .state = {}, .refusal = done.refusal, .not_before = done.not_before, .stats = {}};
      LATIUM_TRY(end_.refused.state, row_of(done.state));
      return false;
    }
    if (done.state != now_.state(key)) out = std::move(done.state);
    return true;
  }

  template <class IsSame>
  Result<bool> looks(const RegisterKey& key, const RegisterState& state, IsSame is_same) {
    LATIUM_TRY(RowState row, row_of(state));
    if (!row.intent && is_same(row.committed)) return true;
    end_.at = key;
    end_.refused.refusal = row.intent ? RowRefusal::foreign_intent : RowRefusal::ts_differs;
    end_.refused.state = std::move(row);
    return false;
  }

  Result<bool> is_empty(const RowsTogether::Gap& gap) {
    bool empty = true;
    Result<void> looked;
    for (const PartitionId partition : gap.partitions) {
      LATIUM_CHECKED(now_.moment().scan(
          {stored_table_key(gap.tenant, partition, gap.range.begin), stored_table_key(gap.tenant, partition, gap.range.end)},
          [&](BytesView key) { return empty && looked && !rows_.is_known(key); },
          [&](BytesView name, const AcceptorRecord& record, bool on_disk) {
            const auto key = parse_register_key(name);
            if (!key) {
              looked = fail(key.error());
              return;
            }
            // A removal that may still fail is none yet.
            const auto same = looks(*key, record.state, [&](const CommittedRow& row) { return !row.present && on_disk; });
            if (!same) looked = fail(same.error());
            empty = same && *same;
          }));
      LATIUM_CHECKED(looked);
      if (!empty) return false;
    }
    return true;
  }

  const RowsTogether& rows_;
  const std::vector<RegisterKey>& keys_;
  const TableChanges& changes_;
  Registers::Together& now_;
  TogetherEnd& end_;
};

// Of no disk and of no deadline.
constexpr ErrorCode kRefused = ErrorCode::conflict;

}  // namespace

Task<TogetherEnd> RegisterRows::change_together(const RowsTogether& rows, MonotonicTime deadline) {
  std::vector<RegisterKey> keys;
  keys.reserve(rows.writes.size() + rows.looks.size() + rows.absent.size());
  for (const auto& each : rows.writes) keys.push_back(each.key);
  for (const auto& each : rows.looks) keys.push_back(each.key);
  keys.insert(keys.end(), rows.absent.begin(), rows.absent.end());
  TogetherEnd end;
  for (const RowsTogether::Gap& gap : rows.gaps) end.alone = end.alone && is_alone(gap.tenant, gap.partitions);
  if (!end.alone) co_return end;
  const auto decide = [&](Registers::Together& now) -> Result<std::vector<std::optional<RegisterState>>> {
    LATIUM_TRY(auto states, Moment(rows, keys, changes_, now, end).decide());
    // Nothing is done then, and nobody sees this error.
    if (!states) return fail(kRefused, "refused");
    return *std::move(states);
  };
  const auto alone = co_await cluster_.registers().change_together(keys, decide, deadline);
  if (end.at && !alone && alone.error().code == kRefused) co_return end;
  // What it was refused for has not come to the disk, and may be lost still: nobody is told of it.
  if (end.at && !alone) co_return fail(alone.error().code, alone.error().message);
  LATIUM_CO_CHECKED(alone);
  end.alone = *alone;
  end.refused.stats.replicas_asked = 1;
  co_return end;
}

}  // namespace latium
