#include "examples/fog_controllers/latium_databases.h"

#include <algorithm>

namespace fog {

namespace {

constexpr std::size_t kRowsAtOnce = 50;

}  // namespace

std::string tenant_of(const std::string& database, const std::string& site) {
  return database + "_" + site;
}

Result<LatiumDatabases> LatiumDatabases::open(latium::Node& node, const Trace& trace, const std::string& site,
                                              latium::SqlOptions options) {
  LatiumDatabases out;
  for (const std::string& name : trace.databases()) {
    auto database = node.database(tenant_of(name, site));
    if (!database) return std::unexpected(database.error());
    auto session = database->sql(options);
    if (!session) return std::unexpected(session.error());
    out.sessions_.emplace(name, *std::move(session));
  }
  return out;
}

Result<Answer> LatiumDatabases::run(const std::string& database, const std::string& sql, std::vector<Value> parameters) {
  auto result = sessions_.at(database).execute(sql, std::move(parameters));
  if (!result) return std::unexpected(result.error());
  return Answer{.columns = std::move(result->columns),
                .rows = std::move(result->rows),
                .changes = result->changes,
                .last_insert_id = result->last_insert_id,
                .cost = {.round_trips = result->stats.round_trips,
                         .wan_round_trips = result->stats.wan_round_trips,
                         .bytes = static_cast<std::int64_t>(result->stats.bytes),
                         .wan_bytes = static_cast<std::int64_t>(result->stats.wan_bytes)}};
}

Result<void> LatiumDatabases::fill(const Trace& trace) {
  for (const TableRecord& table : trace.tables) {
    latium::SqlSession& session = sessions_.at(table.database);
    std::string script;
    for (const std::string& sql : schema_of(trace, table)) script += sql + ";\n";
    if (auto made = session.script("BEGIN;\n" + script + "COMMIT;\n"); !made) return made;
    for (std::size_t from = 0; from < table.rows.size(); from += kRowsAtOnce) {
      const std::size_t count = std::min(kRowsAtOnce, table.rows.size() - from);
      std::vector<Value> values;
      for (std::size_t i = from; i < from + count; ++i) values.insert(values.end(), table.rows[i].begin(), table.rows[i].end());
      if (auto inserted = session.execute(insert_of(table, count), std::move(values)); !inserted) {
        return std::unexpected(inserted.error());
      }
    }
  }
  return {};
}

}  // namespace fog
