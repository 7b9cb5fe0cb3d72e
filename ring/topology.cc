#include "ring/topology.h"

#include <algorithm>
#include <utility>

#include "proto/topology.pb.h"
#include "ring/placement.h"
#include "ring/voters.h"

namespace latium {

namespace {

std::unexpected<Error> impossible(const Topology& topology, const std::string& what) {
  return fail(ErrorCode::invalid_argument, "topology of epoch " + std::to_string(topology.epoch.value) + ": " + what);
}

std::string name_of(NodeId id) {
  return "node " + to_hex(id.value);
}

Result<void> check_node(const Topology& topology, const TopologyNode& node) {
  if (!node.id) return impossible(topology, "a node has the id 0");
  if (auto site = check_name("site", node.site); !site)
    return impossible(topology, name_of(node.id) + ": " + site.error().message);
  if (!node.rack.empty()) {
    if (auto rack = check_name("rack", node.rack); !rack)
      return impossible(topology, name_of(node.id) + ": " + rack.error().message);
  }
  if (node.weight_milli < kMinWeightMilli || node.weight_milli > kMaxWeightMilli) {
    return impossible(topology, name_of(node.id) + " has a weight of " + std::to_string(node.weight_milli) +
                                    " thousandths, not " + std::to_string(kMinWeightMilli) + " to " +
                                    std::to_string(kMaxWeightMilli));
  }
  if (node.state != NodeState::joining && node.state != NodeState::up) {
    return impossible(topology, name_of(node.id) + " is in the unknown state " + std::to_string(static_cast<int>(node.state)));
  }
  const bool visible = std::ranges::all_of(node.address, [](unsigned char c) { return c > ' ' && c < 0x7f; });
  const std::size_t colon = node.address.rfind(':');
  // Empty: a node that nobody reaches, alone in its cluster.
  if (node.address.empty()) return {};
  if (!visible || colon == std::string::npos || colon == 0 || colon + 1 == node.address.size() ||
      node.address.size() > kMaxAddressBytes) {
    return impossible(topology, name_of(node.id) + " has the address '" + printable(node.address) + "', which is not host:port");
  }
  return {};
}

Result<void> check_voters(const Topology& topology, const std::vector<NodeId>& voters, const std::string& what) {
  if (voters.empty() || voters.size() > kMaxVoters) {
    return impossible(topology,
                      "it has " + std::to_string(voters.size()) + " " + what + ", not 1 to " + std::to_string(kMaxVoters));
  }
  if (std::ranges::adjacent_find(voters, std::greater_equal<>{}) != voters.end()) {
    return impossible(topology, "its " + what + " are not in ascending order");
  }
  for (const NodeId voter : voters) {
    const TopologyNode* node = topology.find(voter);
    if (node == nullptr || !node->storage)
      return impossible(topology, "of its " + what + ", " + name_of(voter) + " is no storage node");
  }
  return {};
}

void encode_node(const TopologyNode& node, topology::TopologyNode& out) {
  out.set_id(node.id.value);
  out.set_site(node.site);
  out.set_rack(node.rack);
  out.set_weight_milli(node.weight_milli);
  out.set_storage(node.storage);
  out.set_state(static_cast<topology::NodeState>(node.state));
  out.set_address(node.address);
  out.set_token(node.token);
}

TopologyNode decode_node(const topology::TopologyNode& node) {
  // A number that NodeState cannot hold must not turn into one that it can.
  const bool known = node.state() == topology::NODE_STATE_JOINING || node.state() == topology::NODE_STATE_UP;
  return {.id = NodeId{node.id()},
          .site = node.site(),
          .rack = node.rack(),
          .weight_milli = node.weight_milli(),
          .storage = node.storage(),
          .state = known ? static_cast<NodeState>(node.state()) : NodeState{0},
          .address = node.address(),
          .token = node.token()};
}

std::vector<NodeId> ids_of(const google::protobuf::RepeatedField<std::uint64_t>& values) {
  std::vector<NodeId> out;
  out.reserve(static_cast<std::size_t>(values.size()));
  for (const std::uint64_t value : values) out.push_back(NodeId{value});
  return out;
}

}  // namespace

const TopologyNode* Topology::find(NodeId id) const {
  const auto found = std::ranges::lower_bound(nodes, id, {}, &TopologyNode::id);
  return found == nodes.end() || found->id != id ? nullptr : &*found;
}

Result<void> check_topology(const Topology& topology) {
  if (!topology.epoch) return impossible(topology, "the first epoch is 1");
  if (!topology.cluster) return impossible(topology, "it names no cluster");
  for (const TopologyNode& node : topology.nodes) LATIUM_CHECKED(check_node(topology, node));
  if (std::ranges::adjacent_find(topology.nodes, std::greater_equal<>{}, &TopologyNode::id) != topology.nodes.end()) {
    return impossible(topology, "its nodes are not in ascending order of their ids");
  }
  LATIUM_CHECKED(check_voters(topology, topology.voters, "voters"));
  if (!topology.transition) return {};
  if (topology.find(topology.transition->node) == nullptr) {
    return impossible(topology, "the transition is about " + name_of(topology.transition->node) + ", which is not in it");
  }
  return check_voters(topology, topology.transition->voters, "next voters");
}

Bytes encode_topology(const Topology& value) {
  topology::Topology out;
  out.set_epoch(value.epoch.value);
  out.set_cluster(value.cluster.value);
  for (const TopologyNode& node : value.nodes) encode_node(node, *out.add_nodes());
  for (const NodeId voter : value.voters) out.add_voters(voter.value);
  if (value.transition) {
    topology::Transition& transition = *out.mutable_transition();
    transition.set_node(value.transition->node.value);
    for (const NodeId voter : value.transition->voters) transition.add_voters(voter.value);
    transition.set_started_ms(value.transition->started_ms);
  }
  return out.SerializeAsString();
}

Result<Topology> decode_topology(BytesView bytes) {
  topology::Topology in;
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(ErrorCode::corruption, "a topology of " + std::to_string(bytes.size()) + " bytes does not parse");
  }
  Topology out{.epoch = Epoch{in.epoch()},
               .cluster = ClusterId{in.cluster()},
               .nodes = {},
               .voters = ids_of(in.voters()),
               .transition = std::nullopt};
  out.nodes.reserve(static_cast<std::size_t>(in.nodes_size()));
  for (const topology::TopologyNode& node : in.nodes()) out.nodes.push_back(decode_node(node));
  if (in.has_transition()) {
    out.transition = Transition{.node = NodeId{in.transition().node()},
                                .voters = ids_of(in.transition().voters()),
                                .started_ms = in.transition().started_ms()};
  }
  if (auto checked = check_topology(out); !checked) return fail(ErrorCode::corruption, std::move(checked).error().message);
  return out;
}

}  // namespace latium
