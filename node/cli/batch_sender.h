// BatchSender: puts batches of keys, several in flight, and knows up to where all are acknowledged.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>

#include "node/cli/checkpoint.h"
#include "node/cli/histogram.h"
#include "node/cli/inbox.h"
#include "node/remote_client.h"
#include "runtime/backoff.h"

namespace latium::cli {

/// Batches take effect in their order where the tenant has one copy, so that of two lines with the same key the later one wins
/// (with several copies only inside a batch): after a failure nothing
/// more is sent until all in flight have ended, then everything from the first unacknowledged batch on is sent again.
/// One thread, not the loop's.
class BatchSender {
 public:
  struct Options {
    std::size_t window = 8;  ///< batches in flight or waiting to be sent again
    Duration timeout;        ///< how long to try without any acknowledgement
    BackoffPolicy backoff;
    std::uint64_t seed = 1;  ///< of the waits between tries
    const std::atomic<bool>* interrupted = nullptr;
  };
  struct Batch {
    Bytes request;       ///< a KvPutManyRequest; empty: there is nothing to put
    ImportProgress end;  ///< of the import once it is acknowledged
  };

  /// `begin`: what is acknowledged already. The client outlives the sender.
  BatchSender(RemoteClient& client, Options options, ImportProgress begin)
      : client_(client), options_(options), acknowledged_(begin), last_progress_(client.now()), random_(options.seed) {}

  /// Waits until the window has room, then sends. Errors: those of the node that a retry does not cure; the last error once
  /// the timeout has passed; `cancelled` when interrupted. After an error the sender is of no more use.
  Result<void> send(Batch batch);
  /// Waits until everything is acknowledged. Errors as send().
  Result<void> drain();
  /// Takes note of what has been answered meanwhile, without waiting.
  Result<void> poll();

  const ImportProgress& acknowledged() const { return acknowledged_; }
  bool idle() const { return slots_.empty(); }
  /// Of the batches acknowledged, from when they were sent last, in nanoseconds.
  const Histogram& latencies() const { return latencies_; }

 private:
  struct Slot {
    Batch batch;
    std::uint64_t attempt = 0;  // of those whose answer counts; 0: not in flight
    MonotonicTime sent{};
    bool acknowledged = false;
  };
  struct Answer {
    std::uint64_t attempt = 0;
    std::optional<Error> error;
  };

  void start(Slot& slot);
  void start_all();
  Result<void> wait_for_one();
  Result<void> handle(Answer answer);
  void advance();
  Result<void> recover();
  bool interrupted() const { return options_.interrupted != nullptr && options_.interrupted->load(); }

  RemoteClient& client_;
  Options options_;
  ImportProgress acknowledged_;
  MonotonicTime last_progress_;
  std::deque<Slot> slots_;
  std::size_t in_flight_ = 0;
  std::uint64_t attempts_ = 0;
  Histogram latencies_;
  std::uint32_t failures_ = 0;       // in a row
  std::optional<Error> last_error_;  // set: all has to be sent again
  Random random_;                    // of the waits between tries
  const std::shared_ptr<Inbox<Answer>> inbox_ = std::make_shared<Inbox<Answer>>();
};

/// Whether trying again may help: the node is away or has too much to do.
bool is_transient(const Error& error);

}  // namespace latium::cli
