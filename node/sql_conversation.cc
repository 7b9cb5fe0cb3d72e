#include "node/sql_conversation.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/check.h"
#include "node/call_options.h"

namespace latium {

namespace {

constexpr std::size_t kMaxStatements = 256;
constexpr std::size_t kMaxSqlBytes = 1 << 20;
constexpr int kMaxValues = 32'766;  // SQLite's own
constexpr SqlPageLimits kPage;

std::size_t size_of(const Value& value) {
  constexpr std::size_t kNumber = 12;
  if (const auto* text = value.get_if<std::string>()) return kNumber + text->size();
  if (const auto* blob = value.get_if<Blob>()) return kNumber + blob->bytes.size();
  return kNumber;
}

}  // namespace

Value to_value(const client::SqlValue& message) {
  switch (message.kind_case()) {
    case client::SqlValue::kInteger:
      return message.integer();
    case client::SqlValue::kReal:
      return std::bit_cast<double>(message.real());
    case client::SqlValue::kText:
      return message.text();
    case client::SqlValue::kBlob:
      return Blob{message.blob()};
    case client::SqlValue::KIND_NOT_SET:
      break;
  }
  return {};
}

void to_message(const Value& value, client::SqlValue& out) {
  if (const auto* integer = value.get_if<std::int64_t>()) {
    out.set_integer(*integer);
  } else if (const auto* real = value.get_if<double>()) {
    out.set_real(std::bit_cast<std::uint64_t>(*real));
  } else if (const auto* text = value.get_if<std::string>()) {
    out.set_text(*text);
  } else if (const auto* blob = value.get_if<Blob>()) {
    out.set_blob(blob->bytes);
  } else {
    LATIUM_CHECK(value.is_null(), "SQL gives null, integers, reals, text and bytes");
  }
}

void to_message(const SqlStats& stats, client::SqlStats& out) {
  out.set_round_trips(stats.round_trips);
  out.set_wan_round_trips(stats.wan_round_trips);
  out.set_replicas_asked(stats.replicas_asked);
  out.set_bytes(stats.bytes);
  out.set_batches(stats.batches);
  out.set_rows_read(stats.rows_read);
  out.set_rows_returned(stats.rows_returned);
  out.set_cache_hits(stats.cache_hits);
}

Result<SqlOptions> to_options(const client::SqlOpenRequest& request) {
  SqlOptions out;
  out.serializable = !request.unchecked_reads();
  switch (request.reads()) {
    case client::SqlOpenRequest::READS_LOCAL:
      out.reads = Consistency::local;
      break;
    case client::SqlOpenRequest::READS_QUORUM:
      out.reads = Consistency::quorum;
      break;
    default:
      return fail(ErrorCode::invalid_argument, "this node does not know the reads asked for: it may be older than its caller");
  }
  constexpr auto kDay = static_cast<std::uint64_t>(kCallTimeMax.count());
  if (request.timeout_ms() > kDay) {
    return fail(ErrorCode::invalid_argument,
                "a timeout of " + std::to_string(request.timeout_ms()) + " ms is above 24 h: give a shorter one, or 0 for 10 s");
  }
  if (request.timeout_ms() > 0) out.timeout = std::chrono::milliseconds(request.timeout_ms());
  if (request.limits_wan_round_trips()) out.max_wan_round_trips = request.max_wan_round_trips();
  if (request.max_rows() > 0) out.max_rows = std::min<std::size_t>(out.max_rows, request.max_rows());
  out.foreign_keys = request.foreign_keys();
  return out;
}

Result<std::uint32_t> SqlConversation::open(std::string_view sql, bool keep) {
  if (sql.size() > kMaxSqlBytes) {
    return fail(ErrorCode::invalid_argument,
                "a statement of " + std::to_string(sql.size()) + " bytes is above 1 MiB: bind long values");
  }
  if (statements_.size() >= kMaxStatements) {
    return fail(ErrorCode::overloaded, "256 statements are open in this SQL session: close some, or fetch what they still have");
  }
  LATIUM_TRY(SqlStatement statement, session_.prepare(sql));
  while (next_ == 0 || statements_.contains(next_)) ++next_;
  statements_.emplace(next_, Open{.statement = std::move(statement), .keep = keep, .row_waits = false});
  return next_++;
}

Result<client::SqlPrepareResponse> SqlConversation::prepare(const client::SqlPrepareRequest& request) {
  LATIUM_TRY(const std::uint32_t number, open(request.sql(), true));
  const SqlStatement& statement = statements_.at(number).statement;
  client::SqlPrepareResponse out;
  out.set_statement(number);
  out.set_parameters(static_cast<std::uint32_t>(statement.parameters()));
  for (std::string& column : statement.columns()) out.add_columns(std::move(column));
  out.set_read_only(statement.read_only());
  return out;
}

Result<void> SqlConversation::run(Open& open, const google::protobuf::RepeatedPtrField<client::SqlValue>& values) {
  if (values.size() > kMaxValues) {
    return fail(ErrorCode::invalid_argument,
                std::to_string(values.size()) + " values are more than the 32766 that a statement takes");
  }
  std::vector<Value> bound;
  for (const client::SqlValue& value : values) bound.push_back(to_value(value));
  LATIUM_CHECKED(open.statement.bind(std::move(bound)));
  LATIUM_TRY(open.row_waits, open.statement.step());
  return {};
}

Result<client::SqlPage> SqlConversation::execute(const client::SqlExecuteRequest& request) {
  std::uint32_t number = request.statement();
  if (request.what_case() == client::SqlExecuteRequest::kSql) {
    LATIUM_TRY(number, open(request.sql(), false));
  }
  const auto found = statements_.find(number);
  if (found == statements_.end()) {
    return fail(ErrorCode::not_found, "this SQL session has no statement " + std::to_string(number) + ": prepare it again");
  }
  Open& open = found->second;
  auto ran = run(open, request.values());
  if (!ran) {
    if (!open.keep) statements_.erase(found);
    return fail(std::move(ran).error());
  }
  std::vector<std::string> columns = open.statement.columns();
  LATIUM_TRY(client::SqlPage out, page(number, request.page_rows()));
  for (std::string& column : columns) out.add_columns(std::move(column));
  return out;
}

Result<client::SqlPage> SqlConversation::fetch(const client::SqlFetchRequest& request) {
  if (!statements_.contains(request.statement())) {
    return fail(ErrorCode::not_found, "this SQL session has no statement " + std::to_string(request.statement()) +
                                          ": all its rows have come, or it was closed");
  }
  return page(request.statement(), request.page_rows());
}

Result<client::SqlPage> SqlConversation::page(std::uint32_t number, std::uint32_t rows) {
  Open& open = statements_.at(number);
  if (rows == 0) rows = kPage.default_rows;
  client::SqlPage out;
  std::size_t bytes = 0;
  while (open.row_waits && std::cmp_less(out.rows_size(), std::min(rows, kPage.max_rows)) && bytes < kPage.bytes) {
    client::SqlRow& row = *out.add_rows();
    for (const Value& value : open.statement.row()) {
      to_message(value, *row.add_values());
      bytes += size_of(value);
    }
    auto more = open.statement.step();
    if (!more) {
      if (!open.keep) statements_.erase(number);
      return fail(std::move(more).error());
    }
    open.row_waits = *more;
  }
  out.set_more(open.row_waits);
  out.set_changes(open.statement.changes());
  to_message(open.statement.stats(), *out.mutable_stats());
  const bool wrote = !open.statement.read_only();
  if (!open.row_waits && !open.keep) {
    statements_.erase(number);
  } else {
    out.set_statement(number);
  }
  if (wrote) {
    LATIUM_TRY(const SqlResult last, session_.execute("SELECT last_insert_rowid()"));
    out.set_last_insert_id(last.rows.at(0).at(0).get<std::int64_t>());
  }
  out.set_in_transaction(session_.in_transaction());
  return out;
}

client::SqlStateResponse SqlConversation::state() const {
  client::SqlStateResponse out;
  out.set_in_transaction(session_.in_transaction());
  to_message(session_.stats(), *out.mutable_stats());
  out.set_statements(static_cast<std::uint32_t>(statements_.size()));
  return out;
}

}  // namespace latium
