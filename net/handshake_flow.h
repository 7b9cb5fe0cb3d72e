// The handshake over a stream: TLS if the transport uses it, then hello and hello_ack.
#pragma once

#include <string>

#include "net/context.h"
#include "net/frame.h"
#include "net/stream.h"

namespace latium {

/// Both: the peer's identity, or why it is refused: the errors of check_hello() and Stream::secure(), `corruption` for
/// bytes that are no handshake, `unavailable` for a lost connection, and what the peer said when it is the peer that
/// refused. `decoder` keeps bytes that came behind the handshake. The caller closes the stream when its time is over, and
/// keeps `stream`, `decoder` and `context` alive.
Task<PeerIdentity> greet_as_dialler(NetContext& context, Stream& stream, FrameDecoder& decoder, std::string address);
/// Tells the peer why it is refused.
Task<PeerIdentity> greet_as_acceptor(NetContext& context, Stream& stream, FrameDecoder& decoder, std::string address);

/// Closes a socket when its time is over, unless destroyed first.
class CloseTimer {
 public:
  CloseTimer(Runtime& runtime, Duration after, Stream& stream) : runtime_(runtime) {
    timer_ = runtime.timers.schedule(saturating_add(runtime.clock.monotonic_now(), after), [this, &stream] {
      expired_ = true;
      stream.close();
    });
  }
  ~CloseTimer() { runtime_.timers.cancel(timer_); }
  CloseTimer(const CloseTimer&) = delete;
  CloseTimer& operator=(const CloseTimer&) = delete;

  bool expired() const { return expired_; }

 private:
  Runtime& runtime_;
  TimerId timer_;
  bool expired_ = false;
};

}  // namespace latium
