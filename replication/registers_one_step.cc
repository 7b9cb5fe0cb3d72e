// Changes of several registers and looks at others, which each of their replicas takes in one step. Why what is looked at was
// unchanged at one moment at which all changes stood: docs/protocols.md, "Prewrites and looks in one step".
#include <algorithm>
#include <utility>

#include "replication/attempt.h"
#include "runtime/deadline.h"

namespace latium {

namespace {

// Of one step, together. What is more goes the long way.
constexpr std::size_t kKeysMax = 1000;
constexpr std::size_t kBytesMax = 1u << 20;

// What has been answered. Shared with the callbacks, which may come after the call has ended.
struct Answers {
  Answers(ReplicaSet asked, std::vector<Ballot> looked_for)
      : set(std::move(asked)), looks(std::move(looked_for)), taken(set), clean(set) {}

  ReplicaSet set;
  std::vector<std::shared_ptr<PhaseAnswers>> changes;
  std::vector<Ballot> looks;  // what each has to be accepted as
  Quorum taken;               // yes: all changes
  Quorum clean;               // yes: all changes, and all looks are as they have to be
  Event changed{};

  void take(std::size_t member, std::vector<Result<AcceptorAnswer>> answers) {
    bool all = true;
    for (std::size_t i = 0; i < changes.size(); ++i) {
      PhaseAnswers& said = *changes[i];
      if (!answers[i]) {
        said.errors[member] = std::move(answers[i]).error();
        all = false;
        continue;
      }
      answers[i]->ok ? said.quorum.yes(member) : said.quorum.no(member);
      all = all && answers[i]->ok;
      said.answers[member] = *std::move(answers[i]);
      said.last = member;
    }
    bool same = all;
    for (std::size_t i = 0; i < looks.size(); ++i) {
      const auto& answer = answers[changes.size() + i];
      same = same && answer && answer->ok && answer->accepted == looks[i];
    }
    all ? taken.yes(member) : taken.no(member);
    same ? clean.yes(member) : clean.no(member);
    changed.set();
  }
};

// Until all have answered, one has refused, or the others are as late as another round would be. How long a quorum took, where
// that was not the end.
Task<Duration> wait_for_all(Runtime& runtime, Answers& answers, MonotonicTime deadline) {
  const MonotonicTime began = runtime.clock.monotonic_now();
  MonotonicTime until = deadline;
  Duration quorum_took{};
  while (!answers.taken.opposed() && !answers.taken.complete()) {
    const MonotonicTime now = runtime.clock.monotonic_now();
    if (now >= until) break;
    if (quorum_took == Duration() && answers.taken.reached()) {
      quorum_took = now - began;
      until = std::min(deadline, saturating_add(now, patience_for_all(quorum_took)));
    }
    answers.changed.clear();
    const auto waited = co_await answers.changed.wait_until(runtime, until);
    if (!waited && waited.error().code == ErrorCode::cancelled) {
      co_return fail(ErrorCode::cancelled, Certainty::unknown, waited.error().message);
    }
  }
  co_return quorum_took;
}

}  // namespace

// What each replica is sent, and what is to be remembered once all have taken it.
struct Registers::OneStepItems {
  std::vector<ReplicaItem> items{};     // changes, then looks
  std::vector<HeldPromise> promises{};  // of each change
  std::vector<Ballot> looks{};          // what each has to be accepted as
};

// The turns of several registers, all of which were nobody's.
class Registers::FreeTurns {
 public:
  explicit FreeTurns(Registers& registers) : registers_(registers) {}
  FreeTurns(const FreeTurns&) = delete;
  FreeTurns& operator=(const FreeTurns&) = delete;
  ~FreeTurns() {
    permits_.clear();
    for (const Bytes& key : taken_) registers_.leave_turn(key);
  }

  /// False: somebody has the turn.
  Task<bool> take(Bytes key) {
    if (registers_.turns_.contains(key)) co_return false;
    Turn& turn = registers_.enter_turn(key);
    taken_.push_back(std::move(key));
    LATIUM_CO_TRY(Permit permit, co_await turn.one.acquire());
    permits_.push_back(std::move(permit));
    co_return true;
  }

 private:
  Registers& registers_;
  std::vector<Bytes> taken_;
  std::vector<Permit> permits_;
};

// All of it under one map, on replicas that are the same for all keys, are up and have this node among them. Nothing: it is not
// so.
std::optional<std::vector<RegisterPlace>> Registers::places_of_one_step(const OneStep& step) const {
  if (step.changes.empty() || step.changes.size() + step.looks.size() > kKeysMax) return std::nullopt;
  std::vector<RegisterPlace> places;
  places.reserve(step.changes.size() + step.looks.size());
  const auto add = [&](const RegisterKey& key) {
    auto place = place_of(key);
    if (!place || key.tenant == kSystemTenant || place->set.is_joint()) return false;
    if (!places.empty() && !std::ranges::is_permutation(place->set.members, places.front().set.members)) return false;
    places.push_back(*std::move(place));
    return true;
  };
  const bool all = std::ranges::all_of(step.changes, add, &OneStep::Change::key) && std::ranges::all_of(step.looks, add);
  if (!all) return std::nullopt;
  const ReplicaSet& set = places.front().set;
  if (set.size() < 2 || set.index_of(cluster_.self()) == set.size() || !all_are_there(set)) return std::nullopt;
  return places;
}

// The accepts, then the looks, as the replica here has the registers. Nothing: they are not as expected, or in doubt.
Task<std::optional<Registers::OneStepItems>> Registers::items_of_one_step(const OneStep& step,
                                                                          const std::vector<RegisterPlace>& places,
                                                                          MonotonicTime deadline) {
  std::vector<ReplicaItem> questions;
  questions.reserve(places.size());
  for (const RegisterPlace& place : places) questions.push_back({place.key, ReadOp{ReadOp::Want::accepted}});
  auto asked = co_await with_deadline(runtime_, deadline, links_.ask_here(places.front().epoch, std::move(questions)));
  if (!asked && asked.error().code == ErrorCode::cancelled) co_return fail(asked.error());
  if (!asked) co_return std::nullopt;
  std::vector<Result<AcceptorAnswer>> here = *std::move(asked);
  OneStepItems out;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (!here[i]) co_return std::nullopt;
    if (i >= step.changes.size()) {
      const std::size_t look = i - step.changes.size();
      if (!step.as_expected(look, here[i]->state.value_or(RegisterState()))) co_return std::nullopt;
      out.looks.push_back(here[i]->accepted);
      out.items.push_back({places[i].key, ReadOp{ReadOp::Want::decided}});
      continue;
    }
    const auto base = base_of(*std::move(here[i]));
    if (!base) co_return std::nullopt;
    const RequestId request = new_request_id();
    const Ballot ballot = next_ballot(base->above);
    CommandResult made = apply(base->state, step.changes[i].command, request, ballot);
    if (!made.applied || !made.state.present || made.state == base->state) co_return std::nullopt;
    const Ballot after = next_ballot(ballot);
    out.items.push_back({places[i].key, AcceptOp{ballot, made.state, after, base->ballot, true}});
    out.promises.push_back({places[i], after, ballot, std::move(made.state)});
    bytes += out.items.back().size_bytes();
  }
  if (bytes > kBytesMax) co_return std::nullopt;
  co_return out;
}

Task<OneStepOutcome> Registers::change_in_one_step(OneStep step, MonotonicTime deadline) {
  const auto places = places_of_one_step(step);
  if (!places) co_return OneStepOutcome();
  // With promises for all of them a majority is enough, and nobody waits for the slowest replica.
  const auto is_held = [this](const OneStep::Change& change) { return held_.contains(change.key.stored()); };
  if (step.looks.empty() && std::ranges::all_of(step.changes, is_held)) co_return OneStepOutcome();
  FreeTurns turns(*this);
  for (const OneStep::Change& change : step.changes) {
    LATIUM_CO_TRY(const bool free, co_await turns.take(change.key.stored()));
    if (!free) co_return OneStepOutcome();
  }
  LATIUM_CO_TRY(auto items, co_await items_of_one_step(step, *places, deadline));
  const bool late = runtime_.clock.monotonic_now() >= deadline;
  if (!items || late || places->front().epoch != cluster_.epoch()) co_return OneStepOutcome();

  const ReplicaSet& set = places->front().set;
  ++statistics_.rounds;
  ++statistics_.fast_rounds;
  statistics_.commands += step.changes.size();
  const auto answers = std::make_shared<Answers>(set, std::move(items->looks));
  for (std::size_t i = 0; i < step.changes.size(); ++i) {
    // What was promised to this node before is over with this.
    (void)held_.take(step.changes[i].key.stored());
    // In one order of the replicas for all of them.
    answers->changes.push_back(std::make_shared<PhaseAnswers>(RegisterPlace{(*places)[i].key, places->front().epoch, set}));
  }
  PhaseAnswers& said = *answers->changes.front();
  const MonotonicTime began = runtime_.clock.monotonic_now();
  for (std::size_t member = 0; member < set.size(); ++member) {
    const bool wan = is_in_another_site(cluster_, set.members[member]);
    for (const ReplicaItem& item : items->items) {
      if (set.members[member] != cluster_.self()) said.stats.add_bytes(item.size_bytes(), wan);
    }
    links_.send_as_one(set.members[member], places->front().epoch, items->items,
                       [answers, member](std::vector<Result<AcceptorAnswer>> came) { answers->take(member, std::move(came)); });
  }

  LATIUM_CO_TRY(const Duration quorum_took, co_await wait_for_all(runtime_, *answers, deadline));
  count_round_trips(cluster_, said);
  statistics_.cost.add(said.stats);
  const bool changed = answers->taken.unanimous();
  note_fast({changed ? PhaseEnd::reached : PhaseEnd::impossible, answers->changes.front(), runtime_.clock.monotonic_now() - began,
             quorum_took});
  if (!changed) co_return OneStepOutcome{.end = OneStepEnd::unsure, .stats = said.stats};
  for (std::size_t i = 0; i < step.changes.size(); ++i) {
    HeldPromise& promise = items->promises[i];
    learns_.add(promise.chosen, promise.state, answers->changes[i]);
    held_.keep(step.changes[i].key.stored(), std::move(promise));
  }
  co_return OneStepOutcome{.end = answers->clean.unanimous() ? OneStepEnd::clean : OneStepEnd::changed, .stats = said.stats};
}

}  // namespace latium
