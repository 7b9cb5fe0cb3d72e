#include "net/fault_rules.h"

#include <algorithm>

namespace latium {

namespace {

void add(Fault& sum, const Fault& fault) {
  sum.cut = sum.cut || fault.cut;
  sum.delay = std::max(sum.delay, fault.delay);
}

}  // namespace

Fault FaultRules::towards(const Address& peer) const {
  Fault sum;
  for (const FaultRule& rule : rules_) {
    if (std::ranges::find(rule.addresses, peer) != rule.addresses.end()) add(sum, rule.fault);
  }
  return sum;
}

Fault FaultRules::from(const PeerIdentity& peer) const {
  Fault sum;
  if (peer.role == PeerRole::client) return sum;
  for (const FaultRule& rule : rules_) {
    const bool of_site = !rule.site.empty() && rule.site == peer.site;
    if (of_site || std::ranges::find(rule.nodes, peer.node) != rule.nodes.end()) add(sum, rule.fault);
  }
  return sum;
}

}  // namespace latium
