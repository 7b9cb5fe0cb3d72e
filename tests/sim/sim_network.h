// SimNetwork and SimTransport: the Transport contract over a network that loses, doubles, delays, reorders, holds back and cuts.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/transport.h"
#include "runtime/runtime.h"
#include "runtime/suspension.h"
#include "tests/sim/sim_runtime.h"
#include "tests/sim/simulation.h"

namespace latium::sim {

/// How the network behaves; change it at any time. Rates are probabilities of one message.
struct NetworkOptions {
  double loss = 0;  ///< the message vanishes; its connection is found dead after `dead_after_*`
  /// The request arrives twice. The caller sees one answer; if it is an error, its certainty is `unknown`: the other copy may
  /// still succeed.
  double duplication = 0;
  Duration duplicate_delay_max = std::chrono::seconds(2);  ///< by how much the second copy may be later
  double reordering = 0;                                   ///< the message may overtake those before it on its connection
  double reset = 0;                                        ///< sending it resets the connection: everything in flight on it fails
  Duration lan_min = std::chrono::microseconds(100);       ///< one way, inside a site
  Duration lan_max = std::chrono::milliseconds(2);
  Duration wan_min = std::chrono::milliseconds(5);  ///< one way, between sites: each pair draws its own base from this range
  Duration wan_max = std::chrono::milliseconds(150);
  double tail = 0.01;  ///< messages that take up to `tail_factor` times as long
  double tail_factor = 50;
  Duration dead_after_min = std::chrono::seconds(1);  ///< until keepalive notices that a peer or path is dead
  Duration dead_after_max = std::chrono::seconds(10);
  Duration connect_timeout = std::chrono::seconds(3);
  std::size_t in_flight_per_peer = 1024;  ///< calls that may wait for one peer; above it `overloaded`
};

/// A machine on the network.
using HostId = std::uint32_t;

class SimTransport;

/// Outlives its transports. Loop thread only.
class SimNetwork {
 public:
  SimNetwork(Simulation& simulation, NetworkOptions options)
      : simulation_(simulation), options_(options), random_(simulation.random().fork("network")) {}

  HostId add_host(const std::string& site);
  NetworkOptions& options() { return options_; }
  std::size_t hosts() const { return sites_.size(); }
  const std::string& site(HostId host) const { return sites_[host]; }

  /// Cuts the path one way: what is sent or under way is lost.
  void cut(HostId from, HostId to) { cut_.emplace(from, to); }
  void uncut(HostId from, HostId to) { cut_.erase({from, to}); }
  void cut_both(HostId a, HostId b) {
    cut(a, b);
    cut(b, a);
  }
  /// Both ways, everyone else.
  void isolate(HostId host);
  /// Two groups that do not hear each other.
  void halves(const std::vector<HostId>& one, const std::vector<HostId>& other);
  /// Two groups that share only `bridge`.
  void bridge(const std::vector<HostId>& one, HostId bridge, const std::vector<HostId>& other);
  /// Everyone hears only its two neighbours in the order given.
  void ring(const std::vector<HostId>& order);
  void isolate_site(const std::string& site);
  /// Undoes every cut.
  void heal() { cut_.clear(); }

  /// Holds messages back, in order, until unclog().
  void clog(HostId from, HostId to) { clogged_.emplace(from, to); }
  void unclog(HostId from, HostId to);
  void unclog_all();

  /// Resets the connection between two hosts: calls in flight either way end with `unavailable`, unknown.
  void reset(HostId a, HostId b);

 private:
  friend class SimTransport;
  friend class ServerConnection;
  using Path = std::pair<HostId, HostId>;

  struct Message {
    std::string_view kind;
    std::move_only_function<void()> deliver;
    std::move_only_function<void()> lost;
  };

  bool passes(HostId from, HostId to) const { return !cut_.contains({from, to}); }
  Duration delay(HostId from, HostId to);
  Duration dead_after();
  // Carries a message: `deliver` runs when it is there, or `lost` when it vanishes. `may_lose`: connection set-up and resets
  // are not lost, only cut. `extra`: how much later than others it comes, overtaken by them.
  void send(HostId from, HostId to, std::string_view kind, std::uint64_t digest, bool may_lose,
            std::move_only_function<void()> deliver, std::move_only_function<void()> lost, Duration extra = Duration(0));
  void arrive(Path path, Message message);
  // Runs `action` in the process of a transport, if it is still there; a paused one does it later.
  void enter(std::uint64_t transport, std::move_only_function<void(SimTransport&)> action);
  SimTransport* find(std::uint64_t transport) const;
  SimTransport* listener(const Address& address) const;

  Simulation& simulation_;
  NetworkOptions options_;
  Random random_;
  std::vector<std::string> sites_;
  std::set<Path> cut_;
  std::set<Path> clogged_;
  std::map<Path, std::deque<Message>> held_;
  std::map<Path, Duration> last_arrival_;
  std::map<std::pair<std::string, std::string>, Duration> wan_base_;
  std::map<Address, SimTransport*> listeners_;
  std::map<Address, HostId> address_hosts_;            // of every address that was ever listened on
  std::map<std::uint64_t, SimTransport*> transports_;  // by number; numbers are never reused
  std::uint64_t next_transport_ = 1;
  std::uint16_t next_port_ = 10'000;
};

/// The transport of one process. Lives in the process's runtime: what arrives goes through its gate.
class SimTransport final : public Transport {
 public:
  /// All outlive it.
  SimTransport(SimNetwork& network, SimRuntime& runtime, HostId host, PeerIdentity identity);
  ~SimTransport() override;

  Result<Address> listen(const Address& address, RequestHandler& handler) override;
  Task<Bytes> call(Address peer, Method method, Bytes request, CallOptions options) override;
  TransportStatistics statistics() const override { return statistics_; }
  Task<void> stop() override;

  /// The process dies: nothing is sent or received any more, calls in flight end. `resets`: its machine lives on and tells
  /// the peers at once; otherwise they find out by keepalive.
  void kill(bool resets);
  HostId host() const { return host_; }
  void set_identity(PeerIdentity identity) { identity_ = std::move(identity); }

 private:
  friend class SimNetwork;
  friend class ServerConnection;
  using Number = std::uint64_t;

  struct Call {
    Number peer = 0;
    bool doubled = false;  // its request may arrive twice
    bool gave_up = false;  // the deadline or a cancel ended it, not an answer
    std::optional<Result<Bytes>> result;
    Suspension ended;
  };

  /// A request that the handler has and has not answered.
  struct Unanswered {
    Number call = 0;
    bool told = false;  // that nobody waits any more
  };

  // Waits for finish(id), the deadline or a cancel, and takes the call off the books.
  Task<Bytes> wait_for(Number id, Call& call, MonotonicTime deadline, ErrorCode at_deadline, Certainty certainty);
  Task<void> connect(const Address& peer, MonotonicTime deadline);
  void offer_connection(HostId host, const Address& peer, Number call_id);
  void send_request(Number call_id, Number peer, HostId peer_host, Method method, const Bytes& request,
                    std::optional<Duration> remaining);
  void deliver_request(Number caller, HostId caller_host, Number call_id, Method method, Bytes request,
                       std::optional<Duration> remaining, const PeerIdentity& caller_identity);
  void finish(Number call_id, Result<Bytes> result);
  void give_up(Number call_id, Error error);
  // To the server: nobody waits for this call. Where that message vanishes, the server finds out as it finds a dead connection.
  void tell_cancelled(Number call_id, Number peer, HostId peer_host);
  // Tells the handler of unanswered requests of a caller: those of one call, or all.
  void nobody_waits(Number caller, std::optional<Number> call_id);
  void fail_later(Number call_id);
  void peer_gone(Number peer);
  void close(bool tell_peers);
  std::unexpected<Error> gone_error() const;

  SimNetwork& network_;
  SimRuntime& runtime_;
  HostId host_;
  PeerIdentity identity_;
  Number number_;
  bool open_ = true;
  RequestHandler* handler_ = nullptr;
  std::optional<Address> address_;
  TransportStatistics statistics_;
  std::map<Number, Call*> calls_;
  std::map<std::pair<Number, std::uint64_t>, Unanswered> unanswered_;  // by caller and request id
  std::map<Address, std::size_t> in_flight_;
  std::map<Address, Number> connections_;  // to the transport that listened there when it was made
  Number next_call_ = 1;
  std::uint64_t next_request_ = 1;
};

}  // namespace latium::sim
