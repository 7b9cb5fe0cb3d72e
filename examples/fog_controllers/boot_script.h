// BootScript: a recorded boot as the boot of another instance: uuids, names and addresses are fresh, ids are those that the
// database gives now, generations those that were read now. Nothing here runs SQL.
#pragma once

#include "examples/fog_controllers/tokens.h"
#include "examples/fog_controllers/trace.h"

namespace fog {

/// What statements cost.
struct Cost {
  std::int64_t round_trips = 0;
  std::int64_t wan_round_trips = 0;
  std::int64_t bytes = 0;
  std::int64_t wan_bytes = 0;  ///< those of them that left or entered the site

  Cost& operator+=(const Cost& other) {
    round_trips += other.round_trips;
    wan_round_trips += other.wan_round_trips;
    bytes += other.bytes;
    wan_bytes += other.wan_bytes;
    return *this;
  }
};

/// What a statement gave back.
struct Answer {
  std::vector<std::string> columns;
  std::vector<std::vector<Value>> rows;
  std::int64_t changes = 0;
  std::int64_t last_insert_id = 0;
  Cost cost{};
};

/// What the trace says that a statement gives back.
struct Expected {
  std::int64_t rows = 0;
  std::int64_t changes = 0;
};

/// Where the boots of one controller's tables went.
class HostLedger {
 public:
  void finished(const std::string& host) { ++boots_[host]; }
  std::int64_t boots(const std::string& host) const;

 private:
  std::map<std::string, std::int64_t> boots_;
};

/// Of each `?` of a shape, in order.
std::vector<Parameter> parameters_of(const Trace& trace, const Shape& shape);

class BootScript {
 public:
  /// `boot`: which of the trace. `name`: of the new instance. The trace and the ledger outlive it.
  BootScript(const Trace& trace, std::size_t boot, std::string name, const HostLedger& ledger, Random& random);

  const std::vector<RecordedTransaction>& transactions() const { return boot_.transactions; }
  const std::string& host() const { return boot_.host; }
  const std::string& name() const { return name_; }

  /// The values to bind now.
  std::vector<Value> bind(const std::string& database, const RecordedStatement& statement) const;
  /// The counts of the trace; where a statement lists what all boots left on a host, with those that came since.
  Expected expected(const RecordedStatement& statement) const;
  /// To be told of each answer, again when a transaction is done again.
  void learn(const std::string& database, const RecordedStatement& statement, const Answer& answer);

 private:
  std::string replaced(std::string text) const;
  /// Boots on `host` that this one's record knows nothing of, less those that it knows and that were not done.
  std::int64_t more_on(const std::string& host) const;

  const Trace& trace_;
  const std::size_t number_;
  const RecordedBoot& boot_;
  const std::string name_;
  const HostLedger& ledger_;
  std::vector<std::pair<std::string, std::string>> fresh_;                          // recorded token, its replacement
  std::map<std::tuple<std::string, std::string, std::int64_t>, std::int64_t> ids_;  // database, table, recorded -> given
  std::int64_t generation_ = 0;
};

}  // namespace fog
