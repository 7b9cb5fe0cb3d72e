#include "ring/topology.h"

#include <algorithm>

#include "proto/topology.pb.h"

namespace latium {

const TopologyNode* Topology::find(NodeId id) const {
  const auto found = std::ranges::find(nodes, id, &TopologyNode::id);
  return found == nodes.end() ? nullptr : &*found;
}

Bytes encode_topology(const Topology& t) {
  topology::Topology m;
  m.set_epoch(t.epoch.value);
  m.set_cluster(t.cluster.value);
  for (const auto& n : t.nodes) {
    auto& o = *m.add_nodes();
    o.set_id(n.id.value);
    o.set_site(n.site);
    o.set_rack(n.rack);
    o.set_weight_milli(n.weight_milli);
    o.set_storage(n.storage);
    o.set_state(static_cast<std::uint32_t>(n.state));
    o.set_address(n.address);
  }
  for (const NodeId v : t.voters) m.add_voters(v.value);
  m.set_sealed(t.sealed);
  if (t.transition) {
    m.mutable_transition()->set_node(t.transition->node.value);
    m.mutable_transition()->set_started_ms(t.transition->started_ms);
    for (const NodeId v : t.transition->voters) m.mutable_transition()->add_voters(v.value);
  }
  return m.SerializeAsString();
}

Result<Topology> decode_topology(BytesView bytes) {
  topology::Topology m;
  if (!m.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || m.epoch() == 0) {
    return fail(ErrorCode::corruption, "a topology does not parse");
  }
  Topology t{Epoch{m.epoch()}, ClusterId{m.cluster()}, {}, {}, m.sealed(), std::nullopt};
  for (const auto& n : m.nodes()) {
    t.nodes.push_back({NodeId{n.id()}, n.site(), n.rack(), n.weight_milli(), n.storage(), static_cast<NodeState>(n.state()), n.address()});
  }
  for (const auto v : m.voters()) t.voters.push_back(NodeId{v});
  if (m.has_transition()) {
    t.transition = Transition{NodeId{m.transition().node()}, {}, m.transition().started_ms()};
    for (const auto v : m.transition().voters()) t.transition->voters.push_back(NodeId{v});
  }
  return t;
}

}  // namespace latium
