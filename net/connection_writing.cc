// The writing half of a connection.
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "net/connection.h"

namespace latium {

namespace {

/// How much one turn of the loop writes at most before others get theirs.
constexpr std::size_t kWriteTurnBytes = 1u << 20;

}  // namespace

std::uint64_t Connection::stamp() {
  return context_.hlc.now(in_batch_ ? batch_wall_ms_ : context_.runtime.clock.wall_ms()).value;
}

void Connection::send(FrameHeader header, Bytes&& payload) {
  if (closed_) return;
  header.hlc = stamp();
  queue_.push(header, std::move(payload));
  count_queue();
  request_flush();
}

void Connection::send_small(FrameHeader header, BytesView payload) {
  if (closed_) return;
  header.hlc = stamp();
  queue_.push_small(header, payload);
  count_queue();
  request_flush();
}

void Connection::request_flush() {
  if (in_batch_ || writing_ || flush_posted_) return;
  flush_posted_ = true;
  // Behind what is ready now: all that is sent in this turn of the loop goes in one write.
  boost::asio::post(context_.runtime.executor, [self = shared_from_this()] {
    self->flush_posted_ = false;
    self->flush();
  });
}

void Connection::flush() {
  if (closed_ || writing_) return;
  if (!stream_->encrypted() && write_now()) return;
  if (closed_ || (out_done_ == out_.size() && queue_.empty())) return;
  writing_ = true;
  if (writer_ != nullptr) writer_->wake();
}

/// Next bytes into out_; false when nothing waits.
bool Connection::refill() {
  if (out_done_ < out_.size()) return true;
  out_done_ = 0;
  queue_.take(out_);
  return !out_.empty();
}

/// Writes without waiting. True when all is written; false when the rest is for the write loop, or the connection failed.
bool Connection::write_now() {
  for (std::size_t written = 0; written < kWriteTurnBytes;) {
    if (!refill()) return true;
    const auto [error, count] = stream_->try_write(BytesView(out_).substr(out_done_));
    if (error) return false;  // not writable now, or broken: then the write loop meets the same error
    wrote(count);
    written += count;
  }
  return false;
}

void Connection::wrote(std::size_t count) {
  out_done_ += count;
  context_.statistics.bytes_sent += count;
  count_queue();
  if (reader_ != nullptr && !answers_pile_up(context_.limits.pause_reading_bytes / 2)) reader_->wake();
}

Task<void> Connection::write_loop(std::shared_ptr<Connection> self) {
  Connection& connection = *self;
  while (!connection.closed_) {
    if (!connection.writing_) {
      Suspension work;
      connection.writer_ = &work;
      const Wake wake = co_await work.wait();
      connection.writer_ = nullptr;
      if (wake == Wake::cancelled) break;
      continue;
    }
    if (!connection.refill()) {
      connection.writing_ = false;
      continue;
    }
    const auto [error, count] = co_await connection.stream_->write_some(BytesView(connection.out_).substr(connection.out_done_));
    if (connection.closed_) break;
    if (error) {
      connection.close({ErrorCode::unavailable, "the connection was lost: " + error.message()}, false);
      break;
    }
    connection.last_wrote_ = connection.context_.now();
    connection.wrote(count);
  }
  co_return Result<void>();
}

}  // namespace latium
