#include "node/cli/sql_remote.h"

#include "node/cli/inbox.h"
#include "proto/wire.pb.h"

namespace latium::cli {

Result<std::unique_ptr<RemoteSql>> RemoteSql::open(Context& context, SqlSessionOptions options) {
  LATIUM_TRY(auto client, context.connect(1));
  std::unique_ptr<RemoteSql> sql(new RemoteSql(context, std::move(client), std::move(options)));
  if (context.environment.watch_interrupts) sql->interrupted_ = context.environment.watch_interrupts();
  LATIUM_CHECKED(sql->begin());
  return sql;
}

RemoteSql::~RemoteSql() {
  if (session_ == 0) return;
  client::SqlCloseRequest request;
  request.set_session(session_);
  // It would end by itself later.
  (void)client_->call_bytes(wire::METHOD_SQL_CLOSE, request.SerializeAsString(), client_->after(std::chrono::seconds(2)));
}

Result<void> RemoteSql::begin() {
  client::SqlOpenRequest request;
  request.set_tenant(options_.tenant);
  if (options_.quorum) request.set_reads(client::SqlOpenRequest::READS_QUORUM);
  request.set_foreign_keys(options_.foreign_keys);
  constexpr auto kDay = std::chrono::hours(24);
  const auto timeout = std::min<Duration>(context_.options.timeout, kDay);
  request.set_timeout_ms(static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count()));
  LATIUM_TRY(const auto response,
             client_->call<client::SqlOpenResponse>(wire::METHOD_SQL_OPEN, request, client_->after(context_.options.timeout)));
  session_ = response.session();
  in_transaction_ = false;
  return {};
}

Result<void> RemoteSql::run(const std::string& sql, const std::function<void(const client::SqlPage&)>& take) {
  client::SqlExecuteRequest request;
  request.set_session(session_);
  request.set_sql(sql);
  auto first = page(wire::METHOD_SQL_EXECUTE, request.SerializeAsString());
  // A session that the node forgot had no transaction to lose, or that is lost: only the first is nothing to speak of.
  if (!first && first.error().code == ErrorCode::not_found && !in_transaction_ && !state()) {
    LATIUM_CHECKED(begin());
    request.set_session(session_);
    first = page(wire::METHOD_SQL_EXECUTE, request.SerializeAsString());
  }
  if (!first) {
    if (auto now = state(); now) in_transaction_ = now->in_transaction();
    return fail(std::move(first).error());
  }
  take(*first);
  client::SqlFetchRequest fetch;
  fetch.set_session(session_);
  fetch.set_statement(first->statement());
  bool more = first->more();
  while (more) {
    LATIUM_TRY(const client::SqlPage next, page(wire::METHOD_SQL_FETCH, fetch.SerializeAsString()));
    take(next);
    more = next.more();
  }
  return {};
}

Result<client::SqlStateResponse> RemoteSql::state() {
  client::SqlStateRequest request;
  request.set_session(session_);
  return client_->call<client::SqlStateResponse>(wire::METHOD_SQL_STATE, request, client_->after(context_.options.timeout));
}

Result<client::SqlPage> RemoteSql::page(Method method, Bytes request) {
  LATIUM_TRY(const Bytes bytes, call(method, std::move(request)));
  LATIUM_TRY(client::SqlPage page, RemoteClient::parse<client::SqlPage>(bytes));
  in_transaction_ = page.in_transaction();
  return page;
}

Result<Bytes> RemoteSql::call(Method method, Bytes request) {
  const auto inbox = std::make_shared<Inbox<Result<Bytes>>>();
  client_->start(0, method, std::move(request), client_->after(context_.options.timeout),
                 [inbox](Result<Bytes> answer) { inbox->put(std::move(answer)); });
  bool cancelled = false;
  for (;;) {
    if (auto answer = inbox->take(kLookAround)) return *std::move(answer);
    if (cancelled || interrupted_ == nullptr || !interrupted_->load()) continue;
    cancelled = true;
    cancel();
  }
}

// Beside the request that is on its way, whose answer says what came of it.
void RemoteSql::cancel() {
  client::SqlCancelRequest request;
  request.set_session(session_);
  client_->start(0, wire::METHOD_SQL_CANCEL, request.SerializeAsString(), client_->after(context_.options.timeout),
                 [](Result<Bytes>) {});
}

}  // namespace latium::cli
