#include "examples/fog_controllers/controller.h"

#include <algorithm>
#include <thread>

namespace fog {

namespace {

using Clock = std::chrono::steady_clock;
using latium::Error;
using latium::ErrorCode;

double since_us(Clock::time_point began) {
  return std::chrono::duration<double, std::micro>(Clock::now() - began).count();
}

bool may_pass(const Error& error) {
  switch (error.code) {
    case ErrorCode::conflict:
    case ErrorCode::unavailable:
    case ErrorCode::deadline_exceeded:
    case ErrorCode::overloaded:
    case ErrorCode::stale_topology:
      return true;
    default:
      return false;
  }
}

// Local reads may be old, which a commit would find out; a controller that has to know asks again.
constexpr int kLooks = 5;
// Of what is not as recorded; no database says it.
constexpr ErrorCode kMismatch = ErrorCode::incompatible_format;

std::string shown(const Shape& shape) {
  std::string text = shape.sql.substr(0, 100);
  std::ranges::replace(text, '\n', ' ');
  return "'" + text + (shape.sql.size() > 100 ? "...'" : "'");
}

// "a=?, b=?" as "a IS ? AND b IS ?".
std::string conditions(std::string assignments) {
  for (std::size_t at = assignments.find("=?"); at != std::string::npos; at = assignments.find("=?")) {
    const bool last = assignments.compare(at + 2, 2, ", ") != 0;
    assignments.replace(at, last ? 2 : 4, last ? " IS ?" : " IS ? AND ");
  }
  return assignments;
}

}  // namespace

Probe probe_of(const Shape& shape, const std::vector<Value>& bound, std::int64_t inserted_id) {
  const std::string& sql = shape.sql;
  if (shape.kind == Kind::remove) {
    return {"SELECT count(*) = 0 FROM " + sql.substr(std::string("DELETE FROM ").size()), bound};
  }
  if (shape.kind == Kind::insert) {
    const std::size_t open = sql.find(" (");
    Probe probe{"SELECT count(*) > 0 FROM " + sql.substr(12, open - 12) + " WHERE id = ?", {Value(inserted_id)}};
    // The first column is when it was made.
    probe.sql += " AND " + sql.substr(open + 2, sql.find(',') - open - 2) + " IS ?";
    probe.parameters.push_back(bound.at(0));
    return probe;
  }
  const std::size_t set = sql.find(" SET ");
  const std::size_t where = sql.find(" WHERE ");
  const std::size_t last = std::max(where + 7, sql.rfind(" AND ") == std::string::npos ? 0 : sql.rfind(" AND ") + 5);
  Probe probe{"SELECT count(*) > 0 FROM " + sql.substr(7, set - 7) + " WHERE " +
                  conditions(sql.substr(set + 5, where - set - 5)) + " AND " + sql.substr(last),
              {}};
  const auto values =
      std::count(sql.begin() + static_cast<std::ptrdiff_t>(set), sql.begin() + static_cast<std::ptrdiff_t>(where), '?');
  probe.parameters.assign(bound.begin(), bound.begin() + values);
  probe.parameters.push_back(bound.back());
  return probe;
}

Controller::Controller(const Trace& trace, Databases& databases, ControllerOptions options)
    : trace_(trace), databases_(databases), options_(std::move(options)), random_(options_.seed) {}

bool Controller::boot() {
  const std::int64_t number = tally_.boots + tally_.failures;
  BootScript script(trace_, static_cast<std::size_t>(number) % trace_.boots.size(),
                    "vm-" + options_.site + "-" + std::to_string(number), hosts_, random_);
  Account account;
  const auto began = Clock::now();
  for (const RecordedTransaction& recorded : script.transactions()) {
    if (auto done = transaction(script, recorded, account); !done) {
      ++tally_.failures;
      if (tally_.problem.empty()) tally_.problem = script.name() + ": " + done.error().message;
      return false;
    }
  }
  tally_.boot_ms.push_back(since_us(began) / 1000);
  tally_.statement_us.insert(tally_.statement_us.end(), account.statement_us.begin(), account.statement_us.end());
  tally_.statements += account.statements;
  tally_.transactions += static_cast<std::int64_t>(script.transactions().size());
  tally_.cost += account.cost;
  ++tally_.boots;
  hosts_.finished(script.host());
  return true;
}

Result<void> Controller::transaction(BootScript& script, const RecordedTransaction& recorded, Account& account) {
  const auto until = Clock::now() + options_.patience;
  int looks = 0;
  for (auto pause = std::chrono::milliseconds(5);; pause = std::min(pause * 2, std::chrono::milliseconds(500))) {
    auto done = attempt(script, recorded, account);
    if (done) return done;
    const bool mismatch = done.error().code == kMismatch;
    if (mismatch && ++looks == kLooks) {
      ++tally_.mismatches;
      return done;
    }
    if (!mismatch && (!may_pass(done.error()) || Clock::now() >= until)) return done;
    ++(mismatch ? tally_.stale : tally_.retries);
    std::this_thread::sleep_for(pause + pause * static_cast<int>(random_() % 100) / 100);
  }
}

Result<void> Controller::attempt(BootScript& script, const RecordedTransaction& recorded, Account& account) {
  const auto give_up = [&](Error error) {
    // Its error says nothing new: a transaction that the failure ended cannot be rolled back once more.
    (void)databases_.run(recorded.database, "ROLLBACK", {});
    return std::unexpected(std::move(error));
  };
  if (auto begun = databases_.run(recorded.database, "BEGIN", {}); !begun) return std::unexpected(begun.error());
  std::vector<Done> done;
  for (const RecordedStatement& statement : recorded.statements) {
    const Shape& shape = trace_.shapes[statement.shape];
    std::vector<Value> bound = script.bind(recorded.database, statement);
    auto answer = timed(recorded.database, shape.sql, bound, account);
    if (!answer) return give_up(answer.error());
    if (auto right = check(script, statement, *answer); !right) return give_up(right.error());
    script.learn(recorded.database, statement, *answer);
    ++account.statements;
    if (shape.writes()) done.push_back({&statement, std::move(bound), *std::move(answer)});
  }
  auto ended = timed(recorded.database, recorded.commits ? "COMMIT" : "ROLLBACK", {}, account);
  if (ended) return {};
  if (ended.error().certainty == latium::Certainty::not_applied) return give_up(ended.error());
  (void)databases_.run(recorded.database, "ROLLBACK", {});
  // Nothing was written, and what was read is as recorded.
  if (done.empty()) return {};
  auto there = was_committed(recorded.database, done);
  if (!there) return std::unexpected(there.error());
  if (*there) return {};
  return std::unexpected(Error(ErrorCode::conflict, "the commit has not been done: " + ended.error().message));
}

Result<Answer> Controller::timed(const std::string& database, const std::string& sql, std::vector<Value> parameters,
                                 Account& account) {
  const auto began = Clock::now();
  auto answer = databases_.run(database, sql, std::move(parameters));
  account.statement_us.push_back(since_us(began));
  if (answer) account.cost += answer->cost;
  return answer;
}

Result<void> Controller::check(const BootScript& script, const RecordedStatement& statement, const Answer& answer) {
  const Expected expected = script.expected(statement);
  const Shape& shape = trace_.shapes[statement.shape];
  const auto rows = static_cast<std::int64_t>(answer.rows.size());
  const std::int64_t changes = shape.writes() ? answer.changes : 0;
  if (rows == expected.rows && changes == expected.changes) return {};
  return std::unexpected(Error(kMismatch, shown(shape) + " gave " + std::to_string(rows) + " rows and changed " +
                                              std::to_string(changes) + ", the record says " + std::to_string(expected.rows) +
                                              " and " + std::to_string(expected.changes)));
}

Result<bool> Controller::was_committed(const std::string& database, const std::vector<Done>& done) {
  // A row that was inserted tells most: what was deleted may have been inserted anew, what was updated be as it was before.
  const auto rank = [this](const Done& one) {
    const Kind kind = trace_.shapes[one.statement->shape].kind;
    return kind == Kind::insert ? 0 : kind == Kind::update ? 1 : 2;
  };
  const Done& write = *std::ranges::min_element(done, {}, rank);
  const Probe probe = probe_of(trace_.shapes[write.statement->shape], write.bound, write.answer.last_insert_id);
  const auto until = Clock::now() + options_.patience;
  for (;;) {
    auto answer = databases_.run(database, probe.sql, probe.parameters);
    if (answer) return answer->rows.at(0).at(0) == Value(1);
    if (!may_pass(answer.error()) || Clock::now() >= until) return std::unexpected(answer.error());
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace fog
