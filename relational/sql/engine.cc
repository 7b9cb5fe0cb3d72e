// How statements run.
#include "relational/sql/engine.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "relational/sql/functions.h"
#include "relational/sql/rewrite.h"
#include "relational/sql/run.h"
#include "runtime/clock.h"

namespace latium::sql {

namespace {

using Kind = StatementKind;

constexpr int kOperationsBetweenLooks = 10'000;  // of SQLite's machine, at the clock
constexpr std::uint32_t kAttemptsMax = 1000;
constexpr std::size_t kValueMax = 1'000'000'000;  // bytes; SQLite's own

bool about_names(const Error& why) {
  return why.message.find("no such") != std::string::npos || why.message.find("has no column") != std::string::npos ||
         why.message.find("columns but") != std::string::npos;
}

bool runs_in_sqlite(Kind kind) {
  return kind <= Kind::reflection;
}

SqlStats minus(const SqlStats& a, const SqlStats& b) {
  return {.round_trips = a.round_trips - b.round_trips,
          .wan_round_trips = a.wan_round_trips - b.wan_round_trips,
          .replicas_asked = a.replicas_asked,
          .bytes = a.bytes - b.bytes,
          .wan_bytes = a.wan_bytes - b.wan_bytes,
          .batches = a.batches - b.batches,
          .rows_read = a.rows_read - b.rows_read,
          .rows_returned = a.rows_returned - b.rows_returned,
          .cache_hits = a.cache_hits - b.cache_hits};
}

// What a query about the schema may read.
int only_schema(void*, int action, const char* what, const char*, const char*, const char*) {
  if (action == SQLITE_SELECT || action == SQLITE_FUNCTION || action == SQLITE_PRAGMA || action == SQLITE_RECURSIVE)
    return SQLITE_OK;
  const std::string_view name = what == nullptr ? "" : what;
  // The tables that PRAGMAs are as functions come into being, in SQLite's memory, when they are first named. Who means to write
  // there is refused by SQLite.
  if (action == SQLITE_UPDATE && name.starts_with("sqlite_")) return SQLITE_OK;
  if (action != SQLITE_READ) return SQLITE_DENY;
  const bool schema = name.empty() || name.starts_with("sqlite_") || name.starts_with("pragma_") || name.starts_with("json_");
  return schema ? SQLITE_OK : SQLITE_DENY;
}

}  // namespace

Engine::Engine(Connection db, Hub hub) : hub_(std::move(hub)), db_(std::move(db)), statements_(hub_.options.statement_cache) {
  hub_.references = &references_;
  hub_.pending_kept = KeptBytes(hub_.kept);
}

Engine::~Engine() {
  // Statements are gone; tables go with the connection, and refer to the hub.
  statements_.clear();
  db_.reset();
}

Result<std::shared_ptr<Engine>> Engine::open(std::unique_ptr<TableAccess> tables, SqlOptions options) {
  LATIUM_TRY(Connection db, open_connection());
  LATIUM_TRY(Shadow shadow, Shadow::open());
  Hub hub(std::move(tables), std::move(shadow), options);
  hub.foreign_keys = options.foreign_keys;
  // Of temporary tables, which are SQLite's own.
  LATIUM_CHECKED(run(db.get(), options.foreign_keys ? "PRAGMA foreign_keys = 1" : "PRAGMA foreign_keys = 0"));
  // One value is not more than all may be.
  sqlite3_limit(db.get(), SQLITE_LIMIT_LENGTH, static_cast<int>(std::min<std::size_t>(options.max_bytes, kValueMax)));
  const std::shared_ptr<Engine> engine(new Engine(std::move(db), std::move(hub)));
  LATIUM_CHECKED(add_functions(engine->db_.get(), engine->hub_));
  sqlite3_progress_handler(engine->db_.get(), kOperationsBetweenLooks, &Engine::watch, engine.get());
  engine->hub_.access->set_deadline(saturating_add(engine->hub_.access->now(), options.timeout));
  LATIUM_CHECKED(engine->refresh());
  return engine;
}

int Engine::watch(void* engine) {
  auto& self = *static_cast<Engine*>(engine);
  if (self.hub_.access->now() < self.deadline_) return 0;
  self.hub_.error = Error(ErrorCode::deadline_exceeded, "the statement took longer than its timeout of " +
                                                            std::to_string(self.hub_.options.timeout.count()) + " ms");
  return 1;
}

bool Engine::in_transaction() const {
  return sqlite3_get_autocommit(db_.get()) == 0;
}

void Engine::interrupt() {
  sqlite3_interrupt(db_.get());
  hub_.access->interrupt();
}

// A call of the session begins: what was interrupted before is over.
void Engine::resume() {
  if (running_ == 0) hub_.access->resume();
}

SqlStats Engine::stats() const {
  SqlStats out = hub_.stats;
  const SqlStats cost = hub_.access->cost();
  out.round_trips = cost.round_trips;
  out.wan_round_trips = cost.wan_round_trips;
  out.replicas_asked = cost.replicas_asked;
  out.bytes = cost.bytes;
  out.wan_bytes = cost.wan_bytes;
  return out;
}

Result<std::unique_ptr<Statement>> Engine::prepare(std::string_view sql) {
  resume();
  return prepare_text(sql);
}

Result<std::unique_ptr<Statement>> Engine::prepare_text(std::string_view sql) {
  // One that was run before is one statement, and of that kind.
  if (const Classified* const known = statements_.kind_of(sql)) {
    auto statement = std::make_unique<Statement>(*this, std::string(sql), *known);
    LATIUM_CHECKED(compile(*statement));
    return statement;
  }
  // The catalog keeps the text of what is created, and nobody could read it any more.
  if (!is_utf8(sql)) return fail(ErrorCode::invalid_argument, "SQL must be UTF-8: bind bytes, or write them as x'...'");
  const auto statements = split_statements(sql);
  if (statements.empty()) return fail(ErrorCode::invalid_argument, "there is no statement in the text");
  if (statements.size() > 1) {
    // The body of a trigger has semicolons.
    const Classified what = classify(tokenize(sql));
    if (what.kind == Kind::refused) return fail(ErrorCode::invalid_argument, what.why);
    return fail(ErrorCode::invalid_argument, "the text has several statements: run them one by one, or as a script");
  }
  auto statement = std::make_unique<Statement>(*this, std::string(statements[0]), classify(tokenize(statements[0])));
  if (statement->what_.kind == Kind::refused) return fail(ErrorCode::invalid_argument, statement->what_.why);
  if (runs_in_sqlite(statement->what_.kind)) LATIUM_CHECKED(compile(*statement));
  return statement;
}

Result<void> Engine::compile(Statement& statement) {
  const bool reflection = statement.what_.kind == Kind::reflection;
  hub_.access->set_deadline(saturating_add(hub_.access->now(), hub_.options.timeout));
  if (statement.what_.kind == Kind::plain) LATIUM_CHECKED(make_pending_tables());
  if (reflection) LATIUM_CHECKED(refresh());
  sqlite3* const db = reflection ? hub_.shadow.db() : db_.get();
  if (!reflection && (statement.prepared_ = statements_.take(statement.sql_))) {
    statement.generation_ = generation_;
    return {};
  }
  for (bool refreshed = reflection;; refreshed = true) {
    if (reflection) sqlite3_set_authorizer(db, only_schema, nullptr);
    auto prepared = [&]() -> Result<Prepared> {
      if (statement.what_.kind != Kind::plain) return latium::sql::prepare(db, statement.sql_);
      LATIUM_TRY(const std::string text, with_defaults(hub_, statement.sql_));
      return latium::sql::prepare(db, text);
    }();
    if (reflection) sqlite3_set_authorizer(db, nullptr, nullptr);
    if (prepared) {
      statement.prepared_ = *std::move(prepared);
      statement.generation_ = generation_;
      return {};
    }
    if (reflection && prepared.error().message.find("prohibited") != std::string::npos) {
      return fail(ErrorCode::invalid_argument, "a query about the schema cannot read tables too: ask in two statements");
    }
    // Another session may have made what is not known here.
    if (refreshed || !about_names(prepared.error())) return fail(std::move(prepared).error());
    LATIUM_CHECKED(refresh());
  }
}

// Of tables that have changed since, they are prepared anew.
void Engine::keep(Statement& statement) {
  const bool again = statement.prepared_ && statement.generation_ == generation_ && statement.what_.kind != Kind::reflection;
  if (again) statements_.put(statement.sql_, statement.what_, std::move(statement.prepared_));
}

// Everything before the first row.
Result<void> Engine::begin(Statement& statement) {
  if (doomed_ && statement.what_.kind != Kind::rollback) return fail(*doomed_);
  statement.before_ = stats();
  statement.stats_ = {};
  statement.changes_ = 0;
  statement.own_ = false;
  hub_.error.reset();
  deadline_ = statement.deadline_ = saturating_add(hub_.access->now(), hub_.options.timeout);
  hub_.access->set_deadline(deadline_);
  if (!in_parts_) references_.forget_statement();
  if (!runs_in_sqlite(statement.what_.kind)) return {};
  const bool reflection = statement.what_.kind == Kind::reflection;
  if (!statement.prepared_ || statement.generation_ != generation_ || reflection || !unmade_.empty()) {
    LATIUM_CHECKED(compile(statement));
  }
  for (std::size_t i = 0; i < statement.parameters(); ++i) {
    const Value value = i < statement.parameters_.size() ? statement.parameters_[i] : Value();
    if (const int code = bind_value(statement.prepared_.get(), static_cast<int>(i) + 1, value); code != SQLITE_OK) {
      return fail(error_of(sqlite3_db_handle(statement.prepared_.get()), code));
    }
  }
  if (statement.parameters_.size() > statement.parameters()) {
    return fail(ErrorCode::invalid_argument, "the statement takes " + std::to_string(statement.parameters()) +
                                                 " parameters, given " + std::to_string(statement.parameters_.size()));
  }
  statement.run_ = std::make_shared<Run>(hub_);
  // BEGIN and its like do not.
  if (statement.what_.kind == Kind::plain && !statement.read_only()) hub_.access->means_to_write();
  if (in_transaction() && !statement.read_only()) statement.mark_ = hub_.access->mark();
  return {};
}

Result<bool> Engine::step(Statement& statement) {
  const bool first = !statement.running_;
  if (first) {
    if (auto begun = begin(statement); !begun) {
      end(statement);
      return fail(std::move(begun).error());
    }
    statement.running_ = true;
    ++running_;
  }
  if (!runs_in_sqlite(statement.what_.kind)) {
    if (first) {
      auto done = run_ddl(statement);
      statement.stats_ = minus(stats(), statement.before_);
      if (!done) {
        end(statement);
        return fail(std::move(done).error());
      }
    }
    statement.has_row_ = statement.own_at_ < statement.own_rows_.size();
    if (statement.has_row_) ++statement.own_at_;
    if (!statement.has_row_) end(statement);
    return statement.has_row_;
  }
  auto stepped = step_sqlite(statement);
  const bool stale = !stepped && stepped.error().code == ErrorCode::stale_topology;
  if (first && !stepped && (stale || about_names(stepped.error()))) {
    // Some table is in another version now, or one that a foreign key names is there by now: again with that.
    const std::uint64_t before = generation_;
    LATIUM_CHECKED(refresh());
    if (generation_ != before) return step(statement);
    if (stale) return fail(ErrorCode::conflict, stepped.error().message);
  }
  return stepped;
}

Result<bool> Engine::step_sqlite(Statement& statement) {
  const auto outer = std::exchange(hub_.run, statement.run_);
  deadline_ = statement.deadline_;
  hub_.access->set_deadline(deadline_);
  hub_.keep_done = hub_.roll_back_all = false;
  hub_.left_out = 0;
  if (!in_parts_) hub_.wan_before = statement.before_.wan_round_trips;
  const std::int64_t changed = sqlite3_total_changes64(db_.get());
  const bool had_transaction = hub_.access->in_transaction();
  // Before SQLite takes it for committed.
  Result<void> finished = ends_transaction(statement) ? references_.check(true) : Result<void>();
  const int code = finished ? sqlite3_step(statement.prepared_.get()) : SQLITE_CONSTRAINT_FOREIGNKEY;
  if (!finished) {
    // It goes on, and what is missing can be added.
  } else if (code == SQLITE_ROW) {
    ++hub_.stats.rows_returned;
    statement.has_row_ = true;
    if (++statement.run_->stats.rows_returned > hub_.options.max_rows) {
      finished = fail(ErrorCode::invalid_argument, "the statement returns more than " + std::to_string(hub_.options.max_rows) +
                                                       " rows, its limit: narrow it down, or raise max_rows");
    }
  } else if (code == SQLITE_DONE) {
    statement.changes_ = statement.read_only() ? 0 : sqlite3_total_changes64(db_.get()) - changed - hub_.left_out;
    finished = finish(statement);
  } else {
    sqlite3* const db = sqlite3_db_handle(statement.prepared_.get());
    finished = fail(hub_.error ? *hub_.error : error_of(db, code));
  }
  hub_.error.reset();
  statement.stats_ = minus(stats(), statement.before_);
  hub_.run = outer;
  if (!finished) {
    Error why = give_up(statement, std::move(finished).error(), had_transaction);
    end(statement);
    return fail(std::move(why));
  }
  if (code == SQLITE_ROW) return true;
  end(statement);
  return false;
}

Result<SqlResult> Engine::run_once(Statement& statement) {
  SqlResult out;
  KeptBytes kept(hub_.kept);
  while (true) {
    LATIUM_TRY(const bool more, step(statement));
    if (out.columns.empty()) out.columns = statement.columns();
    if (!more) break;
    out.rows.push_back(statement.row());
    kept.add(bytes_of(out.rows.back()));
    if (auto fits = hub_.check_kept(); !fits) {
      end(statement);
      return fail(std::move(fits).error());
    }
  }
  out.changes = statement.changes();
  out.last_insert_id = sqlite3_last_insert_rowid(db_.get());
  out.stats = statement.stats();
  return out;
}

// A statement that is a transaction of its own is done again after a conflict.
Result<SqlResult> Engine::execute(std::string_view sql, std::vector<Value> parameters) {
  resume();
  return run_text(sql, std::move(parameters));
}

Result<SqlResult> Engine::run_text(std::string_view sql, std::vector<Value> parameters) {
  const bool alone = !in_transaction();
  LATIUM_TRY(const auto statement, prepare_text(sql));
  LATIUM_CHECKED(statement->bind(std::move(parameters)));
  const MonotonicTime end = saturating_add(hub_.access->now(), hub_.options.timeout);
  for (std::uint32_t attempt = 1;; ++attempt) {
    auto done = run_once(*statement);
    const bool again = !done && done.error().code == ErrorCode::conflict && alone && !in_transaction() && running_ == 0;
    if (!again || attempt == kAttemptsMax || hub_.access->now() >= end) {
      if (attempt > 1) hub_.access->ends_trying();
      return done;
    }
    hub_.access->try_again(attempt);
  }
}

Result<void> Engine::script(std::string_view sql) {
  resume();
  gather_ = true;
  Result<void> done;
  for (const std::string_view text : split_statements(sql)) {
    auto result = run_text(text, {});
    if (!result) {
      done = fail(std::move(result).error());
      break;
    }
  }
  gather_ = false;
  if (!in_transaction()) {
    auto made = make_pending_tables();
    if (done) done = std::move(made);
  }
  return done;
}

}  // namespace latium::sql
