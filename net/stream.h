// Stream: the bytes of one connection, over TCP or over TLS on TCP.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <tuple>

#include "base/bytes.h"
#include "net/handshake.h"
#include "net/tls.h"
#include "runtime/task.h"

namespace latium {

using Tcp = boost::asio::ip::tcp;
/// With the concrete executor: a type-erased one costs at each resumption.
using Socket = boost::asio::basic_stream_socket<Tcp, Executor>;
using IoResult = std::tuple<boost::system::error_code, std::size_t>;

enum class Side { dialler, acceptor };

/// Loop thread only. One read and one write may be under way at a time; the stream outlives them.
class Stream {
 public:
  /// `tls` null: plaintext. The socket is connected already, or connects before secure().
  Stream(Socket socket, std::shared_ptr<const TlsContext> tls, Side side);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// After the TCP connection stands: sets its options and does the TLS handshake. What the peer's certificate proved;
  /// nothing in plaintext. `unauthenticated` when TLS fails.
  Task<std::optional<CertificateIdentity>> secure();

  Awaitable<IoResult> read_some(char* data, std::size_t size);
  Awaitable<IoResult> write_some(BytesView bytes);
  /// All of `bytes`.
  Awaitable<IoResult> write_all(BytesView bytes);
  /// Plaintext only, and no write under way: takes as much as the kernel does now; would_block when nothing.
  IoResult try_write(BytesView bytes);

  /// Ends everything under way with an error. Idempotent.
  void close();

  /// The peer, or OpenSSL here, broke TLS off for a reason of TLS.
  static bool is_tls_alert(const boost::system::error_code& error);

  bool encrypted() const { return tls_ != nullptr; }
  Socket& socket() { return socket_; }

 private:
  struct Tls;
  Socket socket_;
  Side side_;
  std::unique_ptr<Tls> tls_;
};

}  // namespace latium
