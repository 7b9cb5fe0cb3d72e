// Peer: the dialling end: calls to one address, its connection, and dialling again when that is lost.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "net/call_table.h"
#include "net/connection.h"

namespace latium {

/// Loop thread only. close() it and join the context's tasks before it dies, unless it is idle().
///
///   idle --call--> dialling --handshake--> open --loss--> idle
///                  dialling --failure----> idle, and until the backoff is over calls fail at once with that failure
class Peer final : public ConnectionOwner {
 public:
  Peer(NetContext& context, Address address);

  /// The id of the call, or 0 when the callback was called already, with the reason.
  std::uint64_t send(Method method, Bytes request, MonotonicTime deadline, ResponseCallback callback);
  /// The callback will not be called. Tells the peer. Returns whether the request may have reached it.
  Certainty cancel(std::uint64_t id);
  void close(const Error& reason);

  /// Nothing is lost with it.
  bool idle() const { return state_ == State::idle && calls_.size() == 0 && !failing_; }

  void on_message(Connection& connection, Message message) override;
  void on_cancel(Connection& connection, std::uint64_t request_id) override;
  void on_closed(Connection& connection, const Error& reason) override;

 private:
  enum class State { idle, dialling, open };

  Result<void> admit(const Bytes& request, MonotonicTime deadline) const;
  void start_dialling();
  Task<void> dial();
  Task<std::unique_ptr<Stream>> connect();
  void dialling_failed(Error reason);
  void opened(std::unique_ptr<Stream> stream, FrameDecoder decoder);

  void transmit(std::uint64_t id);
  void finish(std::uint64_t id, Result<Bytes> result);
  void fail_all(const Error& reason);
  void tell_cancelled(std::uint64_t id);
  void arm_sweep(MonotonicTime deadline);
  void sweep();

  NetContext& context_;
  const Address address_;
  const std::string address_text_;
  State state_ = State::idle;
  CallTable calls_;
  std::size_t unsent_bytes_ = 0;  // of requests that wait for the connection
  std::shared_ptr<Connection> connection_;
  bool failing_ = false;  // callbacks are being called with this object's calls

  std::uint32_t failed_dials_ = 0;
  MonotonicTime next_dial_ = MonotonicTime::min();
  std::optional<Error> last_failure_;

  // One timer for all deadlines: set to a lower bound of the earliest. When it fires, the late ones end and it is set
  // anew; a call that is answered in time never touches it.
  TimerId sweep_timer_;
  MonotonicTime sweep_at_ = kNever;
};

}  // namespace latium
