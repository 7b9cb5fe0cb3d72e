// Rows of tables for clients: each request is a session of its own.
#include <algorithm>
#include <utility>

#include "node/call_stats.h"
#include "node/handlers.h"
#include "node/message.h"
#include "node/row_access.h"
#include "node/table_access.h"
#include "node/tenants.h"
#include "proto/row.pb.h"
#include "relational/session_errors.h"
#include "relational/transact.h"

namespace latium {

namespace {

constexpr std::size_t kRowsAPage = 1000;
/// An answer has to fit a message; a page ends before it would not.
constexpr std::size_t kPageBytes = 4u << 20;

Task<CatalogPlace> find_place(NodeCore& core, std::string tenant, MonotonicTime deadline) {
  LATIUM_CO_TRY(const auto handle, co_await find_tenant(core.cluster(), std::move(tenant), deadline));
  co_return catalog_place(*handle);
}

// The answer is filled by the last try.
Task<void> put_row(TableSession& session, const client::RowPutRequest& request, client::RowPutResponse& response,
                   MonotonicTime deadline) {
  using Put = client::RowPutRequest;
  response.Clear();
  LATIUM_CO_TRY(NamedValues values, from_message(request.row()));
  LATIUM_CO_TRY(const auto schema, co_await session.table(request.table(), deadline));
  std::optional<Row> before;
  // Where a number is to be given, no row can be there.
  auto key = primary_key_in(*schema, values);
  const ColumnSchema* const numbered = schema->auto_increment_column();
  const bool gets_key =
      !key && numbered != nullptr && std::ranges::find(schema->primary_key, numbered->id) != schema->primary_key.end();
  if (!key && (request.how() == Put::HOW_UPDATE || !gets_key)) co_return fail(std::move(key).error());
  if (key && request.how() != Put::HOW_ADD) {
    LATIUM_CO_TRY(auto found, co_await session.get(request.table(), {*key}, deadline));
    before = std::move(found.front());
  }
  Row row;
  if (request.how() == Put::HOW_UPDATE && before) {
    LATIUM_CO_TRY(row, changed_row(*schema, *before, std::move(values)));
  } else if (request.how() == Put::HOW_UPDATE) {
    co_return no_such_row(*schema, *key);
  } else {
    LATIUM_CO_TRY(row, new_row(*schema, std::move(values)));
    if (before) row.unknown = before->unknown;
  }
  if (before) {
    LATIUM_CO_CHECKED(co_await session.update(request.table(), row, deadline));
  } else {
    LATIUM_CO_CHECKED(co_await session.insert(request.table(), row, deadline));
    if (const auto number = session.last_number()) row.values[schema->position(numbered->id)] = Value(*number);
  }
  response.set_added(!before);
  to_message(column_names(*schema), row.values, *response.mutable_row());
  co_return Result<void>();
}

Task<void> get_row(TableSession& session, const client::RowGetRequest& request, client::RowGetResponse& response,
                   MonotonicTime deadline) {
  response.Clear();
  LATIUM_CO_TRY(std::vector<Value> key, tuple_from_message("the key", request.key()));
  LATIUM_CO_TRY(const auto schema, co_await session.table(request.table(), deadline));
  std::vector<std::vector<Value>> keys;
  keys.push_back(std::move(key));
  LATIUM_CO_TRY(const auto found, co_await session.get(request.table(), std::move(keys), deadline));
  response.set_exists(found.front().has_value());
  if (found.front()) to_message(column_names(*schema), found.front()->values, *response.mutable_row());
  co_return Result<void>();
}

Task<void> delete_row(TableSession& session, const client::RowDeleteRequest& request, client::RowDeleteResponse& response,
                      MonotonicTime deadline) {
  LATIUM_CO_TRY(std::vector<Value> key, tuple_from_message("the key", request.key()));
  LATIUM_CO_TRY(const bool existed, co_await session.remove(request.table(), std::move(key), deadline));
  response.set_existed(existed);
  co_return Result<void>();
}

Task<void> find_rows(TableSession& session, const client::RowFindRequest& request, client::RowFindResponse& response,
                     MonotonicTime deadline) {
  response.Clear();
  LATIUM_CO_TRY(RowRange range, from_message(request));
  LATIUM_CO_TRY(const auto schema, co_await session.table(request.table(), deadline));
  const std::size_t limit = request.limit() == 0 ? kRowsAPage : std::min<std::size_t>(request.limit(), kRowsAPage);
  for (const std::string& column : column_names(*schema)) response.add_columns(column);
  std::size_t bytes = 0;
  std::size_t rows = 0;
  // In small pieces, as rows may be large.
  do {
    LATIUM_CO_TRY(const RowPage page, co_await session.find(request.table(), request.index(), range,
                                                            std::min<std::size_t>(limit - rows, 100), deadline));
    for (const Row& row : page.rows) {
      response.add_rows(tuple_to_message(row.values));
      bytes += response.rows(response.rows_size() - 1).size();
    }
    rows += page.rows.size();
    response.set_more(page.more);
    response.set_next(page.next);
    range.after = page.next;
  } while (response.more() && rows < limit && bytes < kPageBytes);
  co_return Result<void>();
}

Task<void> check_rows(TableSession& session, const client::TableCheckRequest& request, client::TableCheckResponse& response,
                      MonotonicTime deadline) {
  response.Clear();
  LATIUM_CO_TRY(const TableCheck found, co_await session.check(request.table(), request.after(), deadline));
  for (const TableDifference& difference : found.differences) {
    auto& out = *response.add_differences();
    out.set_kind(std::string(to_string(difference.kind)));
    out.set_index(difference.index);
    out.set_key(difference.key);
    out.set_what(difference.what);
  }
  response.set_next(found.next);
  response.set_rows(found.rows);
  response.set_entries(found.entries);
  co_return Result<void>();
}

// The work refers to the request and the answer, which live in the caller's frame.
template <class Request, class Response>
Task<Bytes> in_a_session(NodeCore& core, const Bytes& bytes, TransactionOptions options, MonotonicTime deadline,
                         Task<void> (*work)(TableSession&, const Request&, Response&, MonotonicTime)) {
  LATIUM_CO_TRY(const auto request, parse_request<Request>(bytes));
  LATIUM_CO_TRY(const CatalogPlace place, co_await find_place(core, request.tenant(), deadline));
  if constexpr (requires { request.consistency(); }) {
    if (request.consistency() == client::CONSISTENCY_LOCAL) {
      options = {.isolation = Isolation::read_committed, .reading = Reading::local};
    }
  }
  Response response;
  LATIUM_CO_TRY(
      const CallStats cost,
      co_await transact(
          core.transactions(), core.tables(), place, options,
          [&](TableSession& session, MonotonicTime until) { return work(session, request, response, until); }, deadline));
  fill(*response.mutable_stats(), cost);
  co_return response.SerializeAsString();
}

constexpr TransactionOptions kLatest{.reading = Reading::latest};
// One row read at a majority is the latest by itself.
constexpr TransactionOptions kOneRead{.isolation = Isolation::read_committed, .reading = Reading::latest};

}  // namespace

Task<Bytes> handle_row_put(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_TRY(const auto request, parse_request<client::RowPutRequest>(bytes));
  if (!client::RowPutRequest::How_IsValid(request.how())) {
    co_return fail(ErrorCode::invalid_argument,
                   "this node does not know how the row is to be put: it may be older than its caller");
  }
  co_return co_await in_a_session<client::RowPutRequest, client::RowPutResponse>(core, bytes, kLatest, deadline, put_row);
}

Task<Bytes> handle_row_get(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  co_return co_await in_a_session<client::RowGetRequest, client::RowGetResponse>(core, bytes, kOneRead, deadline, get_row);
}

Task<Bytes> handle_row_delete(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  co_return co_await in_a_session<client::RowDeleteRequest, client::RowDeleteResponse>(core, bytes, kLatest, deadline,
                                                                                       delete_row);
}

Task<Bytes> handle_row_find(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  co_return co_await in_a_session<client::RowFindRequest, client::RowFindResponse>(core, bytes, kLatest, deadline, find_rows);
}

Task<Bytes> handle_table_check(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  co_return co_await in_a_session<client::TableCheckRequest, client::TableCheckResponse>(core, bytes, kLatest, deadline,
                                                                                         check_rows);
}

}  // namespace latium
