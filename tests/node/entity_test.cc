// Structs as rows, on a cluster of three nodes and one that holds nothing.
#include "latium/entity.h"

#include <gtest/gtest.h>

#include "tests/node/three_nodes.h"

namespace scheduler {

enum class Power : std::uint8_t { off = 0, on = 1 };

struct Timed {
  std::optional<latium::Timestamp> deleted_at;
};
BOOST_DESCRIBE_STRUCT(Timed, (), (deleted_at))

struct Host {
  std::string name;
  std::int32_t cpus = 0;
  double load = 0;
  Power power = Power::off;

  friend bool operator==(const Host&, const Host&) = default;
};
BOOST_DESCRIBE_STRUCT(Host, (), (name, cpus, load, power))

inline auto table_of(latium::Entity<Host>) {
  return latium::table<Host>("hosts").primary_key(&Host::name).index(&Host::cpus).nocase(&Host::name);
}

struct Instance : Timed {
  std::int64_t id = 0;
  latium::Uuid uuid;
  std::optional<std::string> host;
  latium::Json tags{"[]"};
};
BOOST_DESCRIBE_STRUCT(Instance, (Timed), (id, uuid, host, tags))

inline auto table_of(latium::Entity<Instance>) {
  return latium::table<Instance>("instances")
      .primary_key(&Instance::id)
      .auto_increment(&Instance::id)
      .unique(&Instance::uuid)
      .index(&Instance::host, &Instance::id)
      .foreign_key(&Instance::host, &Host::name);
}

/// As an older program knows it.
struct OldHost {
  std::int64_t cpus = 0;
  std::string name;
};
BOOST_DESCRIBE_STRUCT(OldHost, (), (cpus, name))
inline auto table_of(latium::Entity<OldHost>) {
  return latium::table<OldHost>("hosts").primary_key(&OldHost::name);
}

}  // namespace scheduler

namespace latium {
namespace {

using scheduler::Host;
using scheduler::Instance;
using scheduler::OldHost;

class EntityTest : public ThreeNodesTest {
 protected:
  void SetUp() override {
    ThreeNodesTest::SetUp();
    if (HasFatalFailure()) return;
    const auto hosts = database(0).create_table<Host>();
    ASSERT_TRUE(hosts.has_value()) << hosts.error().message;
    const auto instances = database(0).create_table<Instance>();
    ASSERT_TRUE(instances.has_value()) << instances.error().message;
  }
  Database database(std::size_t node) { return *nodes_[node].database("acme"); }
  static Uuid uuid(std::uint8_t last) {
    Uuid out;
    out.bytes[15] = last;
    return out;
  }
};

TEST_F(EntityTest, AStructSaysWhatItsTableIs) {
  const TableDefinition table = database(1).describe("instances")->definition;
  ASSERT_EQ(table.columns.size(), 5u);
  EXPECT_EQ(table.columns[0], (Column{.name = "deleted_at", .type = ValueType::timestamp, .nullable = true}));
  EXPECT_EQ(table.columns[1], (Column{.name = "id", .type = ValueType::integer, .auto_increment = true}));
  EXPECT_EQ(table.columns[2], (Column{.name = "uuid", .type = ValueType::uuid}));
  EXPECT_EQ(table.columns[3], (Column{.name = "host", .type = ValueType::text, .nullable = true}));
  EXPECT_EQ(table.columns[4], (Column{.name = "tags", .type = ValueType::json}));
  EXPECT_EQ(table.primary_key, std::vector<std::string>{"id"});
  EXPECT_EQ(table.indexes[0], (Index{.name = "unique_uuid", .columns = {"uuid"}, .unique = true}));
  EXPECT_EQ(table.indexes[1], (Index{.name = "by_host_id", .columns = {"host", "id"}}));
  EXPECT_EQ(table.foreign_keys[0], (ForeignKey{.columns = {"host"}, .table = "hosts", .referenced = {"name"}}));
  EXPECT_TRUE(database(1).describe("hosts")->definition.columns[0].nocase);
}

TEST_F(EntityTest, StructsAreAddedReadChangedFoundAndRemoved) {
  Session session = database(3).session({.reads = Consistency::quorum});
  const Host host{.name = "n1", .cpus = 64, .load = 0.5, .power = scheduler::Power::on};
  ASSERT_TRUE(session.add(host).has_value());
  Instance first;
  first.uuid = uuid(1);
  first.host = "n1";
  Instance second;
  second.uuid = uuid(2);
  ASSERT_TRUE(session.add(first).has_value());
  ASSERT_TRUE(session.add(second).has_value());
  EXPECT_EQ(first.id, 1);
  EXPECT_EQ(second.id, 2);
  ASSERT_TRUE(session.commit().has_value());

  Session other = database(1).session({.reads = Consistency::quorum});
  EXPECT_EQ(other.get<Host>("N1").value(), host);
  EXPECT_EQ(other.get<Host>("n2").value(), std::nullopt);
  auto found = other.one<Instance>("unique_uuid", {.equal = {uuid(2)}});
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_EQ(found->id, 2);
  EXPECT_EQ(found->host, std::nullopt);
  EXPECT_EQ(found->tags.text, "[]");
  found->host = "n1";
  found->deleted_at = Timestamp{5};
  ASSERT_TRUE(other.update(*found).has_value());
  const auto on_host = other.find<Instance>("by_host_id", {.equal = {Value("n1")}, .descending = true});
  ASSERT_TRUE(on_host.has_value() && on_host->rows.size() == 2);
  EXPECT_EQ(on_host->rows[0].deleted_at, Timestamp{5});
  EXPECT_EQ(on_host->rows[1].deleted_at, std::nullopt);
  EXPECT_TRUE(is_multiple_results_found(other.one<Instance>("by_host_id", {.equal = {Value("n1")}}).error()));
  EXPECT_TRUE(is_no_result_found(other.one<Instance>("by_host_id", {.equal = {Value("n7")}}).error()));
  EXPECT_TRUE(other.remove(*found).value());
  EXPECT_FALSE(other.remove(*found).value());
  ASSERT_TRUE(other.commit().has_value());
}

TEST_F(EntityTest, AStructWithFewerMembersLeavesTheOthersAlone) {
  Session session = database(0).session({.reads = Consistency::quorum});
  ASSERT_TRUE(session.add(Host{.name = "n1", .cpus = 4, .load = 0.25, .power = scheduler::Power::on}).has_value());
  auto old = session.get<OldHost>("n1");
  ASSERT_TRUE(old.has_value() && old->has_value());
  EXPECT_EQ((*old)->cpus, 4);
  (*old)->cpus = 8;
  ASSERT_TRUE(session.update(**old).has_value());
  EXPECT_EQ(session.get<Host>("n1").value(), (Host{.name = "n1", .cpus = 8, .load = 0.25, .power = scheduler::Power::on}));
  const auto missing = session.update(OldHost{.cpus = 1, .name = "n9"});
  ASSERT_FALSE(missing.has_value());
  EXPECT_TRUE(is_no_result_found(missing.error())) << missing.error().message;
  // Its load has no default.
  const auto incomplete = session.add(OldHost{.cpus = 1, .name = "n9"});
  ASSERT_FALSE(incomplete.has_value());
  EXPECT_NE(incomplete.error().message.find("load"), std::string::npos) << incomplete.error().message;
}

TEST_F(EntityTest, WhatDoesNotFitIsSaidByTheNameOfItsColumn) {
  Session session = database(0).session({.reads = Consistency::quorum});
  ASSERT_TRUE(session.add("hosts", {{"n1", std::int64_t{1} << 40, 0.0, 0}}).has_value());
  const auto large = session.get<Host>("n1");
  ASSERT_FALSE(large.has_value());
  EXPECT_EQ(large.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(large.error().message.find("cpus"), std::string::npos) << large.error().message;
  Instance instance;
  instance.host = "nowhere";
  EXPECT_TRUE(is_reference_error(session.add(instance).error()));
  EXPECT_EQ(instance.id, 0) << "it was not added";
}

}  // namespace
}  // namespace latium
