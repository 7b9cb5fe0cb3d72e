// Registers that are made from nothing: one round trip to all replicas, without a promise. Why that is safe: docs/protocols.md,
// "A register that is made from nothing".
#include <algorithm>
#include <utility>

#include "replication/attempt.h"
#include "runtime/deadline.h"

namespace latium {

namespace {

// By which a round may be slower than two others for the sake of a disk.
constexpr Duration kSlack = std::chrono::milliseconds(10);

// What the command's caller believes to be there.
enum class Expects : std::uint8_t { something, anything, nothing };

struct ExpectationOf {
  Expects operator()(const CasCommand& cas) const {
    if (!cas.value || cas.expect == CasCommand::Expect::value) return Expects::something;
    if (cas.expect == CasCommand::Expect::anything) return Expects::anything;
    const bool absent = cas.expect == CasCommand::Expect::absent || cas.expected_version == 0;
    return absent ? Expects::nothing : Expects::something;
  }
  Expects operator()(const LockAcquireCommand&) const { return Expects::anything; }
  Expects operator()(const RowCommand& row) const {
    const auto read = [](Hlc ts) { return ts == Hlc() ? Expects::nothing : Expects::something; };
    if (const auto* prewrite = std::get_if<RowPrewrite>(&row)) return read(prewrite->expected);
    const auto* write = std::get_if<RowWrite>(&row);
    if (write == nullptr) return Expects::something;  // a fence too: it comes where somebody is at work
    return write->expected ? read(*write->expected) : Expects::anything;
  }
  Expects operator()(const auto&) const { return Expects::something; }
};

}  // namespace

bool Registers::all_are_there(const ReplicaSet& set) const {
  const MonotonicTime now = runtime_.clock.monotonic_now();
  return std::ranges::all_of(set.members, [&](NodeId node) {
    if (node == cluster_.self()) return true;
    const auto peer = cluster_.peer(node);
    return peer && peer->up() && fast_.worth_trying(node, now);
  });
}

// What the replica here knows of the register: its partition's floor, or that there is something.
Task<std::optional<Ballot>> Registers::nothing_here(RegisterPlace place, MonotonicTime deadline) {
  const auto answer = co_await with_deadline(runtime_, deadline, links_.ask_here(place.epoch, {place.key, ReadOp()}));
  if (!answer && answer.error().code == ErrorCode::cancelled) co_return fail(answer.error());
  if (!answer || answer->promised || answer->accepted) co_return std::nullopt;
  co_return answer->floor;
}

// One round trip, if nobody has anything of the register. Nothing was sent where it says `again` at once.
Task<Registers::Next> Registers::try_fast(Attempt& attempt) {
  attempt.may_be_fast = false;
  LATIUM_CO_TRY(RegisterPlace place, place_of(attempt.key));
  // The cluster's own registers change their replicas, so "all of them" are not the same ones at any time; and with one group of
  // replicas alone a promise of a quorum meets each fast accept.
  if (place.key.tenant == kSystemTenant || place.set.groups.size() != 1) co_return Next::again;
  const bool replica = place.set.index_of(cluster_.self()) < place.set.size();
  if (replica && place.set.size() == 1) co_return Next::again;  // one round without a promise as it is
  const Expects expects = std::visit(ExpectationOf(), *attempt.command);
  if (expects == Expects::something || (expects == Expects::anything && !replica)) co_return Next::again;
  if (!all_are_there(place.set)) co_return Next::again;
  Ballot above = attempt.above;
  if (replica) {
    LATIUM_CO_TRY(const std::optional<Ballot> floor, co_await nothing_here(place, attempt.deadline));
    if (!floor) co_return Next::again;
    above = std::max(above, *floor);
  }
  const Ballot ballot = next_ballot(above);
  const CommandResult made = apply(RegisterState(), *attempt.command, attempt.request, ballot);
  if (!made.applied || !made.state.present) co_return Next::again;
  ++statistics_.fast_rounds;
  co_return co_await propose(attempt, {std::move(place), ballot, Ballot(), {made.state, made}, true});
}

void Registers::note_fast(const PhaseOutcome& phase) {
  const MonotonicTime now = runtime_.clock.monotonic_now();
  const RegisterPlace& place = phase.said->place;
  const Quorum& quorum = phase.said->quorum;
  if (phase.end == PhaseEnd::reached) {
    ++statistics_.fast_chosen;
    const bool slower = phase.quorum_took != Duration() && phase.took > 2 * phase.quorum_took + kSlack;
    fast_.was_last(place.set.members[phase.said->last], slower, now);
  }
  if (phase.end != PhaseEnd::impossible || quorum.opposed()) return;
  for (std::size_t member = 0; member < place.set.size(); ++member) {
    if (!quorum.voted(member)) fast_.was_silent(place.set.members[member], now);
  }
}

}  // namespace latium
