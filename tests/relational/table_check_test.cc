// Comparing tables with their indexes: what is wrong is found, whatever it is.
#include "relational/table_check.h"

#include <set>

#include "tests/relational/table_sessions.h"

namespace latium::testing {
namespace {

using Kind = TableDifference::Kind;

class TableCheckTest : public TableSessions {
 protected:
  void SetUp() override {
    create({.name = "hosts", .columns = {{.name = "name"}}, .primary_key = {"name"}});
    create({.name = "servers",
            .columns = {{.name = "id", .type = ValueType::integer},
                        {.name = "uuid"},
                        {.name = "host", .type = ValueType::text, .nullable = true}},
            .primary_key = {"id"},
            .indexes = {{.name = "one_uuid", .columns = {"uuid"}, .unique = true}, {.name = "by_host", .columns = {"host"}}},
            .foreign_keys = {{.columns = {"host"}, .table = "hosts", .referenced = {"name"}}}});
    TableSession writer = session();
    ASSERT_EQ(insert(writer, "hosts", {Value("n1")}), "ok");
    for (int id = 0; id < kRows; ++id) {
      ASSERT_EQ(insert(writer, "servers", {Value(id), Value("u" + std::to_string(id)), id % 2 ? Value("n1") : Value()}), "ok");
    }
    ASSERT_EQ(commit(writer), "ok");
    schema_ = *run(node(0).catalog.find(kPlace, "servers", soon()));
  }

  /// Writes below the session, as no program does.
  void damage(const Bytes& key, BytesView route, std::optional<Bytes> value) {
    const RegisterKey at = table_register(kPlace.tenant, kPlace.partitions, key, route);
    Transaction transaction(node(0).shared, {.reading = Reading::latest});
    ASSERT_TRUE(run(transaction.get({at}, soon())).has_value());
    value ? transaction.put(at, *std::move(value)) : transaction.remove(at);
    ASSERT_EQ(code_of(run(transaction.commit(soon()))), "ok");
  }
  void damage(const Bytes& key, std::optional<Bytes> value) { damage(key, key, std::move(value)); }
  Bytes unique_entry(const std::string& uuid) {
    return *unique_entry_key(*schema_, schema_->indexes[0], std::vector<Value>{Value(uuid)}).value();
  }

  std::vector<TableDifference> check(const std::string& table = "servers") {
    std::vector<TableDifference> out;
    Bytes after;
    do {
      TableSession reader = session();
      const auto step = run(reader.check(table, after, soon()));
      EXPECT_TRUE(step.has_value()) << step.error().message;
      EXPECT_EQ(commit(reader), "ok");
      if (!step) return out;
      out.insert(out.end(), step->differences.begin(), step->differences.end());
      rows_checked_ += step->rows;
      entries_checked_ += step->entries;
      after = step->next;
    } while (!after.empty());
    return out;
  }
  std::multiset<Kind> kinds() {
    std::multiset<Kind> out;
    for (const TableDifference& difference : check()) out.insert(difference.kind);
    return out;
  }

  static constexpr int kRows = 450;  // several steps
  std::shared_ptr<const TableSchema> schema_;
  std::uint64_t rows_checked_ = 0;
  std::uint64_t entries_checked_ = 0;
};

TEST_F(TableCheckTest, AllIsComparedAndNothingDiffers) {
  EXPECT_TRUE(check().empty());
  EXPECT_EQ(rows_checked_, kRows);
  EXPECT_EQ(entries_checked_, 2 * kRows);
  EXPECT_TRUE(check("hosts").empty());
}

TEST_F(TableCheckTest, AMissingEntryIsFound) {
  damage(unique_entry("u7"), std::nullopt);
  const Row row{{Value(8), Value("u8"), Value()}};
  const IndexEntryKey entry = index_entry_key(*schema_, schema_->indexes[1], row).value();
  damage(entry.key, entry.route(), std::nullopt);
  const auto found = check();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].kind, Kind::missing_entry);
  EXPECT_EQ(found[0].index, "one_uuid");
  EXPECT_EQ(found[0].key, "servers.id = 7");
  EXPECT_EQ(found[1].index, "by_host");
}

TEST_F(TableCheckTest, AnEntryOfAnotherRowAndOneOfNoRowAreFound) {
  damage(unique_entry("u7"), encode_tuple(std::vector<Value>{Value(9)}).value());
  EXPECT_EQ(kinds(), (std::multiset<Kind>{Kind::wrong_entry, Kind::stray_entry}));
  damage(unique_entry("u7"), encode_tuple(std::vector<Value>{Value(7)}).value());
  damage(unique_entry("nobody"), encode_tuple(std::vector<Value>{Value(7777)}).value());
  EXPECT_EQ(kinds(), (std::multiset<Kind>{Kind::stray_entry}));
}

TEST_F(TableCheckTest, AReferenceToNothingIsFound) {
  const Bytes host = row_key(**run(node(0).catalog.find(kPlace, "hosts", soon())), std::vector<Value>{Value("n1")}).value();
  damage(host, std::nullopt);
  const auto found = check();
  EXPECT_EQ(found.size(), kRows / 2u);
  EXPECT_EQ(found.at(0).kind, Kind::dangling_reference);
}

TEST_F(TableCheckTest, ARowThatCannotBeReadIsFound) {
  damage(row_key(*schema_, std::vector<Value>{Value(3)}).value(), Bytes("\xff\xff"));
  EXPECT_EQ(kinds(), (std::multiset<Kind>{Kind::unreadable}));
}

TEST_F(TableCheckTest, ARowThatChangesMeanwhileIsNoDifference) {
  TableSession reader = session();
  ASSERT_TRUE(run(reader.check("servers", {}, soon())).has_value());
  TableSession writer = session(1);
  ASSERT_EQ(update(writer, "servers", {Value(1), Value("other"), Value()}), "ok");
  ASSERT_EQ(commit(writer), "ok");
  EXPECT_EQ(commit(reader), "conflict") << "so the step is done again";
}

}  // namespace
}  // namespace latium::testing
