// FaultRules: pure; which peers a node has lost, or hears late, for a while and on purpose.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "net/transport.h"
#include "runtime/clock.h"

namespace latium {

/// What is wrong with the path to a peer.
struct Fault {
  bool cut = false;   ///< nothing goes either way
  Duration delay{0};  ///< what this node sends to it, requests and answers, takes that much longer
  friend bool operator==(const Fault&, const Fault&) = default;
};

/// A fault, and the peers that it hits. Who calls is known by what its handshake said, whom this node calls by its address
/// only: a rule that is to hold both ways names both.
struct FaultRule {
  std::string site;                ///< requests that come in from nodes of that site; empty: none
  std::vector<NodeId> nodes;       ///< and from these nodes
  std::vector<Address> addresses;  ///< calls to these, as they are called: no names are resolved
  Fault fault;
};

class FaultRules {
 public:
  FaultRules() = default;
  explicit FaultRules(std::vector<FaultRule> rules) : rules_(std::move(rules)) {}

  std::size_t size() const { return rules_.size(); }
  /// Of calls to `peer`. Where several rules hit: cut if one says so, the longest delay.
  Fault towards(const Address& peer) const;
  /// Of requests that come in from `peer`, and of their answers. Clients have no faults, so that whoever set a rule can lift it.
  Fault from(const PeerIdentity& peer) const;

 private:
  std::vector<FaultRule> rules_;
};

}  // namespace latium
