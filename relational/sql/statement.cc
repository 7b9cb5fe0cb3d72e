#include <utility>

#include "relational/sql/composed.h"
#include "relational/sql/engine.h"
#include "relational/sql/run.h"

namespace latium::sql {

Statement::Statement(Engine& engine, std::string sql, Classified what)
    : sql_(std::move(sql)), engine_(engine), what_(std::move(what)) {}

Statement::~Statement() {
  reset();
  engine_.keep(*this);
}

std::size_t Statement::parameters() const {
  if (what_.kind == StatementKind::composed) {
    const auto parts = compose(sql_);
    return parts ? parts->parameters : 0;
  }
  return prepared_ ? static_cast<std::size_t>(sqlite3_bind_parameter_count(prepared_.get())) : 0;
}

bool Statement::read_only() const {
  if (what_.kind == StatementKind::plain) return !prepared_ || sqlite3_stmt_readonly(prepared_.get()) != 0;
  return what_.kind == StatementKind::reflection || what_.kind == StatementKind::explain_latium;
}

Result<void> Statement::bind(std::vector<Value> parameters) {
  reset();
  const bool counted = prepared_ || what_.kind == StatementKind::composed;
  if (counted && parameters.size() > this->parameters()) {
    return fail(ErrorCode::invalid_argument, "the statement takes " + std::to_string(this->parameters()) + " parameters, given " +
                                                 std::to_string(parameters.size()));
  }
  parameters_ = std::move(parameters);
  return {};
}

Result<bool> Statement::step() {
  engine_.resume();
  return engine_.step(*this);
}

std::vector<Value> Statement::row() const {
  std::vector<Value> out;
  if (!has_row_) return out;
  if (own_) return own_rows_[own_at_ - 1];
  const int count = sqlite3_column_count(prepared_.get());
  out.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) out.push_back(column_value(prepared_.get(), i));
  return out;
}

std::vector<std::string> Statement::columns() const {
  if (own_ || !prepared_) return own_columns_;
  std::vector<std::string> out;
  const int count = sqlite3_column_count(prepared_.get());
  for (int i = 0; i < count; ++i) out.emplace_back(sqlite3_column_name(prepared_.get(), i));
  return out;
}

void Statement::reset() {
  engine_.end(*this);
}

}  // namespace latium::sql
