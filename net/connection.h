// Connection: whole messages over one stream, after the handshake: the read loop, the write loop, pings.
//
// Cost: frames written while a batch of incoming frames is handled, or in one turn of the loop, leave in one write. There
// is no coroutine and no timer a message.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "net/context.h"
#include "net/frame.h"
#include "net/reassembly.h"
#include "net/send_queue.h"
#include "net/stream.h"

namespace latium {

class Connection;

/// What a connection's messages are for: an IncomingSession or a Peer. Called on the loop; may close the connection.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  virtual void on_message(Connection& connection, Message message) = 0;
  /// The dialling side gave up on a request.
  virtual void on_cancel(Connection& connection, std::uint64_t request_id) = 0;
  /// Once. No other call follows; the owner may be destroyed in it.
  virtual void on_closed(Connection& connection, const Error& reason) = 0;
};

/// Loop thread only. Held by its loops until it is closed and they have ended, and by its owner.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// `decoder` may hold bytes that came behind the handshake. The owner outlives the connection or closes it. `account`
  /// counts unfinished messages and what waits to be written, until close(); none for the dialling side.
  Connection(NetContext& context, ConnectionOwner& owner, Side side, std::unique_ptr<Stream> stream, FrameDecoder decoder,
             std::string peer, ByteAccount* account = nullptr);
  ~Connection();

  /// Starts the write loop and the pings; then read_loop() has to be awaited by the task that made the connection.
  void start();
  /// Ends once the connection is closed.
  static Task<void> read_loop(std::shared_ptr<Connection> self);

  /// Queues a message for the next write. Precondition: at most kMaxMessageBytes. After close(): drops it.
  void send(FrameHeader header, Bytes&& payload);
  void send_small(FrameHeader header, BytesView payload);
  /// Drops what is left of a large message.
  void discard(std::uint64_t request_id) {
    queue_.discard(request_id);
    count_queue();
  }

  /// Closes at once; `say_goodbye`: tells the peer why, as far as the kernel takes it without waiting (plaintext only).
  void close(const Error& reason, bool say_goodbye);

  /// For a peer that breaks the rules: close() with a goodbye, counted.
  void break_off(const Error& reason);

  bool closed() const { return closed_; }
  /// Bytes that wait to be written.
  std::size_t queued_bytes() const { return queue_.bytes() + out_.size() - out_done_; }
  /// The time at which the frames that are being handled were read; now, outside of them.
  MonotonicTime now() const { return in_batch_ ? batch_time_ : context_.now(); }

 private:
  static Task<void> write_loop(std::shared_ptr<Connection> self);

  bool handle_input();
  void handle_frame(const Frame& frame);
  void handle_message_frame(const Frame& frame);
  void refuse_unfinished(std::uint64_t request_id);
  bool from_right_side(FrameType type) const;
  void observe_stamp(std::uint64_t stamp);

  bool answers_pile_up(std::size_t bound) const;
  bool count_kept();
  void count_queue();

  std::uint64_t stamp();
  void request_flush();
  void flush();
  bool refill();
  bool write_now();
  void wrote(std::size_t count);

  void schedule_ping();
  void check_silence();

  NetContext& context_;
  ConnectionOwner* owner_;
  const Side side_;
  const std::string peer_;
  std::unique_ptr<Stream> stream_;

  ByteAccount* account_;           // null: nothing is counted
  std::size_t counted_queue_ = 0;  // what the account has of queued_bytes()
  std::size_t counted_kept_ = 0;   // and of the reassembler

  FrameDecoder decoder_;
  Reassembler reassembler_;
  bool in_batch_ = false;
  MonotonicTime batch_time_;
  std::uint64_t batch_wall_ms_ = 0;

  SendQueue queue_;
  Bytes out_;  // being written: out_done_ bytes of it are
  std::size_t out_done_ = 0;
  bool writing_ = false;  // the write loop has the stream
  bool flush_posted_ = false;
  Suspension* writer_ = nullptr;  // the write loop waits for work
  Suspension* reader_ = nullptr;  // the read loop waits for the queue to drain

  MonotonicTime last_heard_;
  MonotonicTime last_wrote_;
  int unanswered_pings_ = 0;
  TimerId ping_timer_;
  bool closed_ = false;
};

}  // namespace latium
