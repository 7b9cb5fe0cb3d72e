#include "replication/register_phase.h"

#include <algorithm>
#include <utility>

#include "runtime/backoff.h"
#include "runtime/sync.h"

namespace latium {

namespace {

using std::chrono::milliseconds;

// How soon a replica that did not answer is asked again.
constexpr BackoffPolicy kResend{.base = milliseconds(50), .cap = std::chrono::seconds(1)};
// After a quorum of answers that do not agree, the rest is waited for this long at least.
constexpr Duration kGraceAtLeast = milliseconds(2);
// After one that does, where all have to: a disk may be busy, and who is down is soon known to be.
constexpr Duration kGraceForTheLast = milliseconds(100);

// Shared with the callbacks of the steps, which may come after the phase ended.
struct Running : PhaseAnswers {
  explicit Running(RegisterPlace where) : PhaseAnswers(std::move(where)), resend_at(place.set.size(), kNever) {}

  Event changed;
  bool ended = false;
  std::vector<MonotonicTime> resend_at;
};

struct Phase {
  Runtime& runtime;
  ClusterView& cluster;
  ReplicaLinks& links;
  std::function<AcceptorOp(std::size_t)> op_for;
  std::shared_ptr<Running> state;

  void send(std::size_t member) const {
    ReplicaItem item{state->place.key, op_for(member)};
    const NodeId node = state->place.set.members[member];
    ++state->attempts[member];
    state->resend_at[member] = kNever;
    const bool wan = is_in_another_site(cluster, node);
    if (node != cluster.self()) state->stats.add_bytes(item.size_bytes(), wan);
    links.send(node, state->place.epoch, std::move(item),
               [state = state, member, wan, &runtime = runtime](Result<AcceptorAnswer> answer) {
                 take(runtime, *state, member, wan, std::move(answer));
               });
  }

  static void take(Runtime& runtime, Running& state, std::size_t member, bool wan, Result<AcceptorAnswer> answer) {
    if (answer) {
      if (answer->state) state.stats.add_bytes(answer->state->value.size(), wan);
      if (answer->ok) {
        state.quorum.yes(member);
      } else {
        state.quorum.no(member);
        state.highest_refusal = std::max(state.highest_refusal, answer->promised);
      }
      state.answers[member] = *std::move(answer);
      state.last = member;
    } else if (!state.ended) {
      failed(runtime, state, member, std::move(answer).error());
    }
    state.changed.set();
  }

  static void failed(Runtime& runtime, Running& state, std::size_t member, Error error) {
    if (error.code == ErrorCode::stale_topology) {
      state.stale = true;
    } else {
      state.resend_at[member] =
          saturating_add(runtime.clock.monotonic_now(), kResend.wait(state.attempts[member] - 1, runtime.random));
    }
    if (error.certainty == Certainty::not_applied) ++state.unsent[member];
    state.errors[member] = std::move(error);
  }

  void resend_due() const {
    const MonotonicTime now = runtime.clock.monotonic_now();
    for (std::size_t member = 0; member < state->place.set.size(); ++member) {
      if (state->resend_at[member] <= now) send(member);
    }
  }

  MonotonicTime next_resend() const { return *std::ranges::min_element(state->resend_at); }

  // Sleeps until an answer comes or `at`. A cancel ends the wait too.
  Task<void> wait_until(MonotonicTime at) const {
    state->changed.clear();
    TimerId timer;
    if (at != kNever) {
      timer = runtime.timers.schedule(at, [state = state] { state->changed.set(); });
    }
    const Result<void> waited = co_await state->changed.wait();
    runtime.timers.cancel(timer);
    co_return waited;
  }
};

bool is_enough(const PhaseRules& rules, const PhaseAnswers& said) {
  if (rules.unanimous) return said.quorum.unanimous();
  return rules.enough ? rules.enough(said) : said.quorum.reached();
}

// Who has not voted has failed, the last time that it was asked.
bool rest_has_failed(const PhaseAnswers& said) {
  for (std::size_t member = 0; member < said.answers.size(); ++member) {
    if (!said.quorum.voted(member) && !said.errors[member]) return false;
  }
  return true;
}

bool is_out_of_reach(const PhaseRules& rules, const PhaseAnswers& said) {
  if (rules.unanimous) return said.quorum.opposed();
  if (said.quorum.impossible() || (rules.enough && said.quorum.complete())) return true;
  // A ballot that is refused is not worth the wait for replicas that are away: one that is above it needs fewer of them.
  return said.quorum.opposed() && rest_has_failed(said);
}

// How long the others may take, once a quorum took `quorum_took`.
Duration patience_for_the_rest(const PhaseRules& rules, Duration quorum_took) {
  return rules.unanimous ? patience_for_all(quorum_took) : std::max(kGraceAtLeast, 2 * quorum_took);
}

}  // namespace

Duration patience_for_all(Duration quorum_took) {
  return std::max(kGraceForTheLast, quorum_took);
}

bool is_in_another_site(const ClusterView& cluster, NodeId node) {
  if (node == cluster.self()) return false;
  const auto peer = cluster.peer(node);
  return !peer || !peer->same_site;
}

// They are asked at the same time: it takes as long as the longest.
void count_round_trips(const ClusterView& cluster, PhaseAnswers& said) {
  std::uint32_t trips = 0;
  std::uint32_t wan_trips = 0;
  std::uint32_t asked = 0;
  const auto& members = said.place.set.members;
  for (std::size_t member = 0; member < members.size(); ++member) {
    if (members[member] == cluster.self()) continue;
    ++asked;
    if (!said.answers[member]) continue;
    const std::uint32_t its = 1 + said.answers[member]->refusals;
    trips = std::max(trips, its);
    if (is_in_another_site(cluster, members[member])) wan_trips = std::max(wan_trips, its);
  }
  said.stats.replicas_asked = asked + (asked < members.size() ? 1 : 0);
  said.stats.round_trips = trips;
  said.stats.wan_round_trips = wan_trips;
}

Task<PhaseOutcome> run_phase(Runtime& runtime, ClusterView& cluster, ReplicaLinks& links, RegisterPlace place,
                             std::function<AcceptorOp(std::size_t)> op_for, MonotonicTime deadline, PhaseRules rules) {
  const Phase phase{runtime, cluster, links, std::move(op_for), std::make_shared<Running>(std::move(place))};
  Running& state = *phase.state;
  const MonotonicTime began = runtime.clock.monotonic_now();
  for (std::size_t member = 0; member < state.place.set.size(); ++member) phase.send(member);

  MonotonicTime hurry = kNever;
  Duration quorum_took{};
  std::optional<PhaseEnd> end;
  while (!end) {
    const MonotonicTime now = runtime.clock.monotonic_now();
    if (is_enough(rules, state)) {
      end = PhaseEnd::reached;
    } else if (state.stale) {
      end = PhaseEnd::stale;
    } else if (is_out_of_reach(rules, state) || now >= hurry) {
      end = PhaseEnd::impossible;
    } else if (now >= deadline) {
      end = PhaseEnd::deadline;
    } else {
      if (rules.hurry_after_quorum && hurry == kNever && state.quorum.reached()) {
        quorum_took = now - began;
        hurry = saturating_add(now, patience_for_the_rest(rules, quorum_took));
      }
      phase.resend_due();
      const auto waited = co_await phase.wait_until(std::min({deadline, hurry, phase.next_resend()}));
      if (!waited) {
        state.ended = true;
        co_return fail(waited.error());
      }
    }
  }
  state.ended = true;
  count_round_trips(cluster, state);
  co_return PhaseOutcome{*end, phase.state, runtime.clock.monotonic_now() - began, quorum_took};
}

}  // namespace latium
