// Topology: the map of the cluster, one value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

namespace latium {

enum class NodeState : std::uint8_t { joining = 1, up = 2 };

struct TopologyNode {
  NodeId id;
  std::string site;
  std::string rack;
  std::uint32_t weight_milli = 1000;
  bool storage = true;
  NodeState state = NodeState::up;
  std::string address;
  friend bool operator==(const TopologyNode&, const TopologyNode&) = default;
};

struct Transition {
  NodeId node;
  std::vector<NodeId> voters;
  std::uint64_t started_ms = 0;
  friend bool operator==(const Transition&, const Transition&) = default;
};

struct Topology {
  Epoch epoch;
  ClusterId cluster;
  std::vector<TopologyNode> nodes;
  std::vector<NodeId> voters;
  bool sealed = false;
  std::optional<Transition> transition;

  const TopologyNode* find(NodeId id) const;
  friend bool operator==(const Topology&, const Topology&) = default;
};

Bytes encode_topology(const Topology& topology);
Result<Topology> decode_topology(BytesView bytes);

}  // namespace latium
