// Topology: the cluster's nodes and who votes on them, as one versioned value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

namespace latium {

inline constexpr std::uint32_t kMinWeightMilli = 100;
inline constexpr std::uint32_t kMaxWeightMilli = 100'000;
inline constexpr std::size_t kMaxAddressBytes = 300;

/// Numbers are on disk and on the wire.
enum class NodeState : std::uint8_t {
  joining = 1,  ///< known and reachable; owns nothing yet
  up = 2,
};

struct TopologyNode {
  NodeId id;
  std::string site;
  std::string rack;                   ///< failure domain inside the site; empty: none named
  std::uint32_t weight_milli = 1000;  ///< share of the site's data, kMinWeightMilli to kMaxWeightMilli
  bool storage = true;                ///< false: a client, which holds nothing and does not vote
  NodeState state = NodeState::up;
  std::string address;      ///< host:port
  std::uint32_t token = 0;  ///< which of its places in the ring it has, chosen as it joins: choose_token()

  /// Whether it holds replicas now.
  bool owns() const { return storage && state == NodeState::up; }

  friend bool operator==(const TopologyNode&, const TopologyNode&) = default;
};

/// A change of the nodes that is under way. While it lasts, decisions need a majority of the topology's voters and one of these.
struct Transition {
  NodeId node;
  std::vector<NodeId> voters;  ///< sorted
  std::uint64_t started_ms = 0;

  friend bool operator==(const Transition&, const Transition&) = default;
};

/// Two nodes that hold the same epoch hold the same value.
struct Topology {
  Epoch epoch;
  ClusterId cluster;
  std::vector<TopologyNode> nodes;  ///< sorted by id
  std::vector<NodeId> voters;       ///< sorted
  std::optional<Transition> transition;

  /// Binary search: `nodes` must be sorted. nullptr: no such node. Valid until `nodes` changes.
  const TopologyNode* find(NodeId id) const;

  friend bool operator==(const Topology&, const Topology&) = default;
};

/// What must hold of every topology that is stored or sent; `invalid_argument` names the first thing that does not: epoch,
/// cluster and ids are not zero, nodes and voters are sorted without doubles, names, weights and addresses are in bounds,
/// there are 1 to kMaxVoters voters and they are storage nodes of it, the transition's node is one of the nodes.
Result<void> check_topology(const Topology& topology);

/// latium.topology.Topology. Equal values have equal bytes.
Bytes encode_topology(const Topology& topology);
/// `corruption` on what does not parse or fails check_topology.
Result<Topology> decode_topology(BytesView bytes);

}  // namespace latium
