#include "net/stream.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace latium {

namespace {

constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable_t<Executor>());

boost::asio::ssl::stream<Socket&> make_stream(Socket& socket, const TlsContext& context) {
  // Asio's context would own and free OpenSSL's: it gets a reference of its own.
  SSL_CTX_up_ref(context.native());
  boost::asio::ssl::context borrowed(context.native());
  return boost::asio::ssl::stream<Socket&>(socket, borrowed);
}

}  // namespace

struct Stream::Tls {
  Tls(Socket& socket, std::shared_ptr<const TlsContext> shared)
      : context(std::move(shared)), stream(make_stream(socket, *context)) {}
  std::shared_ptr<const TlsContext> context;
  boost::asio::ssl::stream<Socket&> stream;
};

Stream::Stream(Socket socket, std::shared_ptr<const TlsContext> tls, Side side) : socket_(std::move(socket)), side_(side) {
  if (tls) tls_ = std::make_unique<Tls>(socket_, std::move(tls));
}

Stream::~Stream() = default;

Task<std::optional<CertificateIdentity>> Stream::secure() {
  boost::system::error_code error;
  socket_.set_option(Tcp::no_delay(true), error);
  if (!error) socket_.non_blocking(true, error);
  if (error) co_return fail(ErrorCode::unavailable, "the connection was lost: " + error.message());
  if (!tls_) co_return std::nullopt;
  const auto type = side_ == Side::dialler ? boost::asio::ssl::stream_base::client : boost::asio::ssl::stream_base::server;
  const auto [failed] = co_await tls_->stream.async_handshake(type, kAwait);
  if (failed && is_tls_alert(failed)) {
    co_return fail(tls_failure(tls_->stream.native_handle(), failed.message()));
  }
  if (failed) {
    co_return fail(ErrorCode::unavailable,
                   "the connection was lost in the TLS handshake (" + failed.message() + "): check that the peer uses TLS");
  }
  LATIUM_CO_TRY(CertificateIdentity identity, peer_certificate_identity(tls_->stream.native_handle()));
  co_return identity;
}

Awaitable<IoResult> Stream::read_some(char* data, std::size_t size) {
  if (tls_) return tls_->stream.async_read_some(boost::asio::buffer(data, size), kAwait);
  return socket_.async_read_some(boost::asio::buffer(data, size), kAwait);
}

Awaitable<IoResult> Stream::write_some(BytesView bytes) {
  if (tls_) return tls_->stream.async_write_some(boost::asio::buffer(bytes), kAwait);
  return socket_.async_write_some(boost::asio::buffer(bytes), kAwait);
}

Awaitable<IoResult> Stream::write_all(BytesView bytes) {
  if (tls_) return boost::asio::async_write(tls_->stream, boost::asio::buffer(bytes), kAwait);
  return boost::asio::async_write(socket_, boost::asio::buffer(bytes), kAwait);
}

IoResult Stream::try_write(BytesView bytes) {
  boost::system::error_code error;
  const std::size_t count = socket_.write_some(boost::asio::buffer(bytes), error);
  return {error, count};
}

bool Stream::is_tls_alert(const boost::system::error_code& error) {
  return error.category() == boost::asio::error::get_ssl_category();
}

void Stream::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace latium
