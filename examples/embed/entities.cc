// Structs as rows, and questions about them: which hosts have room, and how much of each is taken.
// embed_entities [DATA_DIR]
#include <latium/latium.h>
#include <latium/query.h>
#include <cstdio>
#include <string>

namespace fleet {

struct Host {
  std::string name;
  std::int64_t cpus = 0;
};
BOOST_DESCRIBE_STRUCT(Host, (), (name, cpus))
auto table_of(latium::Entity<Host>) {
  return latium::table<Host>("fleet_hosts").primary_key(&Host::name).index(&Host::cpus);
}

struct Instance {
  std::int64_t id = 0;  // a number from the node when it is 0
  std::string host;
  std::int64_t cpus = 0;
};
BOOST_DESCRIBE_STRUCT(Instance, (), (id, host, cpus))
auto table_of(latium::Entity<Instance>) {
  return latium::table<Instance>("fleet_instances")
      .primary_key(&Instance::id)
      .auto_increment(&Instance::id)
      .index(&Instance::host)
      .foreign_key(&Instance::host, &Host::name);
}

}  // namespace fleet

namespace {

using fleet::Host;
using fleet::Instance;
using latium::col;

int report(const latium::Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return latium::exit_status(error.code);
}

latium::Result<void> fill(latium::Session& session) {
  for (const char* name : {"compute-1", "compute-2", "compute-3"}) {
    auto known = session.get<Host>(name);
    if (!known) return std::unexpected(known.error());
    if (*known) return {};  // by an earlier run
    if (auto added = session.add(Host{.name = name, .cpus = 32}); !added) return added;
    Instance instance{.host = name, .cpus = 8};
    if (auto added = session.add(instance); !added) return added;
    std::printf("instance %lld on %s\n", static_cast<long long>(instance.id), name);
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  auto node = latium::Node::open({.data_dir = argc > 1 ? argv[1] : "embed-data", .site = "rennes", .bootstrap = true});
  if (!node) return report(node.error());
  if (auto created = node->create_tenant("acme"); !created && created.error().code != latium::ErrorCode::already_exists) {
    return report(created.error());
  }
  auto database = node->database("acme");
  if (!database) return report(database.error());
  if (auto made = database->create_table<Host>(); !made && made.error().code != latium::ErrorCode::already_exists) {
    return report(made.error());
  }
  if (auto made = database->create_table<Instance>(); !made && made.error().code != latium::ErrorCode::already_exists) {
    return report(made.error());
  }
  if (auto filled = database->transact(fill); !filled) return report(filled.error());

  auto session = database->sql();
  if (!session) return report(session.error());
  auto taken = latium::query_of<Host>(*session, col(&Host::name), latium::sum(col(&Instance::cpus)))
                   .join<Instance>(col(&Instance::host) == col(&Host::name))
                   .filter(col(&Host::cpus) >= 16)
                   .group_by(col(&Host::name))
                   .order_by(col(&Host::name))
                   .all();
  if (!taken) return report(taken.error());
  for (const auto& [host, cpus] : *taken) std::printf("%s: %lld taken\n", host.c_str(), static_cast<long long>(cpus.value_or(0)));
  return 0;
}
