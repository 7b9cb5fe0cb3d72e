#include "net/handshake_flow.h"

#include <utility>

#include "net/wire_error.h"

namespace latium {

namespace {

/// One frame of the type expected; a goodbye instead of it gives the peer's reason.
Task<Bytes> read_frame(NetContext& context, Stream& stream, FrameDecoder& decoder, FrameType expected) {
  for (;;) {
    LATIUM_CO_TRY(const std::optional<Frame> frame, decoder.next());
    if (frame && frame->header.type == expected) co_return Bytes(frame->payload);
    if (frame && frame->header.type == FrameType::goodbye) {
      Error reason = decode_error(frame->payload);
      co_return fail(reason.code, Certainty::not_applied, "the peer refused the connection: " + reason.message);
    }
    if (frame) co_return fail(ErrorCode::corruption, "the connection does not begin with a hello");
    const FrameDecoder::Space space = decoder.prepare();
    const auto [error, count] = co_await stream.read_some(space.data, space.size);
    if (error && Stream::is_tls_alert(error)) {
      // With TLS 1.3 a refused certificate shows here: the dialler's part of the TLS handshake is over by then.
      co_return fail(ErrorCode::unauthenticated, "the peer refused this end's certificate: " + error.message());
    }
    if (error) {
      co_return fail(ErrorCode::unavailable, "the connection was lost in the handshake (" + error.message() +
                                                 "): check that the address is a latium node's and whether it uses TLS");
    }
    decoder.commit(count);
    context.statistics.bytes_received += count;
  }
}

Task<void> write_frame(NetContext& context, Stream& stream, FrameType type, Bytes payload) {
  Bytes frame;
  append_frame(frame, {.type = type}, payload);
  const auto [error, count] = co_await stream.write_all(frame);
  if (error) co_return fail(ErrorCode::unavailable, "the connection was lost in the handshake: " + error.message());
  context.statistics.bytes_sent += count;
  co_return Result<void>();
}

Result<PeerIdentity> judge(NetContext& context, const std::optional<CertificateIdentity>& certificate, BytesView payload,
                           const std::string& address) {
  if (context.stopping) return fail(ErrorCode::unavailable, "the node is stopping");
  LATIUM_TRY(const Hello theirs, decode_hello(payload));
  return check_hello(context.hello, theirs, certificate, address);
}

}  // namespace

Task<PeerIdentity> greet_as_dialler(NetContext& context, Stream& stream, FrameDecoder& decoder, std::string address) {
  LATIUM_CO_TRY(const auto certificate, co_await stream.secure());
  LATIUM_CO_CHECKED(co_await write_frame(context, stream, FrameType::hello, encode_hello(context.hello)));
  LATIUM_CO_TRY(const Bytes payload, co_await read_frame(context, stream, decoder, FrameType::hello_ack));
  co_return judge(context, certificate, payload, address);
}

Task<PeerIdentity> greet_as_acceptor(NetContext& context, Stream& stream, FrameDecoder& decoder, std::string address) {
  LATIUM_CO_TRY(const auto certificate, co_await stream.secure());
  auto payload = co_await read_frame(context, stream, decoder, FrameType::hello);
  auto peer = payload ? judge(context, certificate, *payload, address) : Result<PeerIdentity>(fail(payload.error()));
  if (peer) {
    LATIUM_CO_CHECKED(co_await write_frame(context, stream, FrameType::hello_ack, encode_hello(context.hello)));
  } else if (peer.error().code != ErrorCode::unavailable) {
    // Best effort: the refusal stands whether the peer hears of it or not.
    (void)co_await write_frame(context, stream, FrameType::goodbye, encode_error(peer.error()));
  }
  co_return peer;
}

}  // namespace latium
