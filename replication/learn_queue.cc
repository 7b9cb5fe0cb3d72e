#include "replication/learn_queue.h"

#include <algorithm>
#include <utility>

namespace latium {

namespace {

// Told at once when so many wait.
constexpr std::size_t kWaitingMax = 4096;

// Who holds a tombstone as chosen; the last one to say so has it collected.
struct Tombstone {
  RegisterPlace place;
  Ballot ballot;
  std::size_t missing;
  Ballot promised{};  // the highest, by those that said so
};

}  // namespace

LearnQueue::~LearnQueue() {
  runtime_.timers.cancel(timer_);
}

void LearnQueue::add(Ballot ballot, RegisterState state, std::shared_ptr<PhaseAnswers> said) {
  Bytes key = said->place.key.stored();
  waiting_[std::move(key)] = {ballot, std::move(state), std::move(said)};
  if (waiting_.size() >= kWaitingMax) {
    flush();
  } else if (timer_.value == 0) {
    timer_ = runtime_.timers.schedule(saturating_add(runtime_.clock.monotonic_now(), kLaziness), [this] {
      timer_ = TimerId();
      flush();
    });
  }
}

void LearnQueue::flush() {
  for (const auto& [key, entry] : std::exchange(waiting_, {})) tell(entry);
}

void LearnQueue::tell(const Entry& entry) {
  const RegisterPlace& place = entry.said->place;
  std::shared_ptr<Tombstone> tombstone;
  // The cluster's own tombstones stay: they are few, and their replicas change.
  if (!entry.state.present && place.key.tenant != kSystemTenant)
    tombstone = std::make_shared<Tombstone>(place, entry.ballot, place.set.size());
  for (std::size_t member = 0; member < place.set.size(); ++member) {
    LearnOp op{entry.ballot, std::nullopt};
    if (!entry.said->quorum.said_yes(member)) op.state = entry.state;
    links_.send(place.set.members[member], place.epoch, {place.key, std::move(op)},
                [this, tombstone](const Result<AcceptorAnswer>& answer) {
                  if (!tombstone || !answer || !answer->chosen) return;
                  tombstone->promised = std::max(tombstone->promised, answer->promised);
                  if (--tombstone->missing > 0) return;
                  for (const NodeId node : tombstone->place.set.members) {
                    links_.send(node, tombstone->place.epoch,
                                {tombstone->place.key, CollectOp{tombstone->ballot, tombstone->promised}},
                                [](const Result<AcceptorAnswer>&) {});
                  }
                });
  }
}

}  // namespace latium
