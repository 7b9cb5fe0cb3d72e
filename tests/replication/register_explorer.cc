#include "tests/replication/register_explorer.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace latium::testing {

namespace {

// A ballot by its stamp, which no two proposers share; a state by the ballot that it was proposed under.
char named(const Ballot& ballot) {
  return static_cast<char>(ballot.stamp.value);
}

const ReplicaSet& replica_set() {
  static const ReplicaSet set = ReplicaSet::of({NodeId{1}, NodeId{2}, NodeId{3}});
  return set;
}

template <class Answers>
std::size_t count(const Answers& answers, bool ok) {
  return static_cast<std::size_t>(
      std::ranges::count_if(answers, [ok](const auto& answer) { return answer && answer->ok == ok; }));
}

}  // namespace

// Replicas are alike: states that differ in which of them is which are one.
std::string RegisterExplorer::key_of(const State& state) {
  std::array<std::string, kReplicas> columns;
  for (std::size_t replica = 0; replica < kReplicas; ++replica) {
    std::string& out = columns[replica];
    const AcceptorRecord& record = state.replicas[replica].record;
    out = {named(record.promised), named(record.accepted), named(record.chosen), static_cast<char>(record.fast),
           named(state.replicas[replica].floor)};
    for (const Proposer& proposer : state.proposers) {
      const auto& answer = proposer.answers[replica];
      out.push_back(static_cast<char>(answer ? 1 + answer->ok + 2 * answer->fast + 4 * answer->chosen : 0));
      if (answer) out.append({named(answer->promised), named(answer->accepted), named(answer->base), named(answer->floor)});
    }
    for (const Sent& sent : state.sent) out.push_back(static_cast<char>(sent.waits >> replica & 1));
    for (const auto& [ballot, proposed] : state.proposed) out.push_back(static_cast<char>(proposed.accepted_by >> replica & 1));
  }
  std::ranges::sort(columns);
  std::string out = columns[0] + columns[1] + columns[2];
  for (const Proposer& proposer : state.proposers) {
    out.append({static_cast<char>(proposer.at), static_cast<char>(proposer.command), static_cast<char>(proposer.next_stamp),
                static_cast<char>(proposer.told_if_chosen), static_cast<char>(proposer.held_state.has_value()),
                named(proposer.ballot), named(proposer.held), static_cast<char>(proposer.unsure.size())});
    for (const Unsure& unsure : proposer.unsure) out.push_back(named(unsure.ballot));
  }
  for (const Sent& sent : state.sent) {
    out.append({static_cast<char>(sent.op.index()), static_cast<char>(sent.asker)});
    std::visit(
        [&](const auto& op) {
          if constexpr (requires { op.ballot; }) out.push_back(named(op.ballot));
        },
        sent.op);
  }
  for (const auto& [ballot, proposed] : state.proposed) {
    out.append({named(ballot), static_cast<char>(proposed.state.version), static_cast<char>(proposed.state.earlier.size())});
    out.append({static_cast<char>(proposed.state.last_request.high), static_cast<char>(proposed.state.last_request.low)});
  }
  for (const auto& [request, fate] : state.fates) {
    out.append({static_cast<char>(request.high), static_cast<char>(request.low), static_cast<char>(fate.version),
                static_cast<char>(fate.told ? 1 + *fate.told : 0)});
  }
  return out;
}

RegisterExplorer::State RegisterExplorer::before() const {
  State state;
  if (plot_.before == RegisterPlot::Before::nothing) return state;
  const Ballot ballot{Hlc{1}, NodeId{9}, 1};
  const CasCommand made{CasCommand::Expect::anything, {}, 0, "before"};
  const AcceptorRecord record{
      .promised = above(ballot), .accepted = ballot, .state = apply({}, made, {9, 9}, ballot).state, .chosen = ballot};
  Proposed& proposed = state.proposed[ballot];
  proposed = {record.state, false, 0b011};
  for (std::size_t replica = 0; replica < 2; ++replica) state.replicas[replica].record = record;
  if (plot_.before == RegisterPlot::Before::at_two) return state;
  state.replicas[2].record = record;
  state.replicas[2].record.chosen = Ballot();
  proposed.accepted_by = 0b111;
  return state;
}

std::optional<std::string> RegisterExplorer::explore() {
  visit(before());
  while (!open_.empty() && !wrong_) {
    if (seen_.size() > plot_.states_max) return "more states than are gone through";
    const State state = std::move(open_.back());
    open_.pop_back();
    check_recovery(state);
    for (std::size_t message = 0; message < state.sent.size(); ++message) {
      for (std::size_t replica = 0; replica < kReplicas; ++replica) {
        if (state.sent[message].waits & (1u << replica)) deliver(state, message, replica);
      }
    }
    for (std::size_t who = 0; who < state.proposers.size(); ++who) move(state, who);
  }
  return wrong_;
}

// What makes no difference any more goes: messages that nobody waits for and all refuse for good, what an ended proposer knew,
// proposals that nobody took or will take.
void RegisterExplorer::forget(State& state) const {
  for (Proposer& proposer : state.proposers) {
    if (proposer.at == At::ended) proposer = {.at = At::ended, .command = proposer.command};
  }
  for (Sent& sent : state.sent) {
    const auto* accept = std::get_if<AcceptOp>(&sent.op);
    if (sent.asker >= 0 || accept == nullptr) continue;
    for (std::size_t replica = 0; replica < kReplicas; ++replica) {
      Replica tried = state.replicas[replica];
      const bool for_good = accept->ballot < tried.record.promised && !plot_.fast_below_the_floor;
      if ((for_good || !plot_.deletes()) && !step_at(tried, sent.op).answer.ok)
        sent.waits &= static_cast<std::uint8_t>(~(1u << replica));
    }
  }
  std::erase_if(state.sent, [](const Sent& sent) { return sent.waits == 0; });
  std::erase_if(state.proposed, [&](const auto& each) {
    return each.second.accepted_by == 0 && std::ranges::none_of(state.sent, [&](const Sent& sent) {
             const auto* accept = std::get_if<AcceptOp>(&sent.op);
             return accept != nullptr && accept->ballot == each.first;
           });
  });
}

void RegisterExplorer::visit(State state) {
  forget(state);
  if (seen_.insert(key_of(state)).second) open_.push_back(std::move(state));
}

AcceptorStep RegisterExplorer::step_at(Replica& replica, AcceptorOp op) const {
  auto* accept = std::get_if<AcceptOp>(&op);
  const bool fast = accept != nullptr && accept->fast;
  Ballot floor = replica.floor;
  if (fast && plot_.fast_below_the_floor) floor = Ballot();
  if (fast && plot_.fast_over_another) accept->fast = false;
  AcceptorRecord& record = replica.record;
  const Ballot promised = record.promised;
  if (fast && plot_.fast_below_a_promise && record.accepted) record.promised = Ballot();
  AcceptorStep taken = step(record, floor, op);
  record.promised = std::max(record.promised, promised);
  if (fast && taken.answer.ok && record.accepted == accept->ballot && record.chosen != record.accepted) record.fast = true;
  // As on disk, where what was answered is.
  replica.record = decode_acceptor(encode_acceptor(replica.record)).value();
  return taken;
}

void RegisterExplorer::deliver(const State& from, std::size_t message, std::size_t replica) {
  State state = from;
  Sent& sent = state.sent[message];
  sent.waits &= static_cast<std::uint8_t>(~(1u << replica));
  const int asker = sent.asker;
  const AcceptorOp op = sent.op;
  const AcceptorStep taken = step_at(state.replicas[replica], op);
  if (taken.change == RecordChange::removed) {
    Replica& here = state.replicas[replica];
    here = {AcceptorRecord(), std::max(here.floor, std::get<CollectOp>(op).floor)};
    state.was_collected = true;
    ++collected_;
  }
  if (const auto* accept = std::get_if<AcceptOp>(&op); accept != nullptr && taken.answer.ok) {
    note_accepted(state, accept->ballot, replica);
  }
  if (asker >= 0) {
    Proposer& proposer = state.proposers[static_cast<std::size_t>(asker)];
    const bool all_matters = proposer.at == At::learn || (proposer.at == At::prepare && taken.answer.ok);
    proposer.answers[replica] = all_matters ? taken.answer : AcceptorAnswer{.ok = taken.answer.ok};
  }
  visit(std::move(state));
}

bool RegisterExplorer::is_chosen(const Proposed& proposed) const {
  const int needed = proposed.fast && !plot_.fast_by_a_majority ? 3 : 2;
  return std::popcount(proposed.accepted_by) >= needed;
}

void RegisterExplorer::note_accepted(State& state, const Ballot& ballot, std::size_t replica) {
  Proposed& proposed = state.proposed.at(ballot);
  const bool before = is_chosen(proposed);
  proposed.accepted_by |= static_cast<std::uint8_t>(1u << replica);
  if (before || !is_chosen(proposed)) return;
  ++(proposed.fast ? fast_chosen_ : chosen_);
  check_chosen(state, ballot);
}

// Whatever is chosen follows from what was chosen below it, and no request was made twice or against what its caller was told.
void RegisterExplorer::check_chosen(State& state, const Ballot& ballot) {
  const RegisterState& made = state.proposed.at(ballot).state;
  for (const auto& [other, proposed] : state.proposed) {
    if (state.was_collected || other == ballot || !is_chosen(proposed)) continue;
    const RegisterState& older = other < ballot ? proposed.state : made;
    const RegisterState& newer = other < ballot ? made : proposed.state;
    if (newer.version_of(older.last_request) != older.version) wrong_ = "two that were chosen do not follow from each other";
  }
  for (auto& [request, fate] : state.fates) {
    const auto version = made.version_of(request);
    if (!version) continue;
    if (fate.version != 0 && fate.version != *version) wrong_ = "a request was made twice";
    if (fate.told == false) wrong_ = "a request was made that was refused";
    fate.version = *version;
  }
}

// Each majority, asked now, would go on from what was chosen.
void RegisterExplorer::check_recovery(const State& state) {
  const bool any = std::ranges::any_of(state.proposed, [&](const auto& each) { return is_chosen(each.second); });
  if (state.was_collected || !any) return;
  for (std::size_t without = 0; without <= kReplicas; ++without) {
    PhaseAnswers said({{}, {}, replica_set()});
    for (std::size_t replica = 0; replica < kReplicas; ++replica) {
      AcceptorRecord record = state.replicas[replica].record;
      if (replica != without) said.answers[replica] = step(record, {}, PrepareOp{{Hlc{120}, NodeId{9}, 1}}).answer;
    }
    const AcceptedState there = accepted(said);
    for (const auto& [ballot, proposed] : state.proposed) {
      if (is_chosen(proposed) && there.state.version_of(proposed.state.last_request) != proposed.state.version) {
        wrong_ = "a majority has forgotten what was chosen";
      }
    }
  }
}

AcceptedState RegisterExplorer::accepted(const PhaseAnswers& said) const {
  if (!plot_.fast_counts_as_ordinary && !plot_.fast_never_counts && !plot_.base_is_forgotten) return what_was_accepted(said);
  PhaseAnswers changed({{}, {}, replica_set()});
  changed.answers = said.answers;
  for (auto& answer : changed.answers) {
    if (answer && answer->fast && plot_.fast_never_counts) {
      answer->accepted = Ballot();
      answer->state = RegisterState();
    }
    if (answer && plot_.base_is_forgotten) {
      answer->base = Ballot();
      answer->base_state.reset();
    }
    if (answer && !plot_.base_is_forgotten) answer->fast = false;
  }
  return what_was_accepted(changed);
}

void RegisterExplorer::move(const State& from, std::size_t who) {
  const Proposer& proposer = from.proposers[who];
  const std::size_t yes = count(proposer.answers, true);
  const std::size_t no = count(proposer.answers, false);
  switch (proposer.at) {
    case At::idle:
      return begin(from, who);
    case At::fast: {
      const std::size_t needed = plot_.fast_by_a_majority ? 2 : 3;
      if (yes >= needed) return succeed(from, who);
      State state = from;  // refused, or out of patience
      state.proposers[who].unsure.push_back({proposer.ballot, proposer.proposal.version});
      return prepare(std::move(state), who);
    }
    case At::prepare:
      if (yes >= 2) promised(from, who);
      if (no > 0) prepare(from, who);
      return;
    case At::accept: {
      if (yes >= 2) return succeed(from, who);
      State state = from;
      if (proposer.proposal.version_of(request_of(who, proposer.command))) {
        state.proposers[who].unsure.push_back({proposer.ballot, proposer.proposal.version});
      }
      return prepare(std::move(state), who);
    }
    case At::learn:
      if (std::ranges::all_of(proposer.answers, [](const auto& answer) { return answer && answer->chosen; })) collect(from, who);
      return;
    case At::ended:
      return;
  }
}

void RegisterExplorer::begin(State state, std::size_t who) {
  Proposer& proposer = state.proposers[who];
  const RequestId request = request_of(who, proposer.command);
  state.fates.try_emplace(request);
  if (!proposer.held_state) return propose_fast(std::move(state), who);
  const CommandResult made =
      apply(*std::exchange(proposer.held_state, std::nullopt), plot_.commands[who][proposer.command], request, proposer.held);
  const Ballot base = std::exchange(proposer.ballot, proposer.held);
  proposer.proposal = made.state;
  proposer.told_if_chosen = true;
  accept(std::move(state), who, false, base);
}

// From what any of the replicas may tell a proposer beside it.
void RegisterExplorer::propose_fast(const State& from, std::size_t who) {
  if (plot_.before == RegisterPlot::Before::nothing) return propose_fast(from, who, {});
  std::map<Ballot, AcceptorRecord> bases;
  for (const Replica& replica : from.replicas) {
    const AcceptorRecord& record = replica.record;
    const bool fresh = !record.promised && !record.accepted;
    if (fresh || (record.state.present && record.chosen == record.accepted)) bases[record.accepted] = record;
  }
  for (const auto& [ballot, record] : bases) propose_fast(from, who, record);
  if (bases.empty()) prepare(from, who);
}

void RegisterExplorer::propose_fast(State state, std::size_t who, const AcceptorRecord& base) {
  Proposer& proposer = state.proposers[who];
  const std::uint64_t stamp = plot_.stamps[who].front();
  proposer.ballot = {Hlc{stamp}, NodeId{who + 1}, stamp};
  const CommandResult made =
      apply(base.state, plot_.commands[who][proposer.command], request_of(who, proposer.command), proposer.ballot);
  proposer.next_stamp = std::max<std::size_t>(proposer.next_stamp, 1);
  if (!made.applied || !made.state.present) return prepare(std::move(state), who);
  proposer.proposal = made.state;
  proposer.told_if_chosen = true;
  accept(std::move(state), who, true, base.accepted);
}

void RegisterExplorer::accept(State state, std::size_t who, bool fast, const Ballot& base) {
  Proposer& proposer = state.proposers[who];
  proposer.at = fast ? At::fast : At::accept;
  proposer.answers = {};
  proposer.held = above(proposer.ballot);
  for (Sent& sent : state.sent) sent.asker = sent.asker == static_cast<int>(who) ? -1 : sent.asker;
  state.proposed[proposer.ballot] = {proposer.proposal, fast, 0};
  state.sent.push_back({AcceptOp{proposer.ballot, proposer.proposal, proposer.held, base, fast}, 0b111, static_cast<int>(who)});
  visit(std::move(state));
}

void RegisterExplorer::prepare(State state, std::size_t who) {
  Proposer& proposer = state.proposers[who];
  proposer.held_state.reset();
  for (Sent& sent : state.sent) {
    if (sent.asker != static_cast<int>(who)) continue;
    sent.asker = -1;
    if (std::holds_alternative<PrepareOp>(sent.op)) sent.waits = 0;  // late ones only make replicas stricter
  }
  if (proposer.next_stamp >= plot_.stamps[who].size()) {
    proposer.at = At::ended;
    return visit(std::move(state));
  }
  const std::uint64_t stamp = plot_.stamps[who][proposer.next_stamp++];
  proposer.at = At::prepare;
  proposer.ballot = {Hlc{stamp}, NodeId{who + 1}, stamp};
  proposer.answers = {};
  state.sent.push_back({PrepareOp{proposer.ballot}, 0b111, static_cast<int>(who)});
  visit(std::move(state));
}

// As Registers::decide and what comes after it.
void RegisterExplorer::promised(State state, std::size_t who) {
  Proposer& proposer = state.proposers[who];
  PhaseAnswers said({{}, {}, replica_set()});
  for (std::size_t replica = 0; replica < kReplicas; ++replica) said.answers[replica] = proposer.answers[replica];
  const auto [ballot, base, chosen] = accepted(said);
  for (Sent& sent : state.sent) {
    if (sent.asker == static_cast<int>(who)) sent.waits = 0;
  }
  const RequestId request = request_of(who, proposer.command);
  if (const auto version = base.version_of(request)) {
    proposer.proposal = base;
    proposer.told_if_chosen = true;
    return accept(std::move(state), who, false, {});
  }
  if (!proposer.unsure.empty()) {
    const auto first = std::ranges::min(proposer.unsure, {}, &Unsure::version).version;
    const bool none_collected = std::ranges::all_of(proposer.answers, [&](const auto& answer) {
      return !answer || !answer->ok || answer->floor < proposer.unsure.front().ballot;
    });
    if (!base.tells_since(first) && !(base.tells_all() && none_collected)) {
      proposer.at = At::ended;  // unknown
      return visit(std::move(state));
    }
  }
  const CommandResult result = apply(base, plot_.commands[who][proposer.command], request, proposer.ballot);
  const bool nothing_to_write = result.state.version == 0 || (result.state == base && chosen && proposer.unsure.empty());
  if (nothing_to_write && !proposer.unsure.empty()) {
    proposer.at = At::ended;  // unknown
    return visit(std::move(state));
  }
  if (nothing_to_write) {
    tell(state, who, result.applied);
    return next_command(std::move(state), who);
  }
  proposer.proposal = result.state;
  proposer.told_if_chosen = result.applied;
  accept(std::move(state), who, false, {});
}

void RegisterExplorer::tell(State& state, std::size_t who, bool applied) {
  Fate& fate = state.fates.at(request_of(who, state.proposers[who].command));
  fate.told = applied;
  if (!applied && fate.version != 0) wrong_ = "a request was refused that was made";
}

void RegisterExplorer::succeed(State state, std::size_t who) {
  Proposer& proposer = state.proposers[who];
  tell(state, who, proposer.told_if_chosen);
  if (proposer.told_if_chosen && !proposer.proposal.present) {
    proposer.at = At::learn;
    proposer.answers = {};
    for (Sent& sent : state.sent) sent.asker = sent.asker == static_cast<int>(who) ? -1 : sent.asker;
    state.sent.push_back({LearnOp{proposer.ballot, proposer.proposal}, 0b111, static_cast<int>(who)});
    return visit(std::move(state));
  }
  if (plot_.learns) state.sent.push_back({LearnOp{proposer.ballot, proposer.proposal}, 0b111, -1});
  proposer.held_state = proposer.proposal;
  next_command(std::move(state), who);
}

void RegisterExplorer::next_command(State state, std::size_t who) {
  Proposer& proposer = state.proposers[who];
  for (Sent& sent : state.sent) sent.asker = sent.asker == static_cast<int>(who) ? -1 : sent.asker;
  proposer.unsure.clear();
  proposer.answers = {};
  proposer.at = ++proposer.command < plot_.commands[who].size() ? At::idle : At::ended;
  visit(std::move(state));
}

void RegisterExplorer::collect(State state, std::size_t who) {
  Proposer& proposer = state.proposers[who];
  Ballot floor;
  for (const auto& answer : proposer.answers) floor = std::max(floor, answer->promised);
  for (Sent& sent : state.sent) sent.asker = sent.asker == static_cast<int>(who) ? -1 : sent.asker;
  state.sent.push_back({CollectOp{proposer.ballot, floor}, 0b111, -1});
  next_command(std::move(state), who);
}

}  // namespace latium::testing
