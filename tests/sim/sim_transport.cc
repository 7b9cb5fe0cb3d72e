#include <algorithm>
#include <set>
#include <utility>

#include "base/hash.h"
#include "tests/sim/sim_network.h"

namespace latium::sim {

/// The server's end of one request.
class ServerConnection final : public ResponseSink {
 public:
  ServerConnection(SimNetwork& network, std::uint64_t server, HostId server_host, std::uint64_t caller, HostId caller_host,
                   std::uint64_t call_id, PeerIdentity peer)
      : network_(network),
        server_(server),
        server_host_(server_host),
        caller_(caller),
        caller_host_(caller_host),
        call_id_(call_id),
        peer_(std::move(peer)) {}

  const PeerIdentity& peer() const { return peer_; }

  void respond(std::uint64_t request_id, Result<Bytes> response) override {
    SimTransport* server = network_.find(server_);
    if (server == nullptr) return;  // stopped or dead: the caller has been told, or will find out
    server->unanswered_.erase({caller_, request_id});
    if (response && response->size() > kMaxMessageBytes) {
      response = fail(ErrorCode::invalid_argument, Certainty::unknown, "the answer is larger than 64 MiB: ask for less");
    }
    if (response) server->statistics_.bytes_sent += response->size();
    const std::uint64_t digest = response ? xxh3_64(*response) : static_cast<std::uint64_t>(response.error().code);
    network_.send(
        server_host_, caller_host_, "answer", digest, true,
        [&network = network_, caller = caller_, id = call_id_, response = std::move(response)]() mutable {
          network.enter(caller, [id, response = std::move(response)](SimTransport& transport) mutable {
            transport.finish(id, std::move(response));
          });
        },
        [&network = network_, caller = caller_, id = call_id_] {
          if (SimTransport* transport = network.find(caller)) transport->fail_later(id);
        });
  }

 private:
  SimNetwork& network_;
  std::uint64_t server_;
  HostId server_host_;
  std::uint64_t caller_;
  HostId caller_host_;
  std::uint64_t call_id_;
  PeerIdentity peer_;
};

namespace {

/// Counts a call to one peer while it lives.
class InFlight {
 public:
  InFlight(std::map<Address, std::size_t>& counts, const Address& peer) : counts_(counts), peer_(peer) { ++counts_[peer_]; }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
  ~InFlight() {
    const auto found = counts_.find(peer_);
    if (--found->second == 0) counts_.erase(found);
  }

 private:
  std::map<Address, std::size_t>& counts_;
  const Address& peer_;
};

}  // namespace

SimTransport::SimTransport(SimNetwork& network, SimRuntime& runtime, HostId host, PeerIdentity identity)
    : network_(network), runtime_(runtime), host_(host), identity_(std::move(identity)), number_(network.next_transport_++) {
  network_.transports_.emplace(number_, this);
}

SimTransport::~SimTransport() {
  close(true);
}

std::unexpected<Error> SimTransport::gone_error() const {
  if (runtime_.gate().dead()) return fail(ErrorCode::cancelled, Certainty::unknown, "the process is gone");
  return fail(ErrorCode::unavailable, Certainty::unknown, "the transport is stopped");
}

Result<Address> SimTransport::listen(const Address& address, RequestHandler& handler) {
  if (!open_) return fail(ErrorCode::cancelled, "the transport is stopped");
  LATIUM_CHECK(handler_ == nullptr, "listen() once");
  Address chosen = address;
  if (chosen.port == 0) chosen.port = network_.next_port_++;
  if (!network_.listeners_.emplace(chosen, this).second) {
    return fail(ErrorCode::io_error, chosen.to_string() + " is in use: choose another port");
  }
  network_.address_hosts_[chosen] = host_;
  handler_ = &handler;
  address_ = chosen;
  return chosen;
}

Task<Bytes> SimTransport::call(Address peer, Method method, Bytes request, CallOptions options) {
  Runtime& runtime = runtime_.runtime();
  if (request.size() > kMaxMessageBytes) {
    co_return fail(ErrorCode::invalid_argument, "the request is larger than 64 MiB: send less at once");
  }
  if (!open_) co_return fail(gone_error().error().code, "the transport is stopped");
  if (options.deadline <= runtime.clock.monotonic_now()) {
    co_return fail(ErrorCode::deadline_exceeded, "the deadline passed before the request was sent");
  }
  const auto waiting = in_flight_.find(peer);
  if (waiting != in_flight_.end() && waiting->second >= network_.options().in_flight_per_peer) {
    ++statistics_.overloaded;
    co_return fail(ErrorCode::overloaded, "too many requests wait for " + peer.to_string() + ": retry with backoff");
  }
  const InFlight counted(in_flight_, peer);
  if (!connections_.contains(peer)) LATIUM_CO_CHECKED(co_await connect(peer, options.deadline));
  const auto connection = connections_.find(peer);
  if (!open_ || connection == connections_.end()) co_return fail(ErrorCode::unavailable, "the connection was lost at once");

  Call call;
  call.peer = connection->second;
  const Number id = next_call_++;
  calls_.emplace(id, &call);
  std::optional<Duration> remaining;
  if (options.deadline != kNever) remaining = options.deadline - runtime.clock.monotonic_now();
  const HostId peer_host = network_.address_hosts_.at(peer);
  send_request(id, call.peer, peer_host, method, request, remaining);
  auto answer = co_await wait_for(id, call, options.deadline, ErrorCode::deadline_exceeded, Certainty::unknown);
  if (call.gave_up && open_) tell_cancelled(id, call.peer, peer_host);
  co_return answer;
}

Task<Bytes> SimTransport::wait_for(Number id, Call& call, MonotonicTime deadline, ErrorCode at_deadline, Certainty certainty) {
  Timers& timers = runtime_.runtime().timers;
  TimerId timer;
  if (deadline != kNever) {
    timer = timers.schedule(
        deadline, [this, id, at_deadline, certainty] { give_up(id, Error(at_deadline, certainty, "no answer came in time")); });
  }
  const Wake wake = co_await call.ended.wait();
  timers.cancel(timer);
  if (wake == Wake::cancelled) give_up(id, Error(ErrorCode::cancelled, Certainty::unknown, "cancelled by its owner"));
  calls_.erase(id);
  if (wake == Wake::cancelled) co_return fail(ErrorCode::cancelled, Certainty::unknown, "cancelled by its owner");
  co_return std::move(*call.result);
}

Task<void> SimTransport::connect(const Address& peer, MonotonicTime deadline) {
  Call call;
  const Number id = next_call_++;
  calls_.emplace(id, &call);
  const auto host = network_.address_hosts_.find(peer);
  if (host != network_.address_hosts_.end()) {
    offer_connection(host->second, peer, id);
  } else {
    finish(id, fail(ErrorCode::unavailable, peer.to_string() + " refuses the connection: is the node running?"));
  }
  const MonotonicTime timeout = saturating_add(runtime_.runtime().clock.monotonic_now(), network_.options().connect_timeout);
  const ErrorCode at_deadline = deadline < timeout ? ErrorCode::deadline_exceeded : ErrorCode::unavailable;
  LATIUM_CO_CHECKED(co_await wait_for(id, call, std::min(deadline, timeout), at_deadline, Certainty::not_applied));
  co_return Result<void>();
}

void SimTransport::offer_connection(HostId host, const Address& peer, Number call_id) {
  SimNetwork& network = network_;
  // At the other end, and what comes back; a set-up that vanishes runs into the timeout.
  auto arrived = [&network, peer, host, caller = number_, caller_host = host_, call_id, cluster = identity_.cluster] {
    SimTransport* server = network.listener(peer);
    Result<Bytes> answer;
    if (server == nullptr) {
      answer = fail(ErrorCode::unavailable, peer.to_string() + " refuses the connection: is the node running?");
    } else if (cluster && server->identity_.cluster && cluster != server->identity_.cluster) {
      ++server->statistics_.rejected_connections;
      answer = fail(ErrorCode::wrong_cluster, peer.to_string() + " belongs to another cluster: check the addresses");
    }
    const Number number = server == nullptr ? 0 : server->number_;
    network.send(
        host, caller_host, "accept", number, false,
        [&network, peer, caller, call_id, number, answer = std::move(answer)]() mutable {
          network.enter(caller, [peer, call_id, number, answer = std::move(answer)](SimTransport& transport) mutable {
            if (answer) transport.connections_[peer] = number;
            transport.finish(call_id, std::move(answer));
          });
        },
        [] {});
  };
  network.send(host_, host, "connect", peer.port, false, std::move(arrived), [] {});
}

void SimTransport::send_request(Number call_id, Number peer, HostId peer_host, Method method, const Bytes& request,
                                std::optional<Duration> remaining) {
  SimNetwork& network = network_;
  ++statistics_.requests_sent;
  statistics_.bytes_sent += request.size();
  const auto carry = [&, this](Duration extra) {
    auto arrived = [&network, peer, peer_host, method, request = Bytes(request), remaining, caller = number_, caller_host = host_,
                    call_id, identity = identity_]() mutable {
      if (network.find(peer) == nullptr) {
        network.send(
            peer_host, caller_host, "reset", peer, false,
            [&network, caller, peer] { network.enter(caller, [peer](SimTransport& transport) { transport.peer_gone(peer); }); },
            [&network, caller, call_id] {
              if (SimTransport* transport = network.find(caller)) transport->fail_later(call_id);
            });
        return;
      }
      network.enter(peer, [=, request = std::move(request), identity = std::move(identity)](SimTransport& server) mutable {
        server.deliver_request(caller, caller_host, call_id, method, std::move(request), remaining, identity);
      });
    };
    network.send(
        host_, peer_host, "request", xxh3_64(request, method), true, std::move(arrived),
        [this, &network, caller = number_, call_id] {
          if (network.find(caller) != nullptr) fail_later(call_id);
        },
        extra);
  };
  if (network.random_.chance(network.options_.reset)) {
    if (network.random_.chance(0.5)) carry(Duration(0));
    network.reset(host_, peer_host);
    return;
  }
  carry(Duration(0));
  if (network.random_.chance(network.options_.duplication)) {
    if (const auto found = calls_.find(call_id); found != calls_.end()) found->second->doubled = true;
    carry(Duration(network.random_.between(1, network.options_.duplicate_delay_max.count())));
  }
}

void SimTransport::deliver_request(Number caller, HostId caller_host, Number call_id, Method method, Bytes request,
                                   std::optional<Duration> remaining, const PeerIdentity& caller_identity) {
  ++statistics_.requests_received;
  statistics_.bytes_received += request.size();
  const MonotonicTime deadline = remaining ? saturating_add(runtime_.runtime().clock.monotonic_now(), *remaining) : kNever;
  auto sink = std::make_shared<ServerConnection>(network_, number_, host_, caller, caller_host, call_id, caller_identity);
  const PeerIdentity& peer = sink->peer();
  const std::uint64_t id = next_request_++;
  unanswered_.emplace(std::pair(caller, id), Unanswered{.call = call_id});
  handler_->handle(IncomingRequest(method, std::move(request), deadline, peer, std::move(sink), caller, id));
}

void SimTransport::nobody_waits(Number caller, std::optional<Number> call_id) {
  // The handler may answer any of them while it is told.
  std::vector<std::pair<Number, std::uint64_t>> untold;
  for (auto at = unanswered_.lower_bound({caller, 0}); at != unanswered_.end() && at->first.first == caller; ++at) {
    if (call_id && at->second.call != *call_id) continue;
    if (!std::exchange(at->second.told, true)) untold.push_back(at->first);
  }
  for (const auto& key : untold) {
    if (unanswered_.contains(key)) handler_->cancelled(key.first, key.second);
  }
}

void SimTransport::tell_cancelled(Number call_id, Number peer, HostId peer_host) {
  auto arrived = [&network = network_, peer, caller = number_, call_id] {
    network.enter(peer, [caller, call_id](SimTransport& server) { server.nobody_waits(caller, call_id); });
  };
  auto by_keepalive = [&network = network_, arrived] { network.simulation_.after(network.dead_after(), arrived); };
  network_.send(host_, peer_host, "cancel", call_id, true, arrived, std::move(by_keepalive));
}

void SimTransport::give_up(Number call_id, Error error) {
  const auto found = calls_.find(call_id);
  if (found == calls_.end() || found->second->result) return;
  found->second->gave_up = true;
  finish(call_id, std::unexpected(std::move(error)));
}

void SimTransport::finish(Number call_id, Result<Bytes> result) {
  const auto found = calls_.find(call_id);
  if (found == calls_.end() || found->second->result) return;
  if (result) {
    statistics_.bytes_received += result->size();
  } else if (found->second->doubled) {
    result.error().certainty = Certainty::unknown;
  }
  found->second->result.emplace(std::move(result));
  found->second->ended.wake();
}

void SimTransport::fail_later(Number call_id) {
  network_.simulation_.after(network_.dead_after(), [&network = network_, number = number_, call_id] {
    network.enter(number, [call_id](SimTransport& transport) {
      transport.finish(call_id, fail(ErrorCode::unavailable, Certainty::unknown, "the connection was lost"));
    });
  });
}

void SimTransport::peer_gone(Number peer) {
  std::erase_if(connections_, [peer](const auto& connection) { return connection.second == peer; });
  for (const auto& [id, call] : calls_) {
    if (call->peer == peer) finish(id, fail(ErrorCode::unavailable, Certainty::unknown, "the connection was lost"));
  }
  nobody_waits(peer, std::nullopt);
}

void SimTransport::close(bool tell_peers) {
  if (!open_) return;
  open_ = false;
  network_.transports_.erase(number_);
  if (address_) network_.listeners_.erase(*address_);
  const auto connections = std::exchange(connections_, {});
  for (const auto& [id, call] : calls_) finish(id, gone_error());
  SimNetwork& network = network_;
  for (const auto& [number, other] : network.transports_) {
    const auto leads_to = [](Number end) { return [end](const auto& connection) { return connection.second == end; }; };
    if (std::ranges::none_of(other->connections_, leads_to(number_)) && std::ranges::none_of(connections, leads_to(number))) {
      continue;
    }
    auto notice = [&network, number, gone = number_] {
      network.enter(number, [gone](SimTransport& transport) { transport.peer_gone(gone); });
    };
    auto by_keepalive = [&network, notice] { network.simulation_.after(network.dead_after(), notice); };
    if (tell_peers) {
      network.send(host_, other->host_, "reset", number_, false, notice, by_keepalive);
    } else {
      by_keepalive();
    }
  }
}

Task<void> SimTransport::stop() {
  close(true);
  // Its own connections are closed as well. In a killed process nothing hears of it.
  if (runtime_.gate().dead()) co_return Result<void>();
  std::set<Number> callers;
  for (const auto& [key, request] : unanswered_) callers.insert(key.first);
  for (const Number caller : callers) nobody_waits(caller, std::nullopt);
  co_return Result<void>();
}

void SimTransport::kill(bool resets) {
  LATIUM_CHECK(runtime_.gate().dead(), "kill the gate first");
  close(resets);
}

}  // namespace latium::sim
