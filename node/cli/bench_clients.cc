#include "node/cli/bench_clients.h"

namespace latium::cli {

Result<std::vector<NodeClients>> spread_clients(const Context& context, const std::vector<std::string>& also,
                                                std::size_t clients) {
  const std::size_t nodes = 1 + also.size();
  std::vector<NodeClients> out;
  std::size_t first = 0;
  for (std::size_t i = 0; i < nodes; ++i) {
    const std::size_t share = (clients - i + nodes - 1) / nodes;
    RemoteClient::Options to{.node = {}, .tls = context.options.tls, .connections = share};
    LATIUM_TRY(to.node, Address::parse(i == 0 ? context.options.node : also[i - 1]));
    LATIUM_TRY(auto client, RemoteClient::open(std::move(to)));
    out.push_back({std::move(client), first, share});
    first += share;
  }
  return out;
}

}  // namespace latium::cli
