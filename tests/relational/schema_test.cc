#include "relational/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "tests/relational/tables.h"

namespace latium {
namespace {

using ::testing::ElementsAre;

TEST(Schema, GivesIdsInOrder) {
  const TableSchema schema = instances_schema();
  EXPECT_EQ(schema.id, TableId{7});
  EXPECT_EQ(schema.version, 1U);
  for (std::uint32_t i = 0; i < schema.columns.size(); ++i) EXPECT_EQ(schema.columns[i].id, ColumnId{i + 1});
  EXPECT_THAT(schema.primary_key, ElementsAre(ColumnId{1}));
  EXPECT_THAT(schema.find_index("by_host")->columns, ElementsAre(ColumnId{2}, ColumnId{3}));
  EXPECT_EQ(schema.find_index("by_host")->state, IndexState::published);
  EXPECT_EQ(schema.find_index(IndexId{2})->name, "one_number");
  EXPECT_EQ(schema.tenant_by, ColumnId{6});
  EXPECT_EQ(schema.next_column, ColumnId{7});
  EXPECT_EQ(schema.next_index, IndexId{3});
  EXPECT_EQ(schema.auto_increment_column()->name, "number");
  // Rows from the table's beginning hold every value themselves.
  EXPECT_EQ(schema.find_column("vcpus")->default_value, Value(1));
  EXPECT_EQ(schema.find_column("vcpus")->absent_value, Value());
}

TEST(Schema, FindsNamesInAnyCase) {
  const TableSchema schema = instances_schema();
  EXPECT_EQ(schema.find_column("UUID"), &schema.columns[0]);
  EXPECT_EQ(schema.find_index("By_Host"), &schema.indexes[0]);
  EXPECT_EQ(schema.find_column("uuids"), nullptr);
  EXPECT_EQ(schema.find_index("none"), nullptr);
  EXPECT_EQ(schema.find_index(IndexId{9}), nullptr);
}

TEST(Schema, WidensADefault) {
  TableDefinition table = instances();
  table.columns[3].default_value = 2;
  EXPECT_EQ(make_schema(table, TableId{1})->columns[3].default_value, Value(2.0));
}

struct Refusal {
  std::function<void(TableDefinition&)> spoil;
  std::string message;
};

void expect_refused(const Refusal& refusal) {
  TableDefinition table = instances();
  refusal.spoil(table);
  const auto schema = make_schema(table, TableId{1});
  ASSERT_FALSE(schema) << refusal.message;
  EXPECT_EQ(schema.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(schema.error().message, refusal.message);
}

TEST(Schema, RefusesNamesThatAreNone) {
  const std::string rule = " is not 1 to 128 bytes of UTF-8 without control characters, the first no quote or [";
  const Refusal refusals[] = {
      {[](auto& t) { t.name = ""; }, "table '': the name '' of the table" + rule},
      {[](auto& t) { t.name = "\"t"; }, "table '\"t': the name '\"t' of the table" + rule},
      {[](auto& t) { t.name = "a\nb"; }, "table 'a\\x0ab': the name 'a\\x0ab' of the table" + rule},
      {[](auto& t) { t.name = "SQLite_x"; }, "table 'SQLite_x': names of tables that begin with sqlite_ or latium_ are reserved"},
      {[](auto& t) { t.columns[3].name = "1\x7f"; }, "table 'instances': the name '1\\x7f' of column '1\\x7f'" + rule},
      {[](auto& t) { t.columns[3].name = "vcpUs"; },
       "table 'instances': there are two of the name 'vcpUs', regardless of case: rename column 'vcpUs'"},
      {[](auto& t) { t.indexes[0].name = "x\xff"; }, "table 'instances': the name 'x\\xff' of index 'x\\xff'" + rule},
      {[](auto& t) { t.indexes[1].name = "BY_HOST"; },
       "table 'instances': there are two of the name 'BY_HOST', regardless of case: rename index 'BY_HOST'"},
      {[](auto& t) { t.foreign_keys[0].table = std::string("h\0", 2); },
       "table 'instances': the name 'h\\x00' of the table of a foreign key" + rule},
      {[](auto& t) { t.foreign_keys[0].referenced = {"\xc3"}; },
       "table 'instances': the name '\\xc3' of a column that the foreign key to 'hosts' names" + rule},
  };
  for (const Refusal& refusal : refusals) expect_refused(refusal);
  TableDefinition table = instances();
  table.name = "d\xc3\xa9j\xc3\xa0 \"vu\"; --";
  EXPECT_TRUE(make_schema(table, TableId{1}));
  table.columns[3].type = ValueType::null;
  EXPECT_EQ(make_schema(table, TableId{1}).error().message, "table 'd\xc3\xa9j\xc3\xa0 \"vu\"; --': column 'load' needs a type");
  table = instances();
  table.name = std::string(kMaxTableName, 'x');
  EXPECT_TRUE(make_schema(table, TableId{1}));
  table.name += 'x';
  EXPECT_FALSE(make_schema(table, TableId{1}));
}

TEST(Schema, RefusesColumnsThatCannotBe) {
  const Refusal refusals[] = {
      {[](auto& t) { t = {.name = "t", .columns = {}, .primary_key = {}}; }, "table 't': columns: 0 given, 1 to 1000 allowed"},
      {[](auto& t) { t.columns[3].type = ValueType::null; }, "table 'instances': column 'load' needs a type"},
      {[](auto& t) { t.columns[3].nocase = true; },
       "table 'instances': column 'load' is nocase, which only text can be, and not real"},
      {[](auto& t) { t.columns[2].default_value = "x"; }, "column 'vcpus' of table 'instances' is an integer, given text 'x'"},
      {[](auto& t) { t.columns[2].default_value = 1.0; }, "column 'vcpus' of table 'instances' is an integer, given real 1.0"},
      {[](auto& t) { t.columns[3].default_value = NAN; }, "column 'load' of table 'instances' cannot be NaN: give null"},
      {[](auto& t) { t.columns[3].auto_increment = true; },
       "table 'instances': column 'load' is auto_increment: it must be an integer, not nullable and without a default"},
      {[](auto& t) { t.columns[4].default_value = 1; },
       "table 'instances': column 'number' is auto_increment: it must be an integer, not nullable and without a default"},
      {[](auto& t) { t.columns.push_back({.name = "n", .type = ValueType::integer, .auto_increment = true}); },
       "table 'instances': columns 'number' and 'n' are both auto_increment: one at most may be"},
      {[](auto& t) { t.columns[5].default_value = std::string(kMaxSchemaBytes, 'x'); },
       "table 'instances': its description takes 524474 bytes, above 524288: shorten defaults and names"},
  };
  for (const Refusal& refusal : refusals) expect_refused(refusal);
  TableDefinition table = instances();
  while (table.columns.size() < kMaxColumns) table.columns.push_back({.name = "c" + std::to_string(table.columns.size())});
  EXPECT_TRUE(make_schema(table, TableId{1}));
  table.columns.push_back({.name = "one_more"});
  EXPECT_FALSE(make_schema(table, TableId{1}));
}

TEST(Schema, RefusesKeysThatCannotBe) {
  const Refusal refusals[] = {
      {[](auto& t) { t.primary_key = {}; },
       "table 'instances': it has no primary key: name the columns that tell its rows apart"},
      {[](auto& t) { t.primary_key = {"nobody"}; },
       "table 'instances': the primary key names column 'nobody', which the table does not have"},
      {[](auto& t) { t.primary_key = {"uuid", "UUID"}; }, "table 'instances': the primary key names column 'uuid' twice"},
      {[](auto& t) { t.primary_key = {"host"}; },
       "table 'instances': column 'host' is in the primary key and must not be nullable"},
      {[](auto& t) { t.indexes[0].columns = {}; }, "table 'instances': columns of index 'by_host': 0 given, 1 to 16 allowed"},
      {[](auto& t) { t.indexes[0].columns = {"hots"}; },
       "table 'instances': index 'by_host' names column 'hots', which the table does not have"},
      {[](auto& t) { t.indexes[0].columns = {"host", "host"}; }, "table 'instances': index 'by_host' names column 'host' twice"},
      {[](auto& t) { t.foreign_keys[0].columns = {"hots"}; },
       "table 'instances': the foreign key to 'hosts' names column 'hots', which the table does not have"},
      {[](auto& t) { t.foreign_keys[0].referenced = {"a", "b"}; },
       "table 'instances': the foreign key to 'hosts' has 1 columns here and 2 there: give as many"},
      {[](auto& t) { t.indexes.resize(65, t.indexes[0]); }, "table 'instances': indexes: 65 given, 0 to 64 allowed"},
      {[](auto& t) { t.foreign_keys.resize(65, t.foreign_keys[0]); },
       "table 'instances': foreign keys: 65 given, 0 to 64 allowed"},
  };
  for (const Refusal& refusal : refusals) expect_refused(refusal);
}

TEST(Schema, RefusesHomesThatCannotBe) {
  const Refusal refusals[] = {
      {[](auto& t) { t.tenant_by = "tenant"; },
       "table 'instances': tenant_by names column 'tenant', which the table does not have"},
      {[](auto& t) { t.tenant_by = "vcpus"; },
       "table 'instances': tenant_by names column 'vcpus', which must be text: it holds names of tenants"},
      {[](auto& t) { t.parent = "hosts"; },
       "table 'instances': it has both a parent and tenant_by: rows lie beside their parent's, leave tenant_by out"},
      {[](auto& t) { t.parent = "racks", t.tenant_by = ""; },
       "table 'instances': it has 0 foreign keys to its parent 'racks': one must say which row is the parent"},
      {[](auto& t) { t.parent = "Instances", t.tenant_by = ""; }, "table 'instances': it is its own parent"},
  };
  for (const Refusal& refusal : refusals) expect_refused(refusal);
  EXPECT_FALSE(make_schema(instances(), TableId{0}));
  TableDefinition child = instances();
  child.tenant_by = "";
  child.parent = "Hosts";
  EXPECT_TRUE(make_schema(child, TableId{1}));
}

}  // namespace
}  // namespace latium
