#include "node/cli/every_node.h"

#include <algorithm>
#include <future>
#include <utility>

#include "base/units.h"
#include "proto/client.pb.h"
#include "proto/repair.pb.h"
#include "proto/wire.pb.h"

namespace latium::cli {

namespace {

constexpr Duration kLookEvery = std::chrono::milliseconds(500);
constexpr Duration kAnswerTimeout = std::chrono::seconds(30);
constexpr Duration kLeastTimeout = std::chrono::seconds(2);

struct Look {
  std::string missing;  // what is not converged yet, for people; empty: everything is
  std::uint64_t remembered = 0;
};

Look look_at(EveryNode& cluster, Duration timeout) {
  Look look;
  std::string& missing = look.missing;
  const auto add = [&](const std::string& address, const std::string& what) {
    missing += (missing.empty() ? "" : "; ") + address + ": " + what;
  };
  const auto answers = cluster.ask<repair::ConvergenceResponse>(wire::METHOD_CONVERGENCE, repair::ConvergenceRequest(), timeout);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const std::string& address = cluster.nodes()[i].address;
    if (!answers[i]) {
      add(address, answers[i].error().message);
      continue;
    }
    look.remembered += answers[i]->remembered();
    if (answers[i]->hints() > 0) add(address, std::to_string(answers[i]->hints()) + " hints wait");
    if (answers[i]->differing() > 0)
      add(address, std::to_string(answers[i]->differing()) + " partitions differ from other copies");
    for (const std::string& other : answers[i]->unreachable()) add(address, "cannot compare with " + other);
  }
  return look;
}

// Waits on the client's loop: the command line has no other.
void pause(RemoteClient& client, Duration duration) {
  std::promise<void> over;
  client.post([&] { client.runtime().timers.schedule(client.after(duration), [&over] { over.set_value(); }); });
  over.get_future().wait();
}

}  // namespace

Result<EveryNode> EveryNode::open(Context& context) {
  LATIUM_TRY(const auto topology, context.read<client::TopologyResponse>(wire::METHOD_TOPOLOGY, client::TopologyRequest()));
  EveryNode out;
  for (const auto& node : topology.nodes()) {
    if (node.role() != "storage") continue;
    LATIUM_TRY(Address address, Address::parse(node.address()));
    LATIUM_TRY(auto client, RemoteClient::open({std::move(address), context.options.tls, 1}));
    out.nodes_.push_back({node.address(), node.site(), std::move(client)});
  }
  return out;
}

std::vector<Result<Bytes>> EveryNode::ask_bytes(Method method, const Bytes& request, Duration timeout) {
  std::vector<std::promise<Result<Bytes>>> answers(nodes_.size());
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    RemoteClient& client = *nodes_[i].client;
    client.start(0, method, request, client.after(timeout),
                 [&answer = answers[i]](Result<Bytes> came) { answer.set_value(std::move(came)); });
  }
  std::vector<Result<Bytes>> out;
  for (auto& answer : answers) out.push_back(answer.get_future().get());
  return out;
}

Result<std::uint64_t> wait_converged(Context& context, Duration within) {
  LATIUM_TRY(EveryNode cluster, EveryNode::open(context));
  if (cluster.nodes().empty()) return 0;
  RemoteClient& clock = *cluster.nodes().front().client;
  const MonotonicTime end = clock.after(within);
  while (true) {
    // Nodes are given time to say whom they cannot compare with, however short the bound is.
    const Duration left = end - clock.now();
    const Look look = look_at(cluster, std::clamp<Duration>(left, kLeastTimeout, kAnswerTimeout));
    if (look.missing.empty()) return look.remembered;
    if (clock.now() >= end) {
      return fail(ErrorCode::unavailable, "not converged after " +
                                              format_duration(std::chrono::duration_cast<std::chrono::milliseconds>(within)) +
                                              ": " + look.missing);
    }
    pause(clock, kLookEvery);
  }
}

}  // namespace latium::cli
