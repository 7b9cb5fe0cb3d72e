// The topology: arbitrary bytes are refused as corruption or decode to a value that can be held, encoded and decoded again.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "ring/topology.h"
#include "ring/voters.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto topology = latium::decode_topology(latium::BytesView(reinterpret_cast<const char*>(data), size));
  if (!topology) {
    LATIUM_CHECK(topology.error().code == latium::ErrorCode::corruption);
    LATIUM_CHECK(topology.error().message.find('\n') == std::string::npos);
    return 0;
  }
  // Protobuf takes several encodings of one message; the value is what must survive, and then the bytes.
  LATIUM_CHECK(latium::check_topology(*topology).has_value());
  const latium::Bytes bytes = latium::encode_topology(*topology);
  const auto again = latium::decode_topology(bytes);
  LATIUM_CHECK(again && *again == *topology && latium::encode_topology(*again) == bytes);
  // What the code relies on.
  for (const latium::TopologyNode& node : topology->nodes) LATIUM_CHECK(topology->find(node.id) == &node);
  LATIUM_CHECK(latium::choose_voters(*topology).size() <= latium::kMaxVoters);
  return 0;
}
