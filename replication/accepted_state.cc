#include "replication/accepted_state.h"

#include <algorithm>

namespace latium {

namespace {

// Whether `ballot` was chosen, as far as the answers tell.
bool is_chosen(const PhaseAnswers& said, const Ballot& ballot) {
  const auto holds = [&](const std::optional<AcceptorAnswer>& answer) {
    return answer && answer->ok && answer->accepted == ballot;
  };
  // Only promises tell of it, and those that have it took it when it was chosen.
  const auto goes_on_from = [&](const auto& answer) { return answer && answer->ok && answer->base && answer->base == ballot; };
  if (std::ranges::any_of(said.answers, goes_on_from)) return true;
  if (std::ranges::all_of(said.answers, holds)) return true;
  const bool known = std::ranges::any_of(said.answers, [&](const auto& answer) { return holds(answer) && answer->chosen; });
  Quorum same(said.place.set);
  for (std::size_t member = 0; member < said.answers.size(); ++member) {
    const auto& answer = said.answers[member];
    if (holds(answer) && (known || !answer->fast)) same.yes(member);
  }
  return same.reached();
}

// The fast accept that all who promised have, if they do.
const AcceptorAnswer* fast_at_all(const PhaseAnswers& said) {
  const AcceptorAnswer* fast = nullptr;
  for (const auto& answer : said.answers) {
    if (!answer || !answer->ok) continue;
    if (!answer->fast || (fast != nullptr && fast->accepted != answer->accepted)) return nullptr;
    fast = &*answer;
  }
  return fast;
}

}  // namespace

AcceptedState what_was_accepted(const PhaseAnswers& said) {
  AcceptedState out;
  if (const AcceptorAnswer* fast = fast_at_all(said)) {
    out.ballot = fast->accepted;
    if (fast->state) out.state = *fast->state;
  } else {
    for (const auto& answer : said.answers) {
      if (!answer || !answer->ok) continue;
      const Ballot& ballot = answer->fast ? answer->base : answer->accepted;
      const auto& state = answer->fast ? answer->base_state : answer->state;
      if (ballot < out.ballot) continue;
      out.ballot = ballot;
      if (state) out.state = *state;
    }
  }
  out.chosen = is_chosen(said, out.ballot);
  return out;
}

std::optional<Ballot> agreed_ballot(const PhaseAnswers& said) {
  for (const auto& candidate : said.answers) {
    if (candidate && is_chosen(said, candidate->accepted)) return candidate->accepted;
  }
  return std::nullopt;
}

}  // namespace latium
