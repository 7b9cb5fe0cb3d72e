// RegisterExplorer: goes through every order in which two proposers' messages reach three acceptors, over the acceptor's own step
// and the proposer's own reading of its answers: each message arrives at any later time or never, and a proposer may lose
// patience at any moment. What it holds the protocol to is in `wrong`.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "replication/accepted_state.h"

namespace latium::testing {

/// What is explored, and what is broken in it on purpose.
struct RegisterPlot {
  /// Stamps of a proposer's ballots: of its fast accept, then of its rounds with a prepare.
  std::array<std::vector<std::uint64_t>, 2> stamps;
  /// What each does, one after the other: its command is named by proposer and place.
  std::array<std::vector<CasCommand>, 2> commands;
  /// Of a register that is there before: all replicas have it, two know that it is chosen; or the third has nothing.
  enum class Before : std::uint8_t { nothing, at_all, at_two };
  Before before = Before::nothing;
  bool learns = false;  ///< what was chosen is told to the replicas, one by one
  std::size_t states_max = 3'000'000;

  bool deletes() const {
    return std::ranges::any_of(commands[1], [](const CasCommand& command) { return !command.value; });
  }

  bool fast_by_a_majority = false;       ///< mutant: a majority is enough for a fast accept
  bool fast_counts_as_ordinary = false;  ///< mutant: the highest ballot is gone on from, however it was accepted
  bool fast_never_counts = false;        ///< mutant: a fast accept is not gone on from, whoever has it
  bool fast_over_another = false;        ///< mutant: a replica takes a fast accept over what it has under a lower ballot
  bool fast_below_the_floor = false;     ///< mutant: a replica takes one below what was collected
  bool fast_below_a_promise = false;     ///< mutant: a replica takes one below what it has promised
  bool base_is_forgotten = false;        ///< mutant: of a fast accept that is passed over, nothing is left
};

class RegisterExplorer {
 public:
  explicit RegisterExplorer(RegisterPlot plot) : plot_(std::move(plot)) {}

  /// Whatever is wrong in a state that can be reached; nothing: it was all gone through.
  std::optional<std::string> explore();
  std::size_t states() const { return seen_.size(); }
  /// How often a proposal was chosen, by all ways there: an explorer that chooses nothing proves nothing.
  std::size_t fast_chosen() const { return fast_chosen_; }
  std::size_t chosen() const { return chosen_; }
  std::size_t collected() const { return collected_; }

 private:
  static constexpr std::size_t kReplicas = 3;

  struct Replica {
    AcceptorRecord record;
    Ballot floor;
  };
  // A message to each replica that has not had it.
  struct Sent {
    AcceptorOp op;
    std::uint8_t waits = 0b111;
    int asker = -1;  // whose current phase it is of; -1: nobody waits for its answer
  };
  struct Unsure {
    Ballot ballot;
    std::uint64_t version;
  };
  enum class At : std::uint8_t { idle, fast, prepare, accept, learn, ended };
  struct Proposer {
    At at = At::idle;
    std::size_t command = 0;
    std::size_t next_stamp = 0;
    Ballot ballot{};
    std::array<std::optional<AcceptorAnswer>, kReplicas> answers{};
    std::vector<Unsure> unsure{};
    RegisterState proposal{};
    bool told_if_chosen = false;
    Ballot held{};  // promised, above `ballot`
    std::optional<RegisterState> held_state{};
  };
  struct Proposed {
    RegisterState state;
    bool fast = false;
    std::uint8_t accepted_by = 0;
  };
  // What became of a command, for good.
  struct Fate {
    std::uint64_t version = 0;  // chosen as; 0: not yet
    std::optional<bool> told{};
  };
  struct State {
    std::array<Replica, kReplicas> replicas;
    std::array<Proposer, 2> proposers;
    std::vector<Sent> sent;
    std::map<Ballot, Proposed> proposed;
    std::map<RequestId, Fate> fates;
    bool was_collected = false;
  };

  static RequestId request_of(std::size_t proposer, std::size_t command) { return {proposer + 1, command + 1}; }
  static Ballot above(const Ballot& ballot) { return {Hlc{ballot.stamp.value + 1}, ballot.node, ballot.attempt + 1}; }
  static std::string key_of(const State& state);
  State before() const;

  void forget(State& state) const;
  void visit(State state);
  void deliver(const State& from, std::size_t message, std::size_t replica);
  void move(const State& from, std::size_t who);
  void begin(State state, std::size_t who);
  void propose_fast(const State& from, std::size_t who);
  void propose_fast(State state, std::size_t who, const AcceptorRecord& base);
  void prepare(State state, std::size_t who);
  void accept(State state, std::size_t who, bool fast, const Ballot& base);
  void promised(State state, std::size_t who);
  void succeed(State state, std::size_t who);
  void tell(State& state, std::size_t who, bool applied);
  void next_command(State state, std::size_t who);
  void collect(State state, std::size_t who);
  AcceptorStep step_at(Replica& replica, AcceptorOp op) const;
  AcceptedState accepted(const PhaseAnswers& said) const;
  void note_accepted(State& state, const Ballot& ballot, std::size_t replica);
  void check_chosen(State& state, const Ballot& ballot);
  void check_recovery(const State& state);
  bool is_chosen(const Proposed& proposed) const;

  const RegisterPlot plot_;
  std::unordered_set<std::string> seen_;
  std::vector<State> open_;
  std::optional<std::string> wrong_;
  std::size_t fast_chosen_ = 0;
  std::size_t chosen_ = 0;
  std::size_t collected_ = 0;
};

}  // namespace latium::testing
