// Envelope: under which map of the cluster a request between nodes was made, and what happens when the two ends' maps differ.
// An older sender is refused and given the newer map; a newer one is asked for its map, which is taken over before anything is
// served. So no request is ever served under two maps. protocols.md, "Topology".
#pragma once

#include <functional>
#include <set>
#include <vector>

#include "proto/replica.pb.h"
#include "replication/cluster_view.h"
#include "runtime/runtime.h"

namespace latium {

/// Sends `request`, whose `envelope` is filled in here, and settles refusals: takes over a newer map (then `stale_topology`: the
/// caller starts over under it), attaches what the receiver lacks and sends again. `refusals`: how often that was so, each a
/// round trip more; it outlives the call.
template <class Request, class Response>
Task<Response> call_enveloped(ClusterView& cluster, Transport& transport, NodeId node, Epoch epoch, Method method,
                              Request request, CallOptions options, std::uint32_t* refusals = nullptr);

/// The receiving side: takes over what the envelope brings, then says whether the request may be served under the map in use.
/// Nothing: it may. `tenants`: those that the request is about, but for kSystemTenant.
Task<std::optional<replica::Refusal>> check_envelope(ClusterView& cluster, replica::Envelope envelope,
                                                     std::set<std::uint32_t> tenants);

namespace internal {

void fill_envelope(const ClusterView& cluster, NodeId node, Epoch epoch, replica::Envelope& out);
/// Makes `envelope` ready for another try, or says why there is no point.
Task<void> settle_refusal(ClusterView& cluster, const replica::Refusal& refusal, NodeId node, replica::Envelope& envelope);

}  // namespace internal

template <class Request, class Response>
Task<Response> call_enveloped(ClusterView& cluster, Transport& transport, NodeId node, Epoch epoch, Method method,
                              Request request, CallOptions options, std::uint32_t* refusals) {
  // One refusal for each thing that the receiver can lack.
  constexpr int kTries = 4;
  internal::fill_envelope(cluster, node, epoch, *request.mutable_envelope());
  for (int attempt = 0; attempt < kTries; ++attempt) {
    LATIUM_CO_TRY(const PeerView peer, cluster.peer(node));
    LATIUM_CO_TRY(const Bytes answer, co_await transport.call(peer.address, method, request.SerializeAsString(), options));
    Response response;
    if (!response.ParseFromString(answer)) {
      co_return fail(ErrorCode::corruption, Certainty::unknown, "the answer of node " + to_hex(node.value) + " does not parse");
    }
    if (response.refusal().reason() == replica::Refusal::REASON_NONE) co_return response;
    if (refusals != nullptr) ++*refusals;
    LATIUM_CO_CHECKED(co_await internal::settle_refusal(cluster, response.refusal(), node, *request.mutable_envelope()));
  }
  co_return fail(ErrorCode::unavailable,
                 "node " + to_hex(node.value) + " refuses request after request: its map does not settle");
}

}  // namespace latium
