// How statements and transactions end.
#include <algorithm>
#include <utility>

#include "relational/schema_parts.h"
#include "relational/sql/engine.h"
#include "relational/sql/run.h"

namespace latium::sql {

namespace {

using Kind = StatementKind;

}  // namespace

bool Engine::ends_transaction(const Statement& statement) const {
  if (!in_transaction()) return false;
  if (statement.what_.kind == Kind::commit) return true;
  if (statement.what_.kind != Kind::release || !began_by_savepoint_) return false;
  const auto named = std::ranges::find_if(savepoints_.rbegin(), savepoints_.rend(),
                                          [&](const Savepoint& each) { return same_name(each.name, statement.what_.name); });
  return named != savepoints_.rend() && named + 1 == savepoints_.rend();
}

// At the end of a statement that has written, or that has failed and keeps what it wrote.
Result<void> Engine::check_references(const Statement& statement) {
  if (statement.what_.kind != Kind::plain || statement.read_only() || in_parts_) return {};
  auto done = references_.check(!in_transaction());
  if (!done) hub_.keep_done = hub_.roll_back_all = false;
  return done;
}

// SQLite is through with it: now what it wrote is sent, and committed where no transaction is open.
Result<void> Engine::finish(Statement& statement) {
  if (statement.what_.kind == Kind::rollback) {
    hub_.access->rollback();
    doomed_.reset();
    for (const std::string& name : std::exchange(unmade_, {})) LATIUM_CHECKED(hub_.shadow.drop(name));
  }
  LATIUM_CHECKED(hub_.flush());
  LATIUM_CHECKED(check_references(statement));
  if (statement.what_.kind == Kind::commit) LATIUM_CHECKED(make_pending_tables());
  if (statement.what_.kind == Kind::begin || statement.what_.kind == Kind::savepoint) {
    if (savepoints_.empty()) began_by_savepoint_ = statement.what_.kind == Kind::savepoint && !began_;
    began_ = true;
  }
  follow_savepoints(statement);
  if (in_transaction()) return {};
  if (statement.read_only() && running_ > 1) return {};
  return end_transaction();
}

Result<void> Engine::end_transaction() {
  savepoints_.clear();
  references_.forget_transaction();
  began_ = began_by_savepoint_ = false;
  if (!hub_.access->in_transaction()) return {};
  return hub_.access->commit();
}

void Engine::follow_savepoints(const Statement& statement) {
  const Classified& what = statement.what_;
  const auto named = std::ranges::find_if(savepoints_.rbegin(), savepoints_.rend(),
                                          [&](const Savepoint& each) { return same_name(each.name, what.name); });
  const auto count = static_cast<std::size_t>(savepoints_.rend() - named);
  switch (what.kind) {
    case Kind::savepoint:
      savepoints_.push_back({what.name, hub_.access->mark()});
      break;
    case Kind::release:
      if (count > 0) savepoints_.resize(count - 1);
      break;
    case Kind::rollback_to:
      if (count == 0) break;
      hub_.access->rollback_to(*savepoints_[count - 1].mark);
      savepoints_.resize(count);
      break;
    case Kind::commit:
    case Kind::rollback:
      savepoints_.clear();
      break;
    default:
      break;
  }
}

// Of what the statement did, nothing stays, unless it is said to.
Error Engine::give_up(Statement& statement, Error why, bool had_transaction) {
  hub_.pending.clear();
  hub_.pending_kept.clear();
  hub_.pending_table.reset();
  sqlite3_reset(statement.prepared_.get());
  if (hub_.keep_done) {
    if (auto holds = check_references(statement); !holds) why = std::move(holds).error();
  }
  references_.forget_statement();
  if (hub_.roll_back_all && in_transaction()) (void)run(db_.get(), "ROLLBACK");
  if (!in_transaction()) {
    savepoints_.clear();
    references_.forget_transaction();
    began_ = began_by_savepoint_ = false;
    // Nothing else that runs has written.
    if (!hub_.keep_done) {
      hub_.access->rollback();
    } else if (auto done = hub_.access->commit(); !done) {
      why = std::move(done).error();
    }
  } else if (statement.mark_ && !hub_.keep_done) {
    hub_.access->rollback_to(*statement.mark_);
  }
  if (in_transaction() && why.code == ErrorCode::conflict) doomed_ = why;
  // It waited for other nodes: what was written before went with the session that it waits in.
  if (in_transaction() && had_transaction && !hub_.access->in_transaction()) {
    doomed_ = Error(why.code, why.message + ": nothing of the transaction stays; roll it back");
  }
  return why;
}

void Engine::end(Statement& statement) {
  if (statement.prepared_) sqlite3_reset(statement.prepared_.get());
  statement.has_row_ = false;
  statement.mark_.reset();
  statement.own_at_ = 0;
  statement.own_rows_.clear();
  if (!statement.running_) return;
  statement.running_ = false;
  statement.run_.reset();
  --running_;
  if (running_ > 0 || in_transaction()) return;
  // A statement that was left in its middle.
  hub_.numbers.clear();
  if (hub_.access->in_transaction()) hub_.access->rollback();
}

}  // namespace latium::sql
