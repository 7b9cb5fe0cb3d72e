// SqlService: the SQL sessions of remote clients. Statements block, so they run on threads of its own, never on the loop and not
// on the pool that their reads may need; a session takes one request at a time.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "latium/sql.h"
#include "net/transport.h"
#include "node/sql_conversation.h"
#include "runtime/runtime.h"
#include "runtime/task_group.h"
#include "runtime/thread_pool.h"

namespace latium {

struct SqlServiceLimits {
  std::size_t sessions = 256;
  std::size_t threads = 8;  ///< statements that run at once; the others queue
  Duration default_idle = std::chrono::seconds(600);
  Duration max_idle = std::chrono::seconds(3600);
};

/// Loop thread only, except where said. join stop() before it dies, then shut_down().
class SqlService {
 public:
  /// Opens a session of a tenant. Called on a thread that may block.
  using Open = std::function<Result<SqlSession>(const std::string& tenant, const SqlOptions& options)>;

  SqlService(Runtime& runtime, Open open, SqlServiceLimits limits = {});

  /// Whether a method is one of SQL.
  static bool serves(Method method);
  /// Cancelled, or at the deadline of the task that runs it: what the session runs is interrupted, and the session stays. Errors:
  /// `not_found` (no such session or statement), `overloaded` (too many sessions or statements; the session is at another
  /// request), those of SqlConversation.
  Task<Bytes> serve(Method method, Bytes request);

  /// No new requests; waits for the reaper's end. After the requests that run have ended.
  Task<void> stop();
  /// Ends the threads and all sessions. From a thread that may block, once the loop serves nothing; the loop may still run.
  void shut_down();

  std::size_t sessions() const { return sessions_.size(); }

 private:
  struct Session {
    std::shared_ptr<SqlConversation> conversation;
    Duration idle{};
    MonotonicTime expires{};
    bool busy = false;
  };
  // What a request does with a session, on a thread.
  using Work = std::move_only_function<Result<Bytes>(SqlConversation&)>;

  Task<Bytes> open(Bytes request);
  Task<Bytes> on_session(std::uint64_t id, Work work);
  Task<Bytes> cancel(Bytes request);
  Task<Bytes> close(Bytes request);
  Task<void> reap();
  ThreadPool& threads();
  std::uint64_t fresh_id();
  /// Ends on a thread that may block.
  void let_go(std::shared_ptr<SqlConversation> conversation);

  Runtime& runtime_;
  const Open open_;
  const SqlServiceLimits limits_;
  std::map<std::uint64_t, Session> sessions_;
  std::size_t opening_ = 0;
  bool stopping_ = false;
  bool reaping_ = false;
  std::unique_ptr<ThreadPool> threads_;  // from the first session on
  TaskGroup tasks_;
};

}  // namespace latium
