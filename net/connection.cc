// The life of a connection and its reading half.
#include "net/connection.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <utility>

#include "net/wire_error.h"

namespace latium {

namespace {

/// About the longest refusal of a request.
constexpr std::size_t kMaxRefusalBytes = 256;

Error read_failure(const boost::system::error_code& error) {
  if (error == boost::asio::error::eof) return {ErrorCode::unavailable, "the peer closed the connection"};
  return {ErrorCode::unavailable, "the connection was lost: " + error.message()};
}

}  // namespace

Connection::Connection(NetContext& context, ConnectionOwner& owner, Side side, std::unique_ptr<Stream> stream,
                       FrameDecoder decoder, std::string peer, ByteAccount* account)
    : context_(context),
      owner_(&owner),
      side_(side),
      peer_(std::move(peer)),
      stream_(std::move(stream)),
      account_(account),
      decoder_(std::move(decoder)),
      last_heard_(context.now()),
      last_wrote_(last_heard_) {}

Connection::~Connection() {
  LATIUM_CHECK(closed_, "close() a connection before it dies");
}

void Connection::start() {
  ++context_.statistics.connections_open;
  schedule_ping();
  if (auto spawned = context_.tasks.spawn(write_loop(shared_from_this())); !spawned) close(spawned.error(), false);
}

Task<void> Connection::read_loop(std::shared_ptr<Connection> self) {
  Connection& connection = *self;
  bool frames_left = connection.handle_input();
  while (!connection.closed_) {
    // Only the accepting side: its answers are what a peer that does not read makes pile up. The dialling side always
    // reads, or two ends that wait for each other would stand still.
    if (connection.answers_pile_up(connection.context_.limits.pause_reading_bytes)) {
      Suspension drained;
      connection.reader_ = &drained;
      co_await drained.wait();
      connection.reader_ = nullptr;
      if (co_await is_cancelled()) connection.close(Error(ErrorCode::cancelled, "the transport is stopping"), true);
      continue;
    }
    if (frames_left) {
      frames_left = connection.handle_input();
      continue;
    }
    const FrameDecoder::Space space = connection.decoder_.prepare();
    const auto [error, count] = co_await connection.stream_->read_some(space.data, space.size);
    if (connection.closed_) break;
    if (error) {
      connection.close(read_failure(error), false);
      break;
    }
    connection.decoder_.commit(count);
    connection.context_.statistics.bytes_received += count;
    frames_left = connection.handle_input();
  }
  co_return Result<void>();
}

/// Whether requests are not to be read before answers were written. Only on the accepting side.
bool Connection::answers_pile_up(std::size_t bound) const {
  if (side_ != Side::acceptor) return false;
  return queued_bytes() > bound ||
         // Even refusals take room.
         (account_ != nullptr && counted_queue_ > 0 && !account_->has_room(kMaxRefusalBytes));
}

/// Handles what the decoder has; true when it stopped because answers pile up, with frames left perhaps.
bool Connection::handle_input() {
  batch_time_ = context_.now();
  batch_wall_ms_ = context_.runtime.clock.wall_ms();
  last_heard_ = batch_time_;
  unanswered_pings_ = 0;
  in_batch_ = true;
  bool stopped = false;
  while (!closed_) {
    stopped = answers_pile_up(context_.limits.pause_reading_bytes);
    if (stopped) break;
    auto frame = decoder_.next();
    if (!frame) {
      break_off(frame.error());
    } else if (*frame) {
      handle_frame(**frame);
    } else {
      break;
    }
  }
  in_batch_ = false;
  flush();
  return stopped;
}

void Connection::handle_frame(const Frame& frame) {
  const FrameHeader& header = frame.header;
  if (!from_right_side(header.type)) {
    break_off(
        {ErrorCode::corruption, "a frame of type " + std::to_string(static_cast<int>(header.type)) + " in the wrong place"});
    return;
  }
  observe_stamp(header.hlc);
  switch (header.type) {
    case FrameType::request:
    case FrameType::response:
    case FrameType::error:
    case FrameType::chunk:
      handle_message_frame(frame);
      return;
    case FrameType::cancel:
      reassembler_.discard(header.request_id);
      count_kept();
      owner_->on_cancel(*this, header.request_id);
      return;
    case FrameType::ping:
      send_small({.type = FrameType::pong}, {});
      return;
    case FrameType::goodbye: {
      Error reason = decode_error(frame.payload);
      reason.message = "the peer closed the connection: " + reason.message;
      close(reason, false);
      return;
    }
    case FrameType::pong:
    case FrameType::hello:
    case FrameType::hello_ack:
      return;
  }
}

bool Connection::from_right_side(FrameType type) const {
  switch (type) {
    case FrameType::request:
    case FrameType::cancel:
      return side_ == Side::acceptor;
    case FrameType::response:
    case FrameType::error:
      return side_ == Side::dialler;
    case FrameType::hello:
    case FrameType::hello_ack:
      return false;
    default:
      return true;
  }
}

void Connection::handle_message_frame(const Frame& frame) {
  auto message = reassembler_.add(frame);
  if (!message) {
    break_off(message.error());
  } else if (const bool has_room = count_kept(); *message) {
    owner_->on_message(*this, std::move(**message));
  } else if (!has_room) {
    refuse_unfinished(frame.header.request_id);
  }
}

void Connection::refuse_unfinished(std::uint64_t request_id) {
  reassembler_.refuse(request_id);
  count_kept();
  ++context_.statistics.overloaded;
  send_small({.type = FrameType::error, .request_id = request_id},
             encode_error({ErrorCode::overloaded, "the node holds too many bytes to take a large request: retry with backoff"}));
}

/// Brings the account up to date; false when it has no room for what came.
bool Connection::count_kept() {
  if (account_ == nullptr) return true;
  const std::size_t kept = reassembler_.kept_bytes();
  if (kept <= counted_kept_) {
    account_->give_back(counted_kept_ - kept);
  } else if (!account_->try_take(kept - counted_kept_)) {
    return false;
  }
  counted_kept_ = kept;
  return true;
}

void Connection::count_queue() {
  if (account_ == nullptr) return;
  const std::size_t queued = queued_bytes();
  if (queued >= counted_queue_) {
    account_->take(queued - counted_queue_);
  } else {
    account_->give_back(counted_queue_ - queued);
  }
  counted_queue_ = queued;
}

void Connection::observe_stamp(std::uint64_t stamp) {
  if (stamp == 0) return;
  // Refused, not fatal: nothing that must hold rests on clocks, and the peer's requests are as good as before.
  if (auto adopted = context_.hlc.observe(Hlc{stamp}, batch_wall_ms_); !adopted) {
    ++context_.statistics.refused_stamps;
    context_.stamp_refused.emit(context_.runtime, Severity::warn, peer_, adopted.error().message);
  }
}

void Connection::break_off(const Error& reason) {
  ++context_.statistics.rejected_connections;
  close(reason, true);
}

void Connection::close(const Error& reason, bool say_goodbye) {
  if (closed_) return;
  if (say_goodbye && !stream_->encrypted() && !writing_) {
    queue_.push_small({.type = FrameType::goodbye}, encode_error(reason));
    write_now();
  }
  closed_ = true;
  --context_.statistics.connections_open;
  context_.runtime.timers.cancel(ping_timer_);
  if (ByteAccount* account = std::exchange(account_, nullptr)) account->give_back(counted_queue_ + counted_kept_);
  stream_->close();
  if (writer_ != nullptr) writer_->wake();
  if (reader_ != nullptr) reader_->wake();
  if (reason.code != ErrorCode::cancelled) {
    // Who dialled in may leave as it likes; a peer that this end wanted is worth a line.
    const Severity severity = side_ == Side::acceptor ? Severity::debug : Severity::info;
    context_.connection_lost.emit(context_.runtime, severity, peer_, reason.message);
  }
  std::exchange(owner_, nullptr)->on_closed(*this, reason);
}

void Connection::schedule_ping() {
  const MonotonicTime at = saturating_add(context_.now(), context_.times.ping_after);
  ping_timer_ = context_.runtime.timers.schedule(at, [this] { check_silence(); });
}

void Connection::check_silence() {
  const MonotonicTime now = context_.now();
  // While reading is paused the peer cannot be heard; then a peer that takes bytes is alive.
  const MonotonicTime alive = reader_ != nullptr ? std::max(last_heard_, last_wrote_) : last_heard_;
  // At least two pings: after a pause of this process the peer's bytes may wait behind this very timer.
  if (now - alive >= context_.times.dead_after && unanswered_pings_ >= 2) {
    close({ErrorCode::unavailable, "nothing came from the peer for " +
                                       std::to_string(std::chrono::floor<std::chrono::milliseconds>(now - alive).count()) +
                                       " ms: it is taken for dead"},
          false);
    return;
  }
  if (now - last_heard_ >= context_.times.ping_after) {
    ++unanswered_pings_;
    send_small({.type = FrameType::ping}, {});
  }
  schedule_ping();
}

}  // namespace latium
