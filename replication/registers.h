// Registers: linearizable keys. Any node changes any register, without a leader: CASPaxos over the register's replicas.
// Source: Rystsov, "CASPaxos" (2018); the promise asked for along with the accept is its section 2.2.1.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "replication/cluster_view.h"
#include "replication/fast_rounds.h"
#include "replication/held_promises.h"
#include "replication/learn_queue.h"
#include "replication/one_step.h"
#include "replication/register_phase.h"
#include "replication/replica_links.h"

namespace latium {

/// What became of a command, and what it cost.
struct CommandOutcome {
  CommandResult result;
  CallStats stats;
  /// Refused, but it may have been applied before, and covered since: another node that was to run it has not answered. Only of a
  /// command of which is_repeatable() holds; of others that is `unknown_outcome`.
  bool unsure = false;
};

struct ReadOutcome {
  RegisterState state;
  CallStats stats;
};

struct RegistersStatistics {
  std::uint64_t commands = 0;
  std::uint64_t reads = 0;
  std::uint64_t rounds = 0;       ///< prepare or accept phases
  std::uint64_t fast_rounds = 0;  ///< of those, fast accepts
  std::uint64_t fast_chosen = 0;  ///< of those, the ones that all replicas took
  std::uint64_t contended = 0;    ///< rounds that another proposer was ahead of
  std::uint64_t forwarded = 0;    ///< commands given to the register's first replica
  std::uint64_t unavailable = 0;
  std::uint64_t unknown_outcomes = 0;
  CallStats cost;  ///< of all calls together (replicas_asked: the most)
};

/// Loop thread only. Errors of all calls: `unavailable` (no majority answered in time: nothing was changed), `unknown_outcome`
/// (the change may have been made), `unknown_tenant`, `overloaded`. All that it is given outlives it, and so do the tasks of its
/// callers.
class Registers {
 public:
  Registers(Runtime& runtime, ClusterView& cluster, Transport& transport, ReplicaLinks& links, BallotSource ballots);
  ~Registers();

  /// Runs a command: linearizable. A refusal (`applied` false) is a result, and as fresh as a read. One round trip to a majority
  /// for whoever changed the register last; one to all replicas where they agree and the one here knows it (three when that meets
  /// another proposer, or a replica that is silent or behind); two otherwise. `request` is kept through every retry, also the
  /// caller's own.
  Task<CommandOutcome> execute(RegisterKey key, RegisterCommand command, RequestId request, MonotonicTime deadline);
  /// The same for another node, which could not get through: never given on.
  Task<CommandOutcome> execute_forwarded(RegisterKey key, RegisterCommand command, RequestId request, MonotonicTime deadline);

  /// Linearizable. One round trip to a majority when its members agree, up to three otherwise.
  Task<ReadOutcome> read(RegisterKey key, MonotonicTime deadline);
  /// What the nearest replica that answers knows to be chosen: possibly old, never uncommitted. No round trip when this node is a
  /// replica, one to the nearest otherwise.
  Task<ReadOutcome> read_local(RegisterKey key, MonotonicTime deadline);

  /// The oldest that one of the replicas knows to be chosen; `unavailable` unless all of them answer. Asks one after the other.
  Task<ReadOutcome> read_oldest(RegisterKey key, MonotonicTime deadline);

  /// What change_together() is worked out from. Good until `decide` returns.
  class Together {
   public:
    /// Of the register of this place among the keys: the latest state.
    const RegisterState& state(std::size_t key) const { return moment_.record(key).state; }
    /// A command that is applied to it, under a ballot of its own.
    CommandResult applied(std::size_t key, const RegisterCommand& command);
    /// RegisterReplica::Moment::scan().
    const RegisterReplica::Moment& moment() const { return moment_; }

   private:
    friend class Registers;
    Together(Registers& registers, const RegisterReplica::Moment& moment, std::size_t keys)
        : registers_(registers), moment_(moment), ballots_(keys) {}

    Registers& registers_;
    const RegisterReplica::Moment& moment_;
    std::vector<Ballot> ballots_;
  };
  /// The new state of each register, or none where it stays; an error: none is changed.
  using DecideTogether = std::function<Result<std::vector<std::optional<RegisterState>>>(Together&)>;

  /// Changes registers of which this node has the only replicas, at one moment and in one write to the disk: all of them or none.
  /// Linearizable, no round trip. False, and nothing was done: it has not. Errors: that of `decide`, `unknown_outcome`,
  /// `unavailable`. `decide` is not called once this has returned. The keys differ.
  Task<bool> change_together(std::vector<RegisterKey> keys, DecideTogether decide, MonotonicTime deadline);

  /// One round trip to all replicas, each of which takes all of it in one step. Tried only where all keys have the same replicas,
  /// which agree as far as this one of them knows, nobody else of this node is at work on what is changed, and it saves
  /// something: with promises for all changes and without looks a majority does as well. Errors: `cancelled`.
  Task<OneStepOutcome> change_in_one_step(OneStep step, MonotonicTime deadline);

  RequestId new_request_id();
  const RegistersStatistics& statistics() const { return statistics_; }

 private:
  struct Attempt;
  struct Turn;
  struct Decision;
  struct Proposal;
  struct Moment;
  enum class Next : std::uint8_t { done, again, contended, forward };

  Task<CommandOutcome> run(Attempt attempt);
  Task<void> run_together(std::vector<RegisterKey> keys, std::shared_ptr<Moment> moment);
  /// Finishes what is pending, and says what the register holds.
  Task<CommandOutcome> settle(RegisterKey key, MonotonicTime deadline);
  Task<Next> try_held(Attempt& attempt, HeldPromise held);
  Task<Next> try_fast(Attempt& attempt);
  bool all_are_there(const ReplicaSet& set) const;
  struct Base {
    Ballot ballot;  // none: nothing is there
    RegisterState state;
    Ballot above;  // what a ballot has to be above
  };
  Task<std::optional<Base>> base_here(RegisterPlace place, MonotonicTime deadline);
  static std::optional<Base> base_of(AcceptorAnswer here);
  class FreeTurns;
  Turn& enter_turn(const Bytes& key);
  void leave_turn(const Bytes& key);
  struct OneStepItems;
  std::optional<std::vector<RegisterPlace>> places_of_one_step(const OneStep& step) const;
  Task<std::optional<OneStepItems>> items_of_one_step(const OneStep& step, const std::vector<RegisterPlace>& places,
                                                      MonotonicTime deadline);
  void note_fast(const PhaseOutcome& phase);
  Task<Next> try_full(Attempt& attempt);
  static std::optional<Decision> decide(const Attempt& attempt, const RegisterState& base, const Ballot& ballot,
                                        const PhaseAnswers& said);
  Task<Next> propose(Attempt& attempt, Proposal proposal);
  Task<Next> forward(Attempt& attempt);
  Next refuse_contended(Attempt& attempt, std::shared_ptr<PhaseAnswers> said);
  std::optional<NodeId> whom_to_forward_to(const Attempt& attempt, const ReplicaSet& set) const;
  Result<RegisterPlace> place_of(const RegisterKey& key) const;
  Ballot next_ballot(const Ballot& above);
  Task<std::optional<ReadOutcome>> try_read(RegisterKey key, MonotonicTime deadline, CallStats& stats);
  Task<std::optional<RegisterState>> fetch_state(const PhaseAnswers& said, Ballot ballot, MonotonicTime deadline,
                                                 CallStats& stats);
  void tell_behind(const PhaseAnswers& said, std::size_t nearest, Ballot ballot, const RegisterState& state);
  Task<AcceptorAnswer> ask_one(RegisterPlace place, std::size_t member, ReadOp::Want want, MonotonicTime deadline,
                               CallStats& stats);
  MonotonicTime time_to_answer(bool last, MonotonicTime deadline) const;
  std::vector<std::size_t> by_distance(const ReplicaSet& set) const;

  Runtime& runtime_;
  ClusterView& cluster_;
  Transport& transport_;
  ReplicaLinks& links_;
  BallotSource ballots_;
  HeldPromises held_;
  LearnQueue learns_;
  std::unordered_map<Bytes, std::unique_ptr<Turn>> turns_;
  FastRounds fast_;
  Random random_;
  RegistersStatistics statistics_;
};

}  // namespace latium
