#include "replication/registers.h"

#include <algorithm>
#include <utility>

#include "proto/wire.pb.h"
#include "replication/accepted_state.h"
#include "replication/attempt.h"
#include "replication/envelope.h"
#include "replication/peer_watch.h"
#include "runtime/backoff.h"
#include "runtime/deadline.h"

namespace latium {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t kHeldPromises = 65536;
constexpr std::size_t kHeldBytes = 64u << 20;
// Another proposer is at work on the register: let it finish.
constexpr BackoffPolicy kContention{.base = milliseconds(4), .cap = milliseconds(500)};
// But of one that may have been made, what became of it can be told for so many changes only.
constexpr BackoffPolicy kUnsureContention{.base = milliseconds(4), .cap = milliseconds(20)};
// So often refused, a command goes to the register's first replica, where it queues behind the others.
constexpr std::uint32_t kRefusalsBeforeForward = 2;

Error add_context(Error error, const RegisterKey& key) {
  error.message = key.describe() + ": " + error.message;
  return error;
}

std::string who_is_missing(const PhaseAnswers& said) {
  std::string out;
  for (std::size_t member = 0; member < said.place.set.size(); ++member) {
    if (said.answers[member]) continue;
    out += out.empty() ? "" : ", ";
    out += to_hex(said.place.set.members[member].value);
    if (said.errors[member]) out += " (" + said.errors[member]->message + ")";
  }
  return out;
}

}  // namespace

Registers::Registers(Runtime& runtime, ClusterView& cluster, Transport& transport, ReplicaLinks& links, BallotSource ballots)
    : runtime_(runtime),
      cluster_(cluster),
      transport_(transport),
      links_(links),
      ballots_(ballots),
      held_(kHeldPromises, kHeldBytes),
      learns_(runtime, links),
      random_(runtime.random.fork("registers")) {}

Registers::~Registers() = default;

RequestId Registers::new_request_id() {
  return {random_.next() | 1, random_.next()};
}

Result<RegisterPlace> Registers::place_of(const RegisterKey& key) const {
  LATIUM_TRY(ReplicaSet set, cluster_.replicas(key.tenant, key.partition));
  return RegisterPlace{key, cluster_.epoch(), std::move(set)};
}

Ballot Registers::next_ballot(const Ballot& above) {
  return ballots_.next(runtime_.clock.wall_ms(), above);
}

Task<CommandOutcome> Registers::execute(RegisterKey key, RegisterCommand command, RequestId request, MonotonicTime deadline) {
  return run({.key = std::move(key), .command = std::move(command), .request = request, .deadline = deadline});
}

Task<CommandOutcome> Registers::execute_forwarded(RegisterKey key, RegisterCommand command, RequestId request,
                                                  MonotonicTime deadline) {
  return run(
      {.key = std::move(key), .command = std::move(command), .request = request, .deadline = deadline, .may_forward = false});
}

Task<CommandOutcome> Registers::settle(RegisterKey key, MonotonicTime deadline) {
  return run({.key = std::move(key), .command = std::nullopt, .deadline = deadline});
}

Registers::Turn& Registers::enter_turn(const Bytes& key) {
  auto& turn = turns_[key];
  if (!turn) turn = std::make_unique<Turn>();
  ++turn->users;
  return *turn;
}

void Registers::leave_turn(const Bytes& key) {
  const auto turn = turns_.find(key);
  if (--turn->second->users == 0) turns_.erase(turn);
}

Task<CommandOutcome> Registers::run(Attempt attempt) {
  ++statistics_.commands;
  const Bytes stored = attempt.key.stored();
  struct Leave {
    Registers& registers;
    const Bytes& stored;
    ~Leave() { registers.leave_turn(stored); }
  };
  Turn& turn = enter_turn(stored);
  const Leave leave{*this, stored};
  const auto permit = co_await with_deadline(runtime_, attempt.deadline, turn.one.acquire());
  if (!permit) {
    if (permit.error().code != ErrorCode::deadline_exceeded) co_return fail(permit.error());
    co_return fail(ErrorCode::unavailable,
                   attempt.key.describe() + " is busy: the deadline passed behind other commands of this node");
  }

  while (true) {
    Result<Next> next = Next::again;
    auto held = held_.take(stored);
    if (held && held->place.epoch == cluster_.epoch()) {
      next = co_await try_held(attempt, *std::move(held));
    } else if (attempt.may_be_fast && attempt.command && !held) {
      next = co_await try_fast(attempt);
    } else {
      next = co_await try_full(attempt);
    }
    if (next && *next == Next::forward) next = co_await forward(attempt);
    if (next && *next == Next::contended) {
      const BackoffPolicy& policy = attempt.unsure() ? kUnsureContention : kContention;
      const Duration pause = policy.wait(attempt.refusals - 1, random_);
      const MonotonicTime until = std::min(attempt.deadline, saturating_add(runtime_.clock.monotonic_now(), pause));
      if (const auto slept = co_await sleep_until(runtime_, until); !slept) next = fail(slept.error());
    }
    if (!next) {
      if (attempt.unsure()) next.error().certainty = Certainty::unknown;
      ++(next.error().certainty == Certainty::unknown ? statistics_.unknown_outcomes : statistics_.unavailable);
      co_return fail(add_context(std::move(next).error(), attempt.key));
    }
    if (*next == Next::done) {
      attempt.outcome.unsure = !attempt.outcome.result.applied && attempt.unsure_elsewhere;
      statistics_.cost.add(attempt.outcome.stats);
      co_return std::move(attempt.outcome);
    }
  }
}

namespace {

// A fast accept counts only where a whole quorum has it: unless so many may have taken it, it is over.
bool may_be_accepted_fast(const PhaseAnswers& said) {
  Quorum holders(said.place.set);
  for (std::size_t member = 0; member < said.answers.size(); ++member) {
    const auto& answer = said.answers[member];
    const std::uint32_t arrived = said.attempts[member] - said.unsent[member];
    const bool refused = answer && !answer->ok && arrived == 1;
    if (arrived > 0 && !refused) holders.yes(member);
  }
  return holders.reached();
}

// Unless every replica refused the accept, one may have taken it, and a later proposer may find it there. A refusal says that
// only of a replica that was asked once: it may have taken the first copy, and refused the second.
bool may_be_accepted(const PhaseAnswers& said, bool fast) {
  if (fast) return may_be_accepted_fast(said);
  for (std::size_t member = 0; member < said.answers.size(); ++member) {
    const auto& answer = said.answers[member];
    if (!answer || answer->ok || said.attempts[member] > 1) return true;
  }
  return false;
}

// Whether what is there, or is not, was made of all that was ever chosen from `ballot` on. A collected tombstone leaves a floor
// that is not below it, at each replica that has forgotten it; one that has not holds it still, or what was made from it.
bool nothing_collected_since(const Ballot& ballot, const PhaseAnswers& said) {
  return std::ranges::all_of(said.answers, [&](const auto& answer) { return !answer || !answer->ok || answer->floor < ballot; });
}

// How a command ends that ran out of time or of replicas.
std::unexpected<Error> give_up(bool unsure, std::string_view what, const std::string& missing) {
  std::string text(what);
  if (!missing.empty()) text += "; no answer of " + missing;
  if (unsure) {
    return fail(ErrorCode::unknown_outcome, Certainty::unknown,
                text + "; the change may have been made, or may still be: read the register");
  }
  return fail(ErrorCode::unavailable, text + "; nothing was changed: retry");
}

}  // namespace

// One round trip: a majority has promised the ballot already, and the state is the one that this node had chosen last.
Task<Registers::Next> Registers::try_held(Attempt& attempt, HeldPromise held) {
  attempt.may_be_fast = false;
  if (!attempt.command) co_return Next::again;
  const auto result = apply(held.state, *attempt.command, attempt.request, held.next);
  // Nothing to write, or done already by an earlier call with this id; whether the state is still the latest, only the replicas
  // can say.
  const bool repeated = held.state.version_of(attempt.request).has_value();
  if (repeated || !result.applied || result.state == held.state) co_return Next::again;
  co_return co_await propose(attempt, {std::move(held.place), held.next, held.chosen, {result.state, result}});
}

// From what the register holds. Nothing: whether the command took effect cannot be told any more. The argument why it takes
// effect once at most: docs/protocols.md, "Outcomes".
std::optional<Registers::Decision> Registers::decide(const Attempt& attempt, const RegisterState& base, const Ballot& ballot,
                                                     const PhaseAnswers& said) {
  if (const auto version = base.version_of(attempt.request)) {
    const auto made = *version == base.version ? base : state_made(*attempt.command, attempt.request, *version);
    if (made) return Decision{base, {true, *made}};
    // An acquire whose lock has gone on: its lease is over, or another call of this request has told of it. It is run again.
  } else if (attempt.left_elsewhere()) {
    return std::nullopt;
  } else if (const auto& accepts = attempt.unsure_accepts;
             !accepts.empty() && !base.tells_since(std::ranges::min(accepts, {}, &Attempt::UnsureAccept::version).version) &&
             !(base.tells_all() && nothing_collected_since(accepts.front().ballot, said))) {
    // Also when there is nothing: the change may have been a deletion, or been deleted, and the tombstone collected since.
    return std::nullopt;
  }
  if (!attempt.command) return Decision{base, {false, base}};
  CommandResult result = apply(base, *attempt.command, attempt.request, ballot);
  return Decision{result.state, std::move(result)};
}

// Two round trips: prepare, then accept. Where this node has the only replica, a look takes the place of the promise, which would
// cost a sync: the accept says what it goes on from, and is refused when that is not the latest any more.
Task<Registers::Next> Registers::try_full(Attempt& attempt) {
  LATIUM_CO_TRY(RegisterPlace place, place_of(attempt.key));
  const bool sole = is_sole(cluster_, place.set);
  Ballot ballot = next_ballot(attempt.above);
  ++statistics_.rounds;
  const auto question = [ballot, sole](std::size_t) -> AcceptorOp {
    if (sole) return ReadOp{ReadOp::Want::accepted};
    return PrepareOp{ballot};
  };
  LATIUM_CO_TRY(const PhaseOutcome phase, co_await run_phase(runtime_, cluster_, links_, place, question, attempt.deadline));
  attempt.outcome.stats.add(phase.said->stats);
  if (phase.end == PhaseEnd::stale) co_return Next::again;
  if (phase.end == PhaseEnd::impossible) co_return refuse_contended(attempt, phase.said);
  if (phase.end == PhaseEnd::deadline) {
    co_return give_up(attempt.unsure(), "no majority of its replicas answered in time", who_is_missing(*phase.said));
  }

  const auto [accepted, base, chosen] = what_was_accepted(*phase.said);
  if (sole) ballot = next_ballot(std::max(attempt.above, phase.said->answers.front()->promised));
  std::erase_if(attempt.unsure_accepts, [](const auto& accept) { return !may_be_accepted(*accept.said, accept.fast); });
  auto decision = decide(attempt, base, ballot, *phase.said);
  // Where nothing is written, nothing is above an accept of this command that is still about.
  if (decision && decision->next.version == 0 && !attempt.unsure_accepts.empty()) decision.reset();
  if (!decision && attempt.may_still_be_refused()) {
    ++attempt.refusals;
    co_return Next::contended;
  }
  if (!decision) co_return give_up(true, "others changed it while this command had no answer", "");
  // An accept of this command that is still about must not be chosen after a refusal: then the state is written again, above it.
  const bool final = decision->told.applied || !attempt.unsure();
  if (decision->next.version == 0 || (decision->next == base && chosen && final)) {
    // Nothing to write, and a majority agrees on what there is.
    if (accepted && !sole) held_.keep(attempt.key.stored(), {std::move(place), ballot, accepted, base});
    attempt.outcome.result = std::move(decision->told);
    co_return Next::done;
  }
  const Ballot goes_on_from = sole ? accepted : Ballot();
  co_return co_await propose(attempt, {std::move(place), ballot, goes_on_from, *std::move(decision)});
}

// Phase 2; of a fast accept, all there is.
Task<Registers::Next> Registers::propose(Attempt& attempt, Proposal proposal) {
  const auto& [place, ballot, base, decision, fast] = proposal;
  // From a look just now, or from what was chosen last: either way `base` is all that the only replica had accepted.
  const bool sole = is_sole(cluster_, place.set);
  const Ballot after = next_ballot(ballot);
  const Ballot promise = sole ? Ballot() : after;
  ++statistics_.rounds;
  const auto ours = decision.next.version_of(attempt.request);
  const auto ended = co_await run_phase(
      runtime_, cluster_, links_, place,
      [ballot, state = decision.next, promise, base, fast](std::size_t) { return AcceptOp{ballot, state, promise, base, fast}; },
      attempt.deadline, {.hurry_after_quorum = fast, .unanimous = fast});
  // Cancelled, with accepts on their way.
  if (!ended) co_return fail(ended.error().code, ours ? Certainty::unknown : Certainty::not_applied, ended.error().message);
  const PhaseOutcome& phase = *ended;
  if (fast) note_fast(phase);
  attempt.outcome.stats.add(phase.said->stats);
  if (phase.end == PhaseEnd::reached) {
    // A tombstone is collected soon, and its replicas refuse the ballot that they have promised then.
    if (decision.next.present) held_.keep(attempt.key.stored(), {place, after, ballot, decision.next});
    // The only replica knows; but tombstones are collected with the learn.
    if (!sole || !decision.next.present) learns_.add(ballot, decision.next, phase.said);
    attempt.outcome.result = std::move(proposal.decision.told);
    co_return Next::done;
  }
  if (ours && may_be_accepted(*phase.said, fast)) {
    attempt.unsure_accepts.push_back({ballot, *ours, phase.said, fast});
  }
  if (phase.end == PhaseEnd::stale) co_return Next::again;
  if (fast && phase.end == PhaseEnd::impossible) {
    // To a round with promises, without a pause: of several proposers the first to be promised goes on.
    attempt.above = std::max({attempt.above, after, phase.said->highest_refusal});
    co_return Next::again;
  }
  if (phase.end == PhaseEnd::impossible) co_return refuse_contended(attempt, phase.said);
  co_return give_up(attempt.unsure(), "no majority of its replicas answered in time", who_is_missing(*phase.said));
}

Registers::Next Registers::refuse_contended(Attempt& attempt, std::shared_ptr<PhaseAnswers> said) {
  ++statistics_.contended;
  ++attempt.refusals;
  attempt.above = std::max(attempt.above, said->highest_refusal);
  attempt.said = std::move(said);
  const bool settled_elsewhere = attempt.refusals >= kRefusalsBeforeForward;
  // A command that may have taken effect, or may still be run by another, is not given on: it could be run a second time there.
  const bool unsure = !attempt.unsure_accepts.empty() || attempt.left_elsewhere();
  if (attempt.may_forward && attempt.command && settled_elsewhere && !unsure) return Next::forward;
  return Next::contended;
}

// The register's first replica that is up, and was heard of in the phase that was just refused: one that hangs would keep a
// command of which nobody knows whether it will still be run. Nothing: contention is settled here, or there is nobody else.
std::optional<NodeId> Registers::whom_to_forward_to(const Attempt& attempt, const ReplicaSet& set) const {
  const PhaseAnswers& said = *attempt.said;
  for (const NodeId node : set.members) {
    if (node == cluster_.self()) return std::nullopt;
    const std::size_t member = said.place.set.index_of(node);
    const auto peer = cluster_.peer(node);
    if (peer && peer->up() && member < said.answers.size() && said.answers[member]) return node;
  }
  return std::nullopt;
}

// The command is run there in turn with those of others.
Task<Registers::Next> Registers::forward(Attempt& attempt) {
  LATIUM_CO_TRY(const RegisterPlace place, place_of(attempt.key));
  const auto target = whom_to_forward_to(attempt, place.set);
  if (!target) co_return Next::contended;
  LATIUM_CO_TRY(const PeerView peer, cluster_.peer(*target));
  replica::ForwardRequest request;
  to_message(attempt.key, *request.mutable_key());
  to_message(*attempt.command, *request.mutable_command());
  request.set_request_high(attempt.request.high);
  request.set_request_low(attempt.request.low);
  ++statistics_.forwarded;
  const CallOptions options{.deadline = attempt.deadline};
  std::uint32_t refusals = 0;
  const auto response = co_await watch_peer(
      runtime_, transport_, peer.address, silence_allowed(runtime_, attempt.deadline),
      call_enveloped<replica::ForwardRequest, replica::ForwardResponse>(
          cluster_, transport_, *target, place.epoch, wire::METHOD_REGISTER_FORWARD, std::move(request), options, &refusals));
  if (response) {
    const std::uint32_t trips = 1 + refusals;
    attempt.outcome.stats.add(from_message(response->stats()));
    attempt.outcome.stats.add({.round_trips = trips, .wan_round_trips = peer.same_site ? 0 : trips});
    auto state = from_message(response->state());
    if (!state) co_return fail(state.error().code, Certainty::unknown, std::move(state.error().message));
    attempt.outcome.result = {response->applied(), *std::move(state), static_cast<RowRefusal>(response->row_refusal()),
                              Hlc{response->not_before()}};
    co_return Next::done;
  }
  if (response.error().certainty == Certainty::unknown) attempt.unsure_elsewhere = true;
  if (response.error().code == ErrorCode::cancelled) co_return fail(response.error());
  // It is tried again from here, which also finds out what became of it there.
  if (response.error().code == ErrorCode::stale_topology) co_return Next::again;
  co_return Next::contended;
}

}  // namespace latium
