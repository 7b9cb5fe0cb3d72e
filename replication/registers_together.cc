// Several registers whose only replica is this node, at one moment: no ballot of anybody else can come between look and accept.
#include <algorithm>
#include <utility>

#include "replication/registers.h"

namespace latium {

// One call, shared with what goes on when its caller does not wait any more.
struct Registers::Moment {
  Epoch epoch;
  DecideTogether decide;
  bool left = false;     // by the caller, with all that `decide` refers to
  bool decided = false;  // and on the way to the disk
  std::optional<Result<void>> result{};
  Event ended{};
};

CommandResult Registers::Together::applied(std::size_t key, const RegisterCommand& command) {
  ballots_[key] = registers_.next_ballot(moment_.above(key));
  return apply(state(key), command, registers_.new_request_id(), ballots_[key]);
}

Task<bool> Registers::change_together(std::vector<RegisterKey> keys, DecideTogether decide, MonotonicTime deadline) {
  std::vector<std::pair<TenantId, PartitionId>> here;
  for (const RegisterKey& key : keys) {
    const std::pair partition(key.tenant, key.partition);
    if (std::ranges::find(here, partition) != here.end()) continue;
    LATIUM_CO_TRY(const ReplicaSet set, cluster_.replicas(key.tenant, key.partition));
    if (!is_sole(cluster_, set)) co_return false;
    here.push_back(partition);
  }
  if (runtime_.clock.monotonic_now() >= deadline) {
    co_return fail(ErrorCode::unavailable, "the deadline has passed; nothing was changed");
  }
  const auto moment = std::make_shared<Moment>(Moment{.epoch = cluster_.epoch(), .decide = std::move(decide)});
  if (!links_.spawn(run_together(std::move(keys), moment))) {
    co_return fail(ErrorCode::unavailable, "the node is stopping, or too much is under way: retry");
  }
  ++statistics_.commands;
  const Result<void> waited = co_await moment->ended.wait_until(runtime_, deadline);
  moment->left = true;
  if (moment->result) {
    LATIUM_CO_CHECKED(*moment->result);
    co_return true;
  }
  if (moment->decided) {
    ++statistics_.unknown_outcomes;
    co_return fail(ErrorCode::unknown_outcome, Certainty::unknown,
                   "the disk has not answered in time: the change may have been made, or may still be");
  }
  ++statistics_.unavailable;
  if (waited.error().code == ErrorCode::cancelled) co_return fail(waited.error());
  co_return fail(ErrorCode::unavailable, "the disk has not answered in time; nothing was changed: retry");
}

Task<void> Registers::run_together(std::vector<RegisterKey> keys, std::shared_ptr<Moment> moment) {
  const auto decide = [&](const RegisterReplica::Moment& now) -> Result<std::vector<std::optional<AcceptOp>>> {
    if (moment->left || cluster_.epoch() != moment->epoch) {
      return fail(ErrorCode::unavailable, "the map of the cluster has changed meanwhile; nothing was changed: retry");
    }
    Together together(*this, now, keys.size());
    LATIUM_TRY(auto states, moment->decide(together));
    std::vector<std::optional<AcceptOp>> accepts(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (!states[i]) continue;
      accepts[i] = AcceptOp{together.ballots_[i], *std::move(states[i]), Ballot(), now.record(i).accepted};
      // Of a round that has ended: what it was to go on from is not the latest any more.
      (void)held_.take(keys[i].stored());
    }
    moment->decided = true;
    return accepts;
  };
  Result<void> done = co_await links_.local().accept_together(keys, decide);
  if (!done && moment->decided) done.error().certainty = Certainty::unknown;
  moment->result = done;
  moment->ended.set();
  co_return Result<void>();
}

}  // namespace latium
