// The databases of a controller in Latium: one tenant each, with a SQL session.
#pragma once

#include <latium/latium.h>
#include <latium/sql.h>

#include <map>
#include <string>

#include "examples/fog_controllers/controller.h"

namespace fog {

class LatiumDatabases final : public Databases {
 public:
  /// A session of each database's tenant, `database`_`site`, on the controller's node, which outlives this.
  static Result<LatiumDatabases> open(latium::Node& node, const Trace& trace, const std::string& site,
                                      latium::SqlOptions options);

  Result<Answer> run(const std::string& database, const std::string& sql, std::vector<Value> parameters) override;

  /// Makes the tables, with the rows that were there before the first boot.
  Result<void> fill(const Trace& trace);

 private:
  std::map<std::string, latium::SqlSession> sessions_;
};

std::string tenant_of(const std::string& database, const std::string& site);

}  // namespace fog
