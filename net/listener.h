// Listener: accepts connections, greets the peers, and serves the good ones.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <cstdint>
#include <memory>
#include <unordered_set>

#include "net/incoming_session.h"

namespace latium {

/// Loop thread only. stop() it and join the context's tasks before it dies.
class Listener {
 public:
  Listener(NetContext& context, RequestHandler& handler);

  /// Binds and begins to accept. Returns the address with the port that was chosen. `io_error` names the remedy. A host
  /// name is looked up, which blocks.
  Result<Address> open(const Address& address);
  /// Stops accepting and closes all sessions.
  void stop();
  /// See TcpTransport.
  std::uint64_t unsent_bytes() const;

 private:
  using Acceptor = boost::asio::basic_socket_acceptor<Tcp, Executor>;

  Task<void> accept_loop();
  Task<void> greet_and_serve(Socket socket, std::string remote);
  void reject(const std::string& remote, const Error& reason);

  NetContext& context_;
  RequestHandler& handler_;
  Acceptor acceptor_;
  std::size_t open_ = 0;  // connections, from accept to end
  std::unordered_set<std::shared_ptr<IncomingSession>> sessions_;
};

}  // namespace latium
