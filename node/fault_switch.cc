#include "node/fault_switch.h"

#include <utility>
#include <vector>

#include "node/handlers.h"
#include "node/message.h"
#include "proto/faults.pb.h"
#include "proto/wire.pb.h"

namespace latium {

namespace {

constexpr int kMaxRules = 256;
constexpr int kMaxPeers = 1024;
constexpr std::uint32_t kMaxDelayMs = 60'000;

Result<FaultRule> to_rule(const faults::Rule& rule) {
  FaultRule out;
  out.site = rule.site();
  out.fault = {.cut = rule.cut(), .delay = std::chrono::milliseconds(rule.delay_ms())};
  if (rule.delay_ms() > kMaxDelayMs) {
    return fail(ErrorCode::invalid_argument, "delay_ms " + std::to_string(rule.delay_ms()) + " must be at most 60000");
  }
  if (out.fault == Fault()) return fail(ErrorCode::invalid_argument, "has no effect: give cut or delay_ms");
  if (rule.site().empty() && rule.address().empty() && rule.node_id().empty()) {
    return fail(ErrorCode::invalid_argument, "names no peer: give site, address or node_id");
  }
  if (rule.address_size() > kMaxPeers || rule.node_id_size() > kMaxPeers) {
    return fail(ErrorCode::invalid_argument, "names too many peers: at most 1024 addresses and 1024 nodes");
  }
  for (const std::string& text : rule.address()) {
    LATIUM_TRY(Address address, Address::parse(text));
    out.addresses.push_back(std::move(address));
  }
  for (const std::uint64_t id : rule.node_id()) out.nodes.push_back(NodeId{id});
  return out;
}

/// Of the address text in a PeerIdentity.
bool from_this_machine(const PeerIdentity& peer) {
  const auto address = Address::parse(peer.address);
  return address && address->is_loopback();
}

}  // namespace

Result<FaultRules> parse_fault_rules(BytesView request) {
  LATIUM_TRY(const auto message, parse_request<faults::FaultsSetRequest>(request));
  if (message.rules_size() > kMaxRules) {
    return fail(ErrorCode::invalid_argument, std::to_string(message.rules_size()) + " fault rules are too many: at most 256");
  }
  std::vector<FaultRule> rules;
  for (int i = 0; i < message.rules_size(); ++i) {
    auto rule = to_rule(message.rules(i));
    if (!rule) return fail(rule.error().code, "fault rule " + std::to_string(i) + ": " + rule.error().message);
    rules.push_back(*std::move(rule));
  }
  return FaultRules(std::move(rules));
}

Task<Bytes> handle_faults_set(NodeCore&, Bytes, MonotonicTime) {
  co_return fail(ErrorCode::unsupported, "this node takes no fault rules: start it with --enable-faults");
}

void FaultSwitch::Handler::handle(IncomingRequest request) {
  if (request.method() != wire::METHOD_FAULTS_SET) return service_.handle(std::move(request));
  auto response = set(request);
  std::move(request).respond(std::move(response));
}

Result<Bytes> FaultSwitch::Handler::set(const IncomingRequest& request) {
  if (!authenticated_ && !from_this_machine(request.peer())) {
    return fail(ErrorCode::unauthenticated,
                "fault rules are not taken from " + request.peer().address + ": without TLS, set them on the node's own machine");
  }
  LATIUM_TRY(FaultRules rules, parse_fault_rules(request.payload()));
  faults::FaultsSetResponse response;
  response.set_rules(static_cast<std::uint32_t>(rules.size()));
  transport_.set_rules(std::move(rules));
  return response.SerializeAsString();
}

}  // namespace latium
