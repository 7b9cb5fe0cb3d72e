// The reads of registers.h.
#include <algorithm>
#include <numeric>
#include <utility>

#include "replication/accepted_state.h"
#include "replication/peer_watch.h"
#include "replication/registers.h"
#include "runtime/deadline.h"

namespace latium {

// This node first, then those that are up, those of its site before the others; then the suspects, then those that are down.
std::vector<std::size_t> Registers::by_distance(const ReplicaSet& set) const {
  const auto distance = [&](std::size_t member) {
    if (set.members[member] == cluster_.self()) return 0;
    const auto peer = cluster_.peer(set.members[member]);
    if (!peer) return 7;
    const int doubt = peer->liveness == Liveness::up ? 0 : peer->liveness == Liveness::suspect ? 2 : 4;
    return doubt + (peer->same_site ? 1 : 2);
  };
  std::vector<std::size_t> order(set.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](std::size_t member) { return std::pair(distance(member), member); });
  return order;
}

Task<ReadOutcome> Registers::read(RegisterKey key, MonotonicTime deadline) {
  ++statistics_.reads;
  CallStats stats;
  LATIUM_CO_TRY(auto found, co_await try_read(key, deadline, stats));
  if (!found) {
    // The replicas differ: a change is on its way, or was left half done. Finish it.
    LATIUM_CO_TRY(CommandOutcome settled, co_await settle(std::move(key), deadline));
    stats.add(settled.stats);
    found = ReadOutcome{std::move(settled.result.state), stats};
  }
  found->stats = stats;
  statistics_.cost.add(stats);
  co_return *std::move(found);
}

// One round trip; nothing when the replicas do not agree.
Task<std::optional<ReadOutcome>> Registers::try_read(RegisterKey key, MonotonicTime deadline, CallStats& stats) {
  LATIUM_CO_TRY(RegisterPlace place, place_of(key));
  const std::size_t nearest = by_distance(place.set).front();
  LATIUM_CO_TRY(
      const PhaseOutcome phase,
      co_await run_phase(
          runtime_, cluster_, links_, std::move(place),
          [nearest](std::size_t member) { return ReadOp{member == nearest ? ReadOp::Want::accepted : ReadOp::Want::ballots}; },
          deadline,
          {.enough = [](const PhaseAnswers& said) { return agreed_ballot(said).has_value(); }, .hurry_after_quorum = true}));
  stats.add(phase.said->stats);
  if (phase.end == PhaseEnd::deadline) {
    ++statistics_.unavailable;
    co_return fail(ErrorCode::unavailable, key.describe() + ": no majority of its replicas answered in time");
  }
  if (phase.end != PhaseEnd::reached) co_return std::nullopt;
  const Ballot ballot = *agreed_ballot(*phase.said);
  if (!ballot) co_return ReadOutcome{};
  const auto& near = phase.said->answers[nearest];
  std::optional<RegisterState> state;
  if (near && near->accepted == ballot && near->state) {
    state = *near->state;
  } else {
    LATIUM_CO_TRY(state, co_await fetch_state(*phase.said, ballot, deadline, stats));
  }
  if (!state) co_return std::nullopt;
  tell_behind(*phase.said, nearest, ballot, *state);
  co_return ReadOutcome{*std::move(state), {}};
}

// Replicas that are behind, and the nearest one, which local reads go to, also where it only does not know that this was chosen:
// a learn gets lost with its sender, or on its way.
void Registers::tell_behind(const PhaseAnswers& said, std::size_t nearest, Ballot ballot, const RegisterState& state) {
  for (std::size_t member = 0; member < said.answers.size(); ++member) {
    const auto& answer = said.answers[member];
    if (!answer || (answer->accepted > ballot && !answer->fast)) continue;
    const bool behind = answer->accepted != ballot;
    if (!behind && (member != nearest || answer->chosen)) continue;
    links_.send(said.place.set.members[member], said.place.epoch,
                {said.place.key, LearnOp{ballot, behind ? std::optional(state) : std::nullopt}},
                [](const Result<AcceptorAnswer>&) {});
  }
}

// The state of a chosen ballot, from one of those that hold it. Nothing when it has gone on since.
Task<std::optional<RegisterState>> Registers::fetch_state(const PhaseAnswers& said, Ballot ballot, MonotonicTime deadline,
                                                          CallStats& stats) {
  const RegisterPlace place = said.place;
  std::vector<std::size_t> holders = by_distance(place.set);
  std::erase_if(holders, [&](std::size_t member) { return !said.answers[member] || said.answers[member]->accepted != ballot; });
  for (const std::size_t member : holders) {
    const MonotonicTime until = time_to_answer(member == holders.back(), deadline);
    const auto answer = co_await ask_one(place, member, ReadOp::Want::accepted, until, stats);
    if (answer && answer->accepted == ballot && answer->state) co_return *answer->state;
  }
  co_return std::nullopt;
}

// The next one is asked soon, as a silent one costs all that is waited for it; the last one has more time.
MonotonicTime Registers::time_to_answer(bool last, MonotonicTime deadline) const {
  const Duration patience = last ? ReplicaLinks::kAnswerTimeout : silence_allowed(runtime_, deadline);
  return std::min(deadline, saturating_add(runtime_.clock.monotonic_now(), patience));
}

Task<AcceptorAnswer> Registers::ask_one(RegisterPlace place, std::size_t member, ReadOp::Want want, MonotonicTime deadline,
                                        CallStats& stats) {
  const RegisterPlace only{place.key, place.epoch, ReplicaSet::of({place.set.members[member]})};
  LATIUM_CO_TRY(const PhaseOutcome phase,
                co_await run_phase(runtime_, cluster_, links_, only, [want](std::size_t) { return ReadOp{want}; }, deadline));
  stats.add(phase.said->stats);
  if (phase.end == PhaseEnd::reached) co_return *phase.said->answers.front();
  if (phase.end == PhaseEnd::stale)
    co_return fail(ErrorCode::stale_topology, "the map of the cluster has changed meanwhile: retry");
  co_return fail(ErrorCode::unavailable, "node " + to_hex(place.set.members[member].value) + " does not answer");
}

Task<ReadOutcome> Registers::read_local(RegisterKey key, MonotonicTime deadline) {
  ++statistics_.reads;
  CallStats stats;
  std::string last = "it has no replica";
  for (int attempt = 0; attempt < 2; ++attempt) {
    LATIUM_CO_TRY(const RegisterPlace place, place_of(key));
    const std::vector<std::size_t> order = by_distance(place.set);
    for (const std::size_t member : order) {
      const MonotonicTime until = time_to_answer(member == order.back(), deadline);
      auto answer = co_await ask_one(place, member, ReadOp::Want::chosen, until, stats);
      if (answer && answer->state) {
        statistics_.cost.add(stats);
        co_return ReadOutcome{*std::move(answer->state), stats};
      }
      if (!answer) last = answer.error().message;
      if (!answer && answer.error().code == ErrorCode::cancelled) co_return fail(std::move(answer).error());
      if (!answer && answer.error().code == ErrorCode::stale_topology) break;
      if (runtime_.clock.monotonic_now() >= deadline) break;
    }
  }
  ++statistics_.unavailable;
  co_return fail(ErrorCode::unavailable, key.describe() + ": " + last);
}

// Versions of a register only grow, also when it is made anew after its tombstone was collected.
Task<ReadOutcome> Registers::read_oldest(RegisterKey key, MonotonicTime deadline) {
  LATIUM_CO_TRY(const RegisterPlace place, place_of(key));
  CallStats stats;
  std::optional<RegisterState> oldest;
  for (std::size_t member = 0; member < place.set.size(); ++member) {
    LATIUM_CO_TRY(auto answer, co_await ask_one(place, member, ReadOp::Want::chosen, deadline, stats));
    if (!answer.state) co_return fail(ErrorCode::unavailable, key.describe() + ": a replica has not answered");
    if (!oldest || answer.state->version < oldest->version) oldest = *std::move(answer.state);
  }
  co_return ReadOutcome{oldest.value_or(RegisterState()), stats};
}

}  // namespace latium
