// Asking every node of the cluster, not only the one that the options name.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "node/cli/context.h"

namespace latium::cli {

/// The cluster's nodes that store, each with a client of its own, which connects on first use.
class EveryNode {
 public:
  /// Asks the node that the options name for the topology.
  static Result<EveryNode> open(Context& context);

  struct Node {
    std::string address;
    std::string site;
    std::unique_ptr<RemoteClient> client;
  };
  std::vector<Node>& nodes() { return nodes_; }

  /// All are asked at the same time; answers in the order of nodes(). A request that changes nothing.
  template <class Response, class Request>
  std::vector<Result<Response>> ask(Method method, const Request& request, Duration timeout) {
    std::vector<Result<Response>> out;
    for (Result<Bytes>& answer : ask_bytes(method, request.SerializeAsString(), timeout)) {
      if (answer) {
        out.push_back(RemoteClient::parse<Response>(*answer));
      } else {
        out.push_back(fail(answer.error().code, Certainty::not_applied, answer.error().message));
      }
    }
    return out;
  }

 private:
  std::vector<Result<Bytes>> ask_bytes(Method method, const Bytes& request, Duration timeout);

  std::vector<Node> nodes_;
};

/// Returns once no node has hints to hand over and every copy equals the others: how many deleted and expired keys all nodes
/// together still remember. `unavailable` after `within`: says what is left.
Result<std::uint64_t> wait_converged(Context& context, Duration within);

}  // namespace latium::cli
