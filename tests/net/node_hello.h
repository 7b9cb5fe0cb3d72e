// The hello of a node that may talk to every other one made here.
#pragma once

#include <cstdint>
#include <string>

#include "net/handshake.h"

namespace latium::testing {

inline Hello node_hello(std::uint64_t id, const std::string& site = "rennes") {
  Hello hello;
  hello.cluster = ClusterId{7};
  hello.node = NodeId{id};
  hello.incarnation = Incarnation{1};
  hello.role = PeerRole::node;
  hello.site = site;
  return hello;
}

}  // namespace latium::testing
