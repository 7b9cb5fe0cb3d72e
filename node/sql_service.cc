#include "node/sql_service.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <utility>

#include "node/message.h"
#include "proto/wire.pb.h"
#include "runtime/deadline.h"

namespace latium {

namespace {

constexpr std::size_t kQueuedStatements = 4096;

// As offload(), on threads of the service; a cancel of what runs interrupts it.
Task<Bytes> run_on(ThreadPool& pool, Executor executor, std::move_only_function<Result<Bytes>()> work,
                   std::move_only_function<void()> interrupt) {
  struct Shared {
    std::atomic<bool> claimed = false;  // by a thread, to run it; or by the task, to give it up
    std::optional<Result<Bytes>> result;
    Suspension ended;
    Suspension ended_after_cancel;
  };
  const auto shared = std::make_shared<Shared>();
  LATIUM_CO_CHECKED(pool.submit([shared, executor, work = std::move(work)]() mutable {
    if (shared->claimed.exchange(true)) return;
    shared->result.emplace(work());
    // What the work holds ends here, and not on the loop.
    work = nullptr;
    boost::asio::post(executor, [shared] {
      shared->ended.wake();
      shared->ended_after_cancel.wake();
    });
  }));
  if (co_await shared->ended.wait() == Wake::cancelled) {
    if (!shared->claimed.exchange(true)) co_return cancelled_error();
    interrupt();
    co_await shared->ended_after_cancel.wait_shielded();
  }
  co_return std::move(*shared->result);
}

template <class Response>
Result<Bytes> bytes_of(Result<Response> response) {
  if (!response) return fail(std::move(response).error());
  return response->SerializeAsString();
}

std::unexpected<Error> no_session() {
  return fail(
      ErrorCode::not_found,
      "there is no such SQL session on this node: it was idle for too long, was closed, or the node began anew; open another");
}

}  // namespace

SqlService::SqlService(Runtime& runtime, Open open, SqlServiceLimits limits)
    : runtime_(runtime), open_(std::move(open)), limits_(limits), tasks_(runtime.executor, 1) {}

bool SqlService::serves(Method method) {
  return method >= wire::METHOD_SQL_OPEN && method <= wire::METHOD_SQL_CLOSE;
}

Task<Bytes> SqlService::serve(Method method, Bytes bytes) {
  switch (method) {
    case wire::METHOD_SQL_OPEN:
      co_return co_await open(std::move(bytes));
    case wire::METHOD_SQL_PREPARE: {
      LATIUM_CO_TRY(auto request, parse_request<client::SqlPrepareRequest>(bytes));
      co_return co_await on_session(request.session(), [request](SqlConversation& on) { return bytes_of(on.prepare(request)); });
    }
    case wire::METHOD_SQL_EXECUTE: {
      LATIUM_CO_TRY(auto request, parse_request<client::SqlExecuteRequest>(bytes));
      const std::uint64_t id = request.session();
      co_return co_await on_session(
          id, [request = std::move(request)](SqlConversation& on) { return bytes_of(on.execute(request)); });
    }
    case wire::METHOD_SQL_FETCH: {
      LATIUM_CO_TRY(auto request, parse_request<client::SqlFetchRequest>(bytes));
      co_return co_await on_session(request.session(), [request](SqlConversation& on) { return bytes_of(on.fetch(request)); });
    }
    case wire::METHOD_SQL_STATE: {
      LATIUM_CO_TRY(auto request, parse_request<client::SqlStateRequest>(bytes));
      co_return co_await on_session(request.session(),
                                    [](SqlConversation& on) -> Result<Bytes> { return on.state().SerializeAsString(); });
    }
    case wire::METHOD_SQL_CANCEL:
      co_return co_await cancel(std::move(bytes));
    case wire::METHOD_SQL_CLOSE:
      co_return co_await close(std::move(bytes));
    default:
      co_return fail(ErrorCode::unsupported, "this node does not know request " + std::to_string(method) + " of SQL");
  }
}

Task<Bytes> SqlService::open(Bytes bytes) {
  LATIUM_CO_TRY(const auto request, parse_request<client::SqlOpenRequest>(bytes));
  LATIUM_CO_TRY(const SqlOptions options, to_options(request));
  const auto idle = request.idle_ms() == 0 ? limits_.default_idle : Duration(std::chrono::milliseconds(request.idle_ms()));
  if (request.idle_ms() > 3'600'000 || idle > limits_.max_idle) {
    co_return fail(ErrorCode::invalid_argument, "idle_ms " + std::to_string(request.idle_ms()) + " is above one hour: give less");
  }
  if (stopping_ || sessions_.size() + opening_ >= limits_.sessions) {
    co_return fail(ErrorCode::overloaded, "this node has " + std::to_string(sessions_.size()) +
                                              " SQL sessions, and takes no more: close some, or retry with backoff");
  }
  ++opening_;
  // Given back in the closure's stead: Bytes is what the threads answer with.
  const auto made = std::make_shared<std::shared_ptr<SqlConversation>>();
  auto opened = co_await run_on(
      threads(), runtime_.executor,
      [made, open = open_, tenant = request.tenant(), options]() -> Result<Bytes> {
        LATIUM_TRY(SqlSession session, open(tenant, options));
        *made = std::make_shared<SqlConversation>(std::move(session));
        return Bytes();
      },
      [] {});
  --opening_;
  if (!opened) co_return fail(std::move(opened).error());
  if (stopping_) {
    let_go(std::move(*made));
    co_return fail(ErrorCode::unavailable, "the node is stopping: open the session on another");
  }
  const std::uint64_t id = fresh_id();
  sessions_.emplace(id, Session{.conversation = std::move(*made),
                                .idle = idle,
                                .expires = saturating_add(runtime_.clock.monotonic_now(), idle),
                                .busy = false});
  if (!reaping_ && tasks_.has_room()) {
    reaping_ = tasks_.spawn(reap()).has_value();
  }
  client::SqlOpenResponse response;
  response.set_session(id);
  response.set_idle_ms(static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(idle).count()));
  co_return response.SerializeAsString();
}

Task<Bytes> SqlService::on_session(std::uint64_t id, Work work) {
  const auto found = sessions_.find(id);
  if (stopping_ || found == sessions_.end()) co_return no_session();
  if (found->second.busy) {
    co_return fail(ErrorCode::overloaded, "this SQL session is at another request: one at a time, or open more sessions");
  }
  found->second.busy = true;
  auto conversation = found->second.conversation;
  auto answer = co_await run_on(
      threads(), runtime_.executor, [conversation, work = std::move(work)]() mutable { return work(*conversation); },
      [conversation] { conversation->interrupt(); });
  if (const auto after = sessions_.find(id); after != sessions_.end()) {
    after->second.busy = false;
    after->second.expires = saturating_add(runtime_.clock.monotonic_now(), after->second.idle);
  } else {
    let_go(std::move(conversation));
  }
  co_return answer;
}

Task<Bytes> SqlService::cancel(Bytes bytes) {
  LATIUM_CO_TRY(const auto request, parse_request<client::SqlCancelRequest>(bytes));
  const auto found = sessions_.find(request.session());
  if (found == sessions_.end()) co_return no_session();
  client::SqlCancelResponse response;
  response.set_was_running(found->second.busy);
  if (found->second.busy) found->second.conversation->interrupt();
  co_return response.SerializeAsString();
}

Task<Bytes> SqlService::close(Bytes bytes) {
  LATIUM_CO_TRY(const auto request, parse_request<client::SqlCloseRequest>(bytes));
  const auto found = sessions_.find(request.session());
  client::SqlCloseResponse response;
  if (request.statement() != 0) {
    co_return co_await on_session(request.session(), [number = request.statement()](SqlConversation& on) -> Result<Bytes> {
      client::SqlCloseResponse closed;
      closed.set_closed(on.close(number));
      return closed.SerializeAsString();
    });
  }
  if (found != sessions_.end()) {
    // A request that the session is at keeps the conversation until its end.
    if (found->second.busy) found->second.conversation->interrupt();
    let_go(std::move(found->second.conversation));
    sessions_.erase(found);
    response.set_closed(true);
  }
  co_return response.SerializeAsString();
}

// Once a second is often enough: what a session holds is bounded.
Task<void> SqlService::reap() {
  while (!sessions_.empty()) {
    if (auto slept = co_await sleep_for(runtime_, std::chrono::seconds(1)); !slept) break;
    const MonotonicTime now = runtime_.clock.monotonic_now();
    std::erase_if(sessions_, [&](auto& entry) {
      if (entry.second.busy || entry.second.expires > now) return false;
      let_go(std::move(entry.second.conversation));
      return true;
    });
  }
  reaping_ = false;
  co_return Result<void>();
}

Task<void> SqlService::stop() {
  stopping_ = true;
  tasks_.cancel();
  co_return co_await tasks_.join();
}

void SqlService::shut_down() {
  if (threads_) threads_->stop();
  sessions_.clear();
}

ThreadPool& SqlService::threads() {
  if (!threads_) threads_ = std::make_unique<ThreadPool>(limits_.threads, kQueuedStatements);
  return *threads_;
}

std::uint64_t SqlService::fresh_id() {
  std::uint64_t id = 0;
  while (id == 0 || sessions_.contains(id)) id = runtime_.random.next();
  return id;
}

void SqlService::let_go(std::shared_ptr<SqlConversation> conversation) {
  // A full queue, or one that is closed, destroys it here: then it may wait a moment for the loop's end.
  (void)threads().submit([conversation = std::move(conversation)]() mutable { conversation.reset(); });
}

}  // namespace latium
