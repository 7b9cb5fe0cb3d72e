// A peer made by hand, for what a well-behaved one never does.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <utility>

#include "net/frame.h"
#include "net/stream.h"
#include "net/transport.h"

namespace latium::testing {

inline constexpr auto kAwaitTuple = boost::asio::as_tuple(boost::asio::use_awaitable_t<Executor>());
using RawAcceptor = boost::asio::basic_socket_acceptor<Tcp, Executor>;

struct RawPeer {
  explicit RawPeer(Executor executor) : socket(executor) {}

  Task<void> connect(Address address) {
    const Tcp::endpoint endpoint(boost::asio::ip::make_address(address.host), address.port);
    const auto [error] = co_await socket.async_connect(endpoint, kAwaitTuple);
    if (error) co_return fail(ErrorCode::io_error, error.message());
    co_return Result<void>();
  }
  Task<void> accept(RawAcceptor* acceptor) {
    auto [error, accepted] = co_await acceptor->async_accept(kAwaitTuple);
    if (error) co_return fail(ErrorCode::io_error, error.message());
    socket = std::move(accepted);
    co_return Result<void>();
  }
  Task<void> write(Bytes bytes) {
    const auto [error, count] = co_await boost::asio::async_write(socket, boost::asio::buffer(bytes), kAwaitTuple);
    if (error) co_return fail(ErrorCode::io_error, error.message());
    co_return Result<void>();
  }
  Task<void> write_frame(FrameHeader header, Bytes payload) {
    Bytes bytes;
    append_frame(bytes, header, payload);
    co_return co_await write(std::move(bytes));
  }
  /// Reads until a frame of that type comes; its payload. `unavailable` when the connection ends first.
  Task<Bytes> read_until(FrameType type) {
    for (;;) {
      LATIUM_CO_TRY(const std::optional<Frame> frame, decoder.next());
      if (frame && frame->header.type == type) {
        last = frame->header;
        co_return Bytes(frame->payload);
      }
      if (frame) continue;
      const FrameDecoder::Space space = decoder.prepare();
      const auto [error, count] = co_await socket.async_read_some(boost::asio::buffer(space.data, space.size), kAwaitTuple);
      if (error) co_return fail(ErrorCode::unavailable, error.message());
      decoder.commit(count);
    }
  }
  /// Reads until the other end closes.
  Task<void> read_to_end() {
    char buffer[4096];
    for (;;) {
      const auto [error, count] = co_await socket.async_read_some(boost::asio::buffer(buffer), kAwaitTuple);
      if (error) co_return Result<void>();
    }
  }

  Socket socket;
  FrameDecoder decoder;
  FrameHeader last;
};

}  // namespace latium::testing
