// The public SqlSession: its engine over the node's tables.
#include "latium/sql.h"

#include <utility>

#include "node/call_options.h"
#include "node/database_impl.h"
#include "node/sql_access.h"
#include "relational/sql/engine.h"

namespace latium {

namespace {

Result<void> check_options(const SqlOptions& options) {
  LATIUM_CHECKED(check_duration("a timeout", options.timeout, std::chrono::milliseconds(1)));
  const auto at_least = [](std::string_view name, std::size_t value, std::size_t least) -> Result<void> {
    if (value >= least) return {};
    return fail(ErrorCode::invalid_argument,
                std::string(name) + " is " + std::to_string(value) + ", it must be at least " + std::to_string(least));
  };
  LATIUM_CHECKED(at_least("max_rows", options.max_rows, 1));
  LATIUM_CHECKED(at_least("max_rows_read", options.max_rows_read, 1));
  return at_least("max_bytes", options.max_bytes, 1 << 20);
}

}  // namespace

struct SqlSession::Impl {
  std::shared_ptr<sql::Engine> engine;
};

struct SqlStatement::Impl {
  std::shared_ptr<sql::Engine> engine;  // outlives the statement
  std::unique_ptr<sql::Statement> statement;
};

Result<SqlSession> Database::sql(SqlOptions options) {
  LATIUM_CHECKED(check_options(options));
  LATIUM_TRY(auto engine, sql::Engine::open(sql_access(impl_->node, impl_->tenant, options), options));
  return SqlSession(std::make_shared<SqlSession::Impl>(std::move(engine)));
}

SqlSession::SqlSession(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<SqlResult> SqlSession::execute(std::string_view sql, std::vector<Value> parameters) {
  return impl_->engine->execute(sql, std::move(parameters));
}

Result<SqlStatement> SqlSession::prepare(std::string_view sql) {
  LATIUM_TRY(auto statement, impl_->engine->prepare(sql));
  return SqlStatement(std::make_shared<SqlStatement::Impl>(impl_->engine, std::move(statement)));
}

Result<void> SqlSession::script(std::string_view sql) {
  return impl_->engine->script(sql);
}

bool SqlSession::in_transaction() const {
  return impl_->engine->in_transaction();
}

void SqlSession::interrupt() {
  impl_->engine->interrupt();
}

SqlStats SqlSession::stats() const {
  return impl_->engine->stats();
}

SqlStatement::SqlStatement(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<void> SqlStatement::bind(std::vector<Value> parameters) {
  return impl_->statement->bind(std::move(parameters));
}

Result<bool> SqlStatement::step() {
  return impl_->statement->step();
}

std::vector<Value> SqlStatement::row() const {
  return impl_->statement->row();
}

std::vector<std::string> SqlStatement::columns() const {
  return impl_->statement->columns();
}

Result<void> SqlStatement::reset() {
  impl_->statement->reset();
  return {};
}

std::size_t SqlStatement::parameters() const {
  return impl_->statement->parameters();
}

bool SqlStatement::read_only() const {
  return impl_->statement->read_only();
}

std::int64_t SqlStatement::changes() const {
  return impl_->statement->changes();
}

SqlStats SqlStatement::stats() const {
  return impl_->statement->stats();
}

}  // namespace latium
