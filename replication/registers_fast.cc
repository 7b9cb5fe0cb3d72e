// One round trip to all replicas, without a promise: from nothing, or from what was chosen last. Why that is safe:
// docs/protocols.md, "Accepts without a promise".
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

// What a fast accept may go on from, as the replica here has it: nothing at all, or something that is chosen for certain and not
// deleted. No value: neither, or the replica does not answer.
Task<std::optional<Registers::Base>> Registers::base_here(RegisterPlace place, MonotonicTime deadline) {
  auto answer =
      co_await with_deadline(runtime_, deadline, links_.ask_here(place.epoch, {place.key, ReadOp{ReadOp::Want::accepted}}));
  if (!answer && answer.error().code == ErrorCode::cancelled) co_return fail(answer.error());
  if (!answer) co_return std::nullopt;
  co_return base_of(*std::move(answer));
}

std::optional<Registers::Base> Registers::base_of(AcceptorAnswer here) {
  const bool fresh = !here.promised && !here.accepted;
  if (fresh) return Base{.ballot = {}, .state = {}, .above = here.floor};
  if (!here.chosen || !here.state || !here.state->present) return std::nullopt;
  return Base{.ballot = here.accepted, .state = *std::move(here.state), .above = here.promised};
}

// One round trip, if all replicas have the same as the one here, or nothing. Nothing was sent where it says `again` at once.
Task<Registers::Next> Registers::try_fast(Attempt& attempt) {
  attempt.may_be_fast = false;
  LATIUM_CO_TRY(RegisterPlace place, place_of(attempt.key));
  // The cluster's own registers change their replicas, so "all of them" are not the same ones at any time; and with one group of
  // replicas alone a promise of a quorum meets each fast accept.
  if (place.key.tenant == kSystemTenant || place.set.is_joint()) co_return Next::again;
  const bool replica = place.set.index_of(cluster_.self()) < place.set.size();
  if (replica && place.set.size() == 1) co_return Next::again;  // one round without a promise as it is
  const Expects expects = std::visit(ExpectationOf(), *attempt.command);
  if (!replica && expects != Expects::nothing) co_return Next::again;
  if (!all_are_there(place.set)) co_return Next::again;
  Base base;
  if (replica) {
    LATIUM_CO_TRY(std::optional<Base> here, co_await base_here(place, attempt.deadline));
    if (!here || (!here->ballot && expects == Expects::something)) co_return Next::again;
    base = *std::move(here);
  }
  const Ballot ballot = next_ballot(std::max(attempt.above, base.above));
  const CommandResult made = apply(base.state, *attempt.command, attempt.request, ballot);
  // Nothing to write, or done already by an earlier call with this id: whether that is the latest, only the replicas can say.
  const bool repeated = base.state.version_of(attempt.request).has_value();
  if (repeated || !made.applied || !made.state.present || made.state == base.state) co_return Next::again;
  ++statistics_.fast_rounds;
  co_return co_await propose(attempt, {std::move(place), ballot, base.ballot, {made.state, made}, true});
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
