// Controller: boots instances, one after another, as the recorded controller did, and checks every answer against the record.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "examples/fog_controllers/boot_script.h"

namespace fog {

/// The databases of a controller.
class Databases {
 public:
  virtual ~Databases() = default;
  /// One statement, BEGIN and COMMIT among them, on the connection to a database.
  virtual Result<Answer> run(const std::string& database, const std::string& sql, std::vector<Value> parameters) = 0;
};

struct Tally {
  std::int64_t boots = 0;         ///< that came to their end, every answer as recorded
  std::int64_t failures = 0;      ///< boots given up
  std::int64_t mismatches = 0;    ///< boots given up for an answer that was not as recorded, however often it was asked again
  std::int64_t stale = 0;         ///< transactions done again because an answer was not as recorded: it was read too early
  std::int64_t retries = 0;       ///< transactions done again after a conflict, or because nobody could be reached
  std::int64_t transactions = 0;  ///< of boots that came to their end, as the ones below
  std::int64_t statements = 0;
  Cost cost;
  std::vector<double> statement_us;
  std::vector<double> boot_ms;
  std::string problem;  ///< the first one
};

struct ControllerOptions {
  std::string site;
  std::uint64_t seed = 1;
  std::chrono::milliseconds patience{60'000};  ///< longest that one transaction is done again
};

class Controller {
 public:
  /// The trace and the databases outlive it.
  Controller(const Trace& trace, Databases& databases, ControllerOptions options);

  /// One more instance. False: it was given up, tally().problem says why.
  bool boot();
  const Tally& tally() const { return tally_; }
  const HostLedger& hosts() const { return hosts_; }

 private:
  struct Done {
    const RecordedStatement* statement;
    std::vector<Value> bound;
    Answer answer;
  };
  /// What a boot adds to the tally if it comes to its end.
  struct Account {
    std::int64_t statements = 0;
    Cost cost;
    std::vector<double> statement_us;
  };

  Result<void> transaction(BootScript& script, const RecordedTransaction& recorded, Account& account);
  Result<void> attempt(BootScript& script, const RecordedTransaction& recorded, Account& account);
  Result<Answer> timed(const std::string& database, const std::string& sql, std::vector<Value> parameters, Account& account);
  Result<void> check(const BootScript& script, const RecordedStatement& statement, const Answer& answer);
  /// After a commit whose outcome is unknown: is the transaction there?
  Result<bool> was_committed(const std::string& database, const std::vector<Done>& done);

  const Trace& trace_;
  Databases& databases_;
  const ControllerOptions options_;
  Random random_;
  HostLedger hosts_;
  Tally tally_;
};

/// A query that answers 1 when the write has been done, 0 when it has not; its values follow from those of the write.
struct Probe {
  std::string sql;
  std::vector<Value> parameters;
};
Probe probe_of(const Shape& shape, const std::vector<Value>& bound, std::int64_t inserted_id);

}  // namespace fog
