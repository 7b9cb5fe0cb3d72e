// One phase of one round: the same question to every replica of a register, asked again where no answer came, until enough
// answered.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "replication/cluster_view.h"
#include "replication/quorum.h"
#include "replication/replica_links.h"

namespace latium {

/// Where a register lies under the map in use.
struct RegisterPlace {
  RegisterKey key;
  Epoch epoch;
  ReplicaSet set;
};

/// What the replicas have said so far. Answers that come after the phase ended still go in: who has accepted, in the end,
/// matters to the learn.
struct PhaseAnswers {
  explicit PhaseAnswers(RegisterPlace where)
      : place(std::move(where)),
        quorum(place.set),
        answers(place.set.size()),
        errors(place.set.size()),
        attempts(place.set.size()),
        unsent(place.set.size()) {}

  RegisterPlace place;
  Quorum quorum;                                       ///< yes: answered ok; no: refused
  std::vector<std::optional<AcceptorAnswer>> answers;  ///< of those that answered, ok or not
  std::vector<std::optional<Error>> errors;            ///< the last one of those that did not
  Ballot highest_refusal;                              ///< what to be above
  bool stale = false;                                  ///< the map has changed: start over
  std::vector<std::uint32_t> attempts;                 ///< how often each was asked
  std::vector<std::uint32_t> unsent;                   ///< of these, the ones that have never reached it, for certain
  std::size_t last = 0;                                ///< who answered last
  CallStats stats;
};

enum class PhaseEnd : std::uint8_t { reached, impossible, stale, deadline };

struct PhaseRules {
  /// Whether the answers are enough; by default a quorum of yes.
  std::function<bool(const PhaseAnswers&)> enough{};
  /// Once a quorum of yes is there and is not enough, the others are waited for as long as another round would take, about.
  bool hurry_after_quorum = false;
  /// Every member has to say yes, a no ends the phase: in place of `enough`.
  bool unanimous = false;
};

struct PhaseOutcome {
  PhaseEnd end;
  std::shared_ptr<PhaseAnswers> said;
  Duration took{};         ///< all of it
  Duration quorum_took{};  ///< until a quorum of yes, where that was not enough
};

/// Asks `op_for(member)` of every member; one round trip, when the replicas answer.
Task<PhaseOutcome> run_phase(Runtime& runtime, ClusterView& cluster, ReplicaLinks& links, RegisterPlace place,
                             std::function<AcceptorOp(std::size_t member)> op_for, MonotonicTime deadline, PhaseRules rules = {});

/// How long the others are waited for where all have to say yes, once a quorum took `quorum_took`: as long as the second round
/// takes that this one saves.
Duration patience_for_all(Duration quorum_took);
bool is_in_another_site(const ClusterView& cluster, NodeId node);
/// What a phase cost that asked all members at the same time and has ended, but for the bytes.
void count_round_trips(const ClusterView& cluster, PhaseAnswers& said);

}  // namespace latium
