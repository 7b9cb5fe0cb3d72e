// Who coordinates a write: this node if it is a replica of the key, else the nearest replica that can be reached, else a
// stand-in.
#include <algorithm>
#include <utility>

#include "proto/replica.pb.h"
#include "proto/wire.pb.h"
#include "replication/bucket_place.h"
#include "replication/envelope.h"
#include "replication/peer_watch.h"

namespace latium {

namespace {

// Stand-ins that are asked when no replica answers.
constexpr std::size_t kStandInsTried = 3;

// Whether another node may be asked after this answer.
bool worth_another(const Error& error) {
  return error.code == ErrorCode::unavailable || error.code == ErrorCode::deadline_exceeded ||
         error.code == ErrorCode::overloaded || error.code == ErrorCode::read_only || error.code == ErrorCode::io_error;
}

// Whether two coordinators may carry it out: it is the same write both times. Not a put that makes a sibling: a reader who has
// replaced the one would meet the other later.
bool is_repeatable(const DataKey& key, const BucketWrite& what) {
  return conflicts_of(key.bucket) == Conflicts::last_write_wins || (!what.value && !what.context.empty());
}

}  // namespace

Task<BucketWritten> Buckets::write(DataKey key, BucketWrite what, MonotonicTime deadline) {
  ContextToken seen;
  if (!what.context.empty()) {
    LATIUM_CO_TRY(seen, decode_context_token(what.context, token_key(key)));
  }
  const bool last_write_wins = conflicts_of(key.bucket) == Conflicts::last_write_wins;
  CallStats stats;
  bool existed = false;
  bool tried = false;
  what.stamp = std::max(hlc_.now(runtime_.clock.wall_ms()), Hlc{seen.stamp.value + 1});
  // Once more where some copy holds a higher stamp: a clock that was ahead made that. If it is of a write that a quorum had
  // acknowledged before this one began, this one has to win. A try that was kept nowhere has met no copy but the coordinator's.
  for (bool again = false;;) {
    auto written = co_await try_write(key, what, deadline);
    if (!written && tried) written.error().certainty = Certainty::unknown;
    LATIUM_CO_CHECKED(written);
    tried = true;
    stats.add(written->stats);
    written->stats = stats;
    existed = existed || written->existed;
    written->existed = existed;
    if (written->kept_nowhere && runtime_.clock.monotonic_now() >= deadline) {
      co_return fail(ErrorCode::unavailable,
                     describe(key) + ": every stamp was behind deletions that are being forgotten: retry");
    }
    if (!written->kept_nowhere && (!last_write_wins || written->newest <= what.stamp || again)) {
      statistics_.cost.add(stats);
      co_return written;
    }
    again = again || !written->kept_nowhere;
    what.stamp = Hlc{written->newest.value + 1};
  }
}

Task<BucketWritten> Buckets::try_write(const DataKey& key, const BucketWrite& what, MonotonicTime deadline) {
  for (int attempt = 0;; ++attempt) {
    LATIUM_CO_TRY(const Place place, place_of(key, what.level, what.site));
    const bool here = place.index_of(cluster_.self()) < place.replicas.size();
    auto written = here ? co_await coordinate(key, what, deadline) : co_await forward(key, what, deadline);
    // This node's disk takes nothing: another replica's may.
    const bool no_disk =
        !written && (written.error().code == ErrorCode::read_only || written.error().code == ErrorCode::io_error);
    const bool nothing_done = !written && written.error().certainty == Certainty::not_applied;
    if (here && no_disk && (nothing_done || is_repeatable(key, what))) {
      written = co_await forward(key, what, deadline);
      if (!written && !nothing_done) written.error().certainty = Certainty::unknown;
    }
    const bool stale = !written && written.error().code == ErrorCode::stale_topology;
    if (!stale || attempt >= 2) co_return written;
  }
}

// To the replicas that are up, nearest first; to those that stand in for them; to the others, in case that they are up after all.
Task<BucketWritten> Buckets::forward(DataKey key, BucketWrite what, MonotonicTime deadline) {
  LATIUM_CO_TRY(const Place place, place_of(key, what.level, what.site));
  const auto is_down = [&](NodeId node) { return distance_of(cluster_, node) > 4; };
  std::vector<NodeId> order;
  std::vector<NodeId> doubtful;
  for (const NodeId node : place.replicas) (is_down(node) ? doubtful : order).push_back(node);
  const auto stand_ins = directory_.stand_ins_for(key.tenant, key.partition, place.replicas.front());
  for (const NodeId node : stand_ins) {
    if (node == cluster_.self() || !is_down(node)) order.push_back(node);
    if (order.size() >= place.replicas.size() + kStandInsTried) break;
  }
  order.insert(order.end(), doubtful.begin(), doubtful.end());

  ++statistics_.forwarded;
  bool unsure = false;
  std::vector<std::pair<NodeId, Error>> errors;
  for (const NodeId node : order) {
    if (!errors.empty() && runtime_.clock.monotonic_now() >= deadline) break;
    // A replica that gives a write on has a disk that takes nothing.
    const bool here = node == cluster_.self();
    if (here && place.index_of(node) < place.replicas.size()) continue;
    auto written = here ? co_await coordinate(key, what, deadline) : co_await give_to(node, key, what, deadline);
    if (written) co_return written;
    unsure = unsure || written.error().certainty == Certainty::unknown;
    if (!worth_another(written.error()) || (unsure && !is_repeatable(key, what))) {
      co_return fail(written.error().code, unsure ? Certainty::unknown : Certainty::not_applied, written.error().message);
    }
    errors.emplace_back(node, std::move(written).error());
  }
  ++statistics_.unavailable;
  co_return fail(ErrorCode::unavailable, unsure ? Certainty::unknown : Certainty::not_applied,
                 describe(key) + ": no node coordinates the write" + list_errors(errors));
}

Task<BucketWritten> Buckets::give_to(NodeId node, const DataKey& key, const BucketWrite& what, MonotonicTime deadline) {
  LATIUM_CO_TRY(const PeerView peer, cluster_.peer(node));
  replica::BucketForwardRequest request;
  to_message(key, *request.mutable_key());
  request.set_has_value(what.value.has_value());
  if (what.value) request.set_value(*what.value);
  request.set_context(what.context);
  request.set_expires_ms(what.expires_ms);
  request.set_stamp(what.stamp.value);
  request.set_level(static_cast<std::uint32_t>(what.level));
  request.set_level_site(what.site);
  request.set_buffered(what.durability == Durability::buffered);
  std::uint32_t refusals = 0;
  LATIUM_CO_TRY(const auto response,
                co_await watch_peer(runtime_, transport_, peer.address, silence_allowed(runtime_, deadline),
                                    call_enveloped<replica::BucketForwardRequest, replica::BucketForwardResponse>(
                                        cluster_, transport_, node, cluster_.epoch(), wire::METHOD_BUCKET_FORWARD,
                                        std::move(request), {.deadline = deadline}, &refusals)));
  BucketWritten out{.stamp = Hlc{response.stamp()},
                    .context = response.context(),
                    .existed = response.existed(),
                    .newest = Hlc{response.newest()},
                    .kept_nowhere = response.kept_nowhere(),
                    .stats = {}};
  out.stats = from_message(response.stats());
  const std::uint32_t trips = 1 + refusals;
  out.stats.add({.round_trips = trips, .wan_round_trips = peer.same_site ? 0 : trips});
  co_return out;
}

}  // namespace latium
