// What the answers of a quorum tell of a register: the state that a new round has to go on from, and the one that a read may
// return. Pure.
// Source: Lamport, "Paxos Made Simple" (2001), and for fast accepts "Fast Paxos" (2006), section 3.2, with one proposer a fast
// ballot and a fast quorum of all replicas.
#pragma once

#include <optional>

#include "replication/register_phase.h"

namespace latium {

struct AcceptedState {
  Ballot ballot;  ///< none: nothing is there
  RegisterState state;
  bool chosen = false;  ///< for certain
};

/// Of the promises of a quorum: the state of the highest ballot that any of them has accepted. What came by a fast accept counts
/// only if all of them have it: it is chosen by all replicas together, and one that has promised without it never takes it. Else
/// what it was taken over counts in its place.
AcceptedState what_was_accepted(const PhaseAnswers& said);

/// The ballot that a quorum has accepted, if they agree on one; of a fast accept, all replicas have to, or one knows it to be
/// chosen. No ballot: nothing is there.
std::optional<Ballot> agreed_ballot(const PhaseAnswers& said);

}  // namespace latium
