// RegisterReplica: what this node holds of registers, and the acceptor's steps on it. What it answers is on disk.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "replication/acceptor.h"
#include "replication/register_messages.h"
#include "runtime/runtime.h"
#include "runtime/sync.h"
#include "store/engine.h"

namespace latium {

/// A page of the registers of one partition, in key order.
struct RegisterPage {
  struct Entry {
    Bytes key;  ///< with its space
    Ballot accepted;
    RegisterState state;
  };
  std::vector<Entry> entries;
  bool more = false;
};

/// Loop thread only. Engine and runtime outlive it, it outlives its tasks.
class RegisterReplica {
  class Hold;

 public:
  /// Records kept in memory while nobody works on them, and about their bytes: what is accepted now is learned soon.
  static constexpr std::size_t kIdleMax = 16384;
  static constexpr std::size_t kIdleBytesMax = 16u << 20;

  RegisterReplica(Runtime& runtime, Engine& engine) : runtime_(runtime), engine_(engine) {}

  /// Loads the floors of the partitions. Blocks; before any other call.
  Result<void> open();

  /// The steps, in order and in one go: no step of another call comes in between. Answers in the order of the items, each by
  /// itself. All writes go into one batch with one sync, and calls that write answer in the order in which they took their steps.
  /// Reads tell of the disk, but for `decided`, which is refused where that is behind what was decided.
  /// Errors of an item: those of the engine. `still_valid` is asked once, right before the steps: its error
  /// means that none was taken.
  Task<std::vector<Result<AcceptorAnswer>>> handle(std::vector<ReplicaItem> items, std::function<Result<void>()> still_valid);

  /// Registers at one moment, with all that was decided before, on disk or on its way there. Good until accept_together()'s
  /// `decide` returns.
  class Moment {
   public:
    const AcceptorRecord& record(std::size_t key) const;
    /// A new ballot has to be above it.
    Ballot above(std::size_t key) const;
    /// `visit` for each record in a range of stored keys that `wanted` says yes to. `on_disk`: it is there, with nothing under
    /// way. May take the disk.
    Result<void> scan(const KeyRange& range, const std::function<bool(BytesView stored)>& wanted,
                      const std::function<void(BytesView stored, const AcceptorRecord& record, bool on_disk)>& visit) const;

   private:
    friend class RegisterReplica;
    Moment(const RegisterReplica& replica, const std::vector<Hold>& holds) : replica_(replica), holds_(holds) {}

    const RegisterReplica& replica_;
    const std::vector<Hold>& holds_;
  };
  /// An accept for each of the keys, or none; an error: nothing is changed, and who reads the registers then finds them as they
  /// were here, or later.
  using Decide = std::function<Result<std::vector<std::optional<AcceptOp>>>(const Moment&)>;

  /// Takes accepts of several registers, worked out from how these are at one moment, in one write: all of them or none, also
  /// after a crash. Registers without an accept are on disk, as they were at the moment, when it returns. For the only replica.
  /// Preconditions: the keys differ, and the accepts are such as none of the records refuses.
  Task<void> accept_together(std::vector<RegisterKey> keys, Decide decide);

  /// Accepted states whose key starts with `prefix`, from behind `after`: of every step taken before, and on disk.
  Task<RegisterPage> list(TenantId tenant, PartitionId partition, Bytes prefix, Bytes after, std::size_t limit);
  /// Takes the first record of a register that this node begins a cluster with, as chosen, into `batch`.
  static void put_initial(WriteBatch& batch, const RegisterKey& key, const Ballot& ballot, RegisterState state);

 private:
  using Record = std::shared_ptr<const AcceptorRecord>;

  struct Slot;
  using Slots = std::unordered_map<Bytes, std::unique_ptr<Slot>>;

  // A register in memory. It stays there while anyone works on it, so that two steps never start from the same old record; and
  // for a while after, if it is as on disk.
  struct Slot {
    const Bytes* key = nullptr;
    Record current;  // with everything that was decided
    Record durable;  // with what is on disk for certain; what reads see
    bool loading = false;
    Event load_ended;
    std::size_t users = 0;
    std::list<const Bytes*>::iterator idle{};  // while nobody uses it
    std::size_t idle_bytes = 0;
  };
  struct Change {
    std::size_t item;
    Slot* slot;
    Record record;
  };
  struct Plan;

  Task<void> load(Slot& slot, Bytes stored_key);
  Task<void> write_plan(Plan& plan);
  void step_item(const ReplicaItem& item, Slot& slot, std::size_t index, Plan& plan);
  void plan_write(const ReplicaItem& item, Slot& slot, std::size_t index, AcceptorRecord next, RecordChange change, Plan& plan);
  /// Of the partition of a stored key.
  Ballot floor_of(BytesView stored) const;
  void retire(Slots::value_type& entry);
  void wake(Slot& slot);

  Runtime& runtime_;
  Engine& engine_;
  Slots slots_;
  std::list<const Bytes*> idle_;  // keys of slots that nobody uses, latest first
  std::size_t idle_bytes_ = 0;
  std::map<BytesView, const Slot*> behind_;      // those whose `current` is not on disk for certain
  std::map<Bytes, Ballot, std::less<>> floors_;  // by the six bytes of tenant and partition
  std::set<Bytes, std::less<>> unsaved_floors_;  // raised, and not on disk for certain
};

}  // namespace latium
