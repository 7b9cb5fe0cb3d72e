// Indexes of tables with rows, and what dropped ones leave behind: made whole, and removed, whoever dies meanwhile.
#include "relational/table_work.h"

#include "tests/relational/table_sessions.h"

namespace latium::testing {
namespace {

class TableWorkTest : public TableSessions {
 protected:
  void SetUp() override {
    create({.name = "servers",
            .columns = {{.name = "id", .type = ValueType::integer, .auto_increment = true}, {.name = "host"}, {.name = "rack"}},
            .primary_key = {"id"}});
  }
  void TearDown() override {
    for (auto& [at, work] : work_) run(work->stop());
    TableSessions::TearDown();
  }

  TableWork& work(std::size_t at) {
    auto& found = work_[at];
    if (!found) found = std::make_unique<TableWork>(runtime(), node(at).catalog, node(at).store, node(at).shared);
    return *found;
  }
  void kill(std::size_t at) {
    run(work(at).stop());
    work_.erase(at);
    restart(node(at));
  }
  void add_rows(int count, int hosts) {
    for (int i = 0; i < count;) {
      TableSession writer = session();
      for (const int end = std::min(i + 100, count); i < end; ++i) {
        ASSERT_EQ(insert(writer, "servers", {Value(), Value("h" + std::to_string(i % hosts)), Value("r")}), "ok");
      }
      ASSERT_EQ(commit(writer), "ok");
    }
  }
  Result<TableChange> create_index(std::size_t at, Index index, Duration patience = seconds(120)) {
    return run(work(at).create_index(kPlace, "servers", std::move(index), in(patience)));
  }
  TableSchema schema() { return run(node(0).catalog.describe(kPlace, "servers", soon()))->schema; }
  std::size_t found(const std::string& index, const std::string& host) {
    TableSession reader = session();
    const auto page = run(reader.find("servers", index, {.equal = {Value(host)}}, 10'000, soon()));
    EXPECT_TRUE(page.has_value()) << page.error().message;
    return page ? page->rows.size() : 0;
  }
  std::size_t differences() {
    std::size_t out = 0;
    Bytes after;
    do {
      TableSession reader = session();
      const auto step = run(reader.check("servers", after, soon()));
      EXPECT_TRUE(step.has_value()) << step.error().message;
      out += step->differences.size();
      after = step->next;
    } while (!after.empty());
    return out;
  }
  /// Rows and entries that are there, of any table.
  std::size_t present() {
    std::size_t out = 0;
    for (const RegisterKey& key : rows_->keys()) out += rows_->state(key).committed.present ? 1 : 0;
    return out;
  }

  std::map<std::size_t, std::unique_ptr<TableWork>> work_;
};

TEST_F(TableWorkTest, AnIndexOfATableWithRowsFindsThemAll) {
  add_rows(450, 7);
  const auto made = create_index(1, {.name = "by_host", .columns = {"host"}});
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_EQ(made->schema.find_index("by_host")->state, IndexState::published);
  EXPECT_EQ(found("by_host", "h3"), 64u);
  EXPECT_EQ(differences(), 0u);
  EXPECT_EQ(work(1).statistics().entries_added, 450u);
}

TEST_F(TableWorkTest, RowsThatComeGoAndChangeMeanwhileAreInIt) {
  add_rows(300, 7);
  TaskGroup group(runtime().executor, 10);
  std::optional<Result<TableChange>> made;
  ASSERT_TRUE(group
                  .spawn([](TableWork& work, MonotonicTime deadline, std::optional<Result<TableChange>>& out) -> Task<void> {
                    out = co_await work.create_index(kPlace, "servers", {.name = "by_host", .columns = {"host"}}, deadline);
                    co_return Result<void>();
                  }(work(1), in(seconds(120)), made))
                  .has_value());
  // Nodes 0 and 2 write all the time, each under the schema that it knows.
  for (int round = 0; !made; ++round) {
    ASSERT_LT(round, 10'000);
    TableSession writer = session(round % 2 ? 0 : 2);
    const int id = 1 + round % 300;
    const auto there = run(writer.get("servers", {{Value(id)}}, soon()));
    ASSERT_TRUE(there.has_value()) << there.error().message;
    if (!there->front()) {
      ASSERT_EQ(insert(writer, "servers", {Value(id), Value("new" + std::to_string(round % 5)), Value("r")}), "ok");
    } else if (round % 3 == 0) {
      ASSERT_EQ(remove(writer, "servers", {Value(id)}), "ok");
    } else {
      ASSERT_EQ(update(writer, "servers", {Value(id), Value("changed" + std::to_string(round % 5)), Value("r")}), "ok");
    }
    const std::string done = commit(writer);
    ASSERT_TRUE(done == "ok" || done == "conflict") << done;
    pass(milliseconds(20));
  }
  run(group.join());
  ASSERT_TRUE(made->has_value()) << made->error().message;
  EXPECT_EQ((*made)->schema.find_index("by_host")->state, IndexState::published);
  EXPECT_EQ(differences(), 0u);
}

TEST_F(TableWorkTest, AnotherNodeGoesOnWhereTheBuilderDied) {
  add_rows(300, 7);
  for (const Duration life : {Duration(milliseconds(200)), Duration(seconds(4)), Duration(milliseconds(5'700))}) {
    const auto begun = create_index(1, {.name = "by_host", .columns = {"host"}}, life);
    ASSERT_TRUE(begun.has_value()) << begun.error().message;
    kill(1);
    for (int looks = 0; schema().find_index("by_host")->state != IndexState::published; ++looks) {
      ASSERT_LT(looks, 20);
      ASSERT_TRUE(run(work(2).look(kPlace, soon())).has_value());
      pass(seconds(10));
    }
    EXPECT_EQ(found("by_host", "h3"), 43u);
    EXPECT_EQ(differences(), 0u);
    ASSERT_TRUE(run(work(2).drop_index(kPlace, "servers", "by_host", in(seconds(120)))).has_value());
    for (int looks = 0; schema().find_index("by_host") != nullptr || !schema().unswept_indexes.empty(); ++looks) {
      ASSERT_LT(looks, 20);
      ASSERT_TRUE(run(work(2).look(kPlace, soon())).has_value());
      pass(seconds(10));
    }
    EXPECT_EQ(present(), 301u) << "the rows and the counter; no entries";
  }
}

TEST_F(TableWorkTest, AUniqueIndexOverEqualValuesIsRefusedAndLeavesNothing) {
  add_rows(300, 299);
  const auto refused = create_index(0, {.name = "one_host", .columns = {"host"}, .unique = true});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::already_exists);
  EXPECT_NE(refused.error().message.find("servers.host ('h0'): rows 1 and 300"), std::string::npos) << refused.error().message;
  pass(seconds(60));
  EXPECT_TRUE(schema().indexes.empty());
  EXPECT_TRUE(schema().unswept_indexes.empty());
  EXPECT_EQ(present(), 301u);
  TableSession writer = session();
  ASSERT_EQ(update(writer, "servers", {Value(300), Value("h299"), Value("r")}), "ok");
  ASSERT_EQ(commit(writer), "ok");
  const auto made = create_index(0, {.name = "one_host", .columns = {"host"}, .unique = true});
  ASSERT_TRUE(made.has_value()) << made.error().message;
  TableSession late = session();
  EXPECT_EQ(insert(late, "servers", {Value(), Value("h299"), Value("r")}), "already_exists");
  EXPECT_EQ(differences(), 0u);
}

TEST_F(TableWorkTest, ACallWithLittleTimeLeavesTheBuildToTheBackground) {
  add_rows(10, 3);
  add_node();
  add_node();
  // What the change waits for.
  for (const auto& each : nodes_) records_.deaf.insert(each->name);
  const auto begun = create_index(0, {.name = "by_host", .columns = {"host"}}, seconds(1));
  ASSERT_TRUE(begun.has_value()) << begun.error().message;
  EXPECT_EQ(begun->schema.find_index("by_host")->state, IndexState::write_only);
  TableSession reader = session();
  EXPECT_EQ(code_of(run(reader.find("servers", "by_host", {}, 10, soon()))), "not_found");
  pass(seconds(30));
  EXPECT_EQ(found("by_host", "h1"), 3u);
  EXPECT_EQ(code_of(create_index(0, {.name = "by_host", .columns = {"rack"}})), "already_exists");
}

TEST_F(TableWorkTest, RowsOfADroppedTableGo) {
  add_rows(200, 7);
  ASSERT_TRUE(create_index(0, {.name = "by_host", .columns = {"host"}}).has_value());
  ASSERT_EQ(present(), 401u);
  ASSERT_TRUE(run(node(0).catalog.drop_table(kPlace, "servers", in(seconds(60)))).has_value());
  // Its driver dies in the middle.
  ASSERT_TRUE(run(work(1).look(kPlace, soon())).has_value());
  pass(milliseconds(5));
  kill(1);
  EXPECT_GT(present(), 0u);
  for (int looks = 0; looks < 5; ++looks) {
    ASSERT_TRUE(run(work(2).look(kPlace, soon())).has_value());
    pass(seconds(10));
  }
  EXPECT_EQ(present(), 0u);
  EXPECT_TRUE(run(node(0).catalog.dropped_tables(kPlace, soon()))->empty());
}

// Its maker dies between the record and what others have to hear of it.
TEST_F(TableWorkTest, ATableThatNamesOthersComesIntoUseThoughItsMakerIsGone) {
  TableDefinition jobs{.name = "jobs", .columns = {{.name = "server", .type = ValueType::integer}}, .primary_key = {"server"}};
  jobs.foreign_keys = {{{"server"}, "servers", {"id"}}};
  add_rows(3, 3);
  node(1).store.writes_left = 2;  // of the next table's id, and of its record
  const auto made = run(node(1).catalog.create_table(kPlace, jobs, in(seconds(1))));
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_FALSE(made->settled);
  kill(1);
  TableSession early = session();
  EXPECT_EQ(insert(early, "jobs", {Value(1)}), "conflict");
  ASSERT_TRUE(run(work(2).look(kPlace, soon())).has_value());
  pass(seconds(10));
  EXPECT_FALSE(run(node(0).catalog.find(kPlace, "jobs", soon())).value()->unannounced);
  EXPECT_EQ(schema().named, 1u);
  TableSession writer = session();
  EXPECT_EQ(insert(writer, "jobs", {Value(1)}), "ok");
  EXPECT_EQ(commit(writer), "ok");
  TableSession remover = session(2);
  EXPECT_EQ(remove(remover, "servers", {Value(1)}), "broken_reference");
}

TEST_F(TableWorkTest, ATableThatOthersNameGetsItsNewNameThoughItsMakerIsGone) {
  TableDefinition jobs{.name = "jobs", .columns = {{.name = "server", .type = ValueType::integer}}, .primary_key = {"server"}};
  jobs.foreign_keys = {{{"server"}, "servers", {"id"}}};
  add_rows(3, 3);
  ASSERT_TRUE(run(node(0).catalog.create_table(kPlace, jobs, soon())).has_value());
  TableSession writer = session();
  EXPECT_EQ(insert(writer, "jobs", {Value(1)}), "ok");
  EXPECT_EQ(commit(writer), "ok");
  node(1).store.writes_left = 3;  // the new name, whose turn it is, and the old name, which is closed
  (void)run(node(1).catalog.rename_table(kPlace, "servers", "machines", "", in(seconds(1))));
  kill(1);
  pass(seconds(10));
  ASSERT_TRUE(run(node(0).catalog.find(kPlace, "servers", soon())).value()->moving.has_value());
  for (int looks = 0; looks < 3; ++looks) {
    ASSERT_TRUE(run(work(2).look(kPlace, soon())).has_value());
    pass(seconds(20));
  }
  const auto named = run(node(0).catalog.find(kPlace, "jobs", soon())).value();
  EXPECT_EQ(named->foreign_keys[0].table, "machines");
  EXPECT_FALSE(named->unannounced);
  TableSession remover = session(2);
  EXPECT_EQ(remove(remover, "machines", {Value(1)}), "broken_reference");
  EXPECT_EQ(remove(remover, "machines", {Value(2)}), "ok");
  EXPECT_EQ(commit(remover), "ok");
}

}  // namespace
}  // namespace latium::testing
