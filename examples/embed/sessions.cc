// Tables, and sessions on them: a scheduler that gives an instance a place on a host, so that no two of them give the same place.
// embed_sessions [DATA_DIR [UUID]]
#include <latium/latium.h>
#include <cstdio>
#include <string>

namespace {

using latium::Value;
using latium::ValueType;

int report(const latium::Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return latium::exit_status(error.code);
}

latium::Result<void> make_tables(latium::Database& database) {
  const latium::TableDefinition hosts{.name = "hosts",
                                      .columns = {{.name = "name"}, {.name = "free_cpus", .type = ValueType::integer}},
                                      .primary_key = {"name"},
                                      .indexes = {{.name = "by_free_cpus", .columns = {"free_cpus"}}}};
  const latium::TableDefinition instances{.name = "instances",
                                          .columns = {{.name = "uuid"}, {.name = "host"}},
                                          .primary_key = {"uuid"},
                                          .foreign_keys = {{.columns = {"host"}, .table = "hosts", .referenced = {"name"}}}};
  for (const auto& table : {hosts, instances}) {
    auto made = database.create_table(table);
    if (!made && made.error().code != latium::ErrorCode::already_exists) return std::unexpected(made.error());
  }
  return {};
}

// Both rows change, or none. It runs again when somebody else took the host meanwhile, so it has no effect but on the session.
latium::Result<void> schedule(latium::Session& session, const std::string& uuid, int cpus) {
  auto large = session.find("hosts", "by_free_cpus", {.low = latium::KeyBound{cpus}}, 1);
  if (!large) return std::unexpected(large.error());
  if (large->rows.empty()) return std::unexpected(latium::Error(latium::ErrorCode::not_found, "no host has room"));
  latium::Row host = large->rows.front();
  host.values[1] = host.values[1].get<std::int64_t>() - cpus;
  if (auto updated = session.update("hosts", host); !updated) return updated;
  return session.add("instances", {{Value(uuid), host.values[0]}});
}

}  // namespace

int main(int argc, char** argv) {
  auto node = latium::Node::open({.data_dir = argc > 1 ? argv[1] : "embed-data", .site = "rennes", .bootstrap = true});
  if (!node) return report(node.error());
  if (auto made = node->create_tenant("acme"); !made && made.error().code != latium::ErrorCode::already_exists) {
    return report(made.error());
  }
  auto database = node->database("acme");
  if (!database) return report(database.error());
  if (auto made = make_tables(*database); !made) return report(made.error());
  auto added = database->transact([](latium::Session& session) { return session.add("hosts", {{Value("n1"), Value(8)}}); });
  if (!added && added.error().code != latium::ErrorCode::already_exists) return report(added.error());

  const std::string uuid = argc > 2 ? argv[2] : "instance-1";
  auto placed = database->transact([&](latium::Session& session) { return schedule(session, uuid, 2); });
  if (!placed) return report(placed.error());
  auto all = database->session().find("instances", "");
  if (!all) return report(all.error());
  for (const latium::Row& row : all->rows)
    std::printf("%s on %s\n", row.values[0].to_string().c_str(), row.values[1].to_string().c_str());
  return 0;
}
