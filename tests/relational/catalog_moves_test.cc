// Tables get other names, and those that name them follow, whoever dies meanwhile.
#include "runtime/task_group.h"
#include "tests/relational/two_catalogs.h"

namespace latium {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

using CatalogMovesTest = TwoCatalogs;

TEST_F(CatalogMovesTest, ARenamedTableIsTheSameUnderItsNewName) {
  const auto made = create(a_, hosts());
  ASSERT_TRUE(made.has_value());
  ASSERT_TRUE(create(a_, hosts("other")).has_value());
  ASSERT_NE(find(b_, "hosts"), nullptr);
  EXPECT_EQ(code(run(a_.catalog.rename_table(kPlace, "hosts", "OTHER", "", a_.in(seconds(60))))), ErrorCode::already_exists);
  EXPECT_EQ(code(run(a_.catalog.rename_table(kPlace, "nothing", "hosts", "", a_.in(seconds(60))))), ErrorCode::not_found);
  EXPECT_EQ(code(run(a_.catalog.rename_table(kPlace, "hosts", "[1", "", a_.in(seconds(60))))), ErrorCode::invalid_argument);

  const auto renamed = run(a_.catalog.rename_table(kPlace, "hosts", "Guests", "", a_.in(milliseconds(100))));
  ASSERT_TRUE(renamed.has_value()) << renamed.error().message;
  EXPECT_TRUE(renamed->settled);
  EXPECT_EQ(find(b_, "hosts"), nullptr);
  const auto found = find(b_, "guests");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(*found, renamed->schema);
  EXPECT_EQ(found->id, made->schema.id);
  EXPECT_EQ(found->name, "Guests");
  // The old name is free, and what has it now can go the same way.
  const auto next = create(b_, hosts());
  ASSERT_TRUE(next.has_value());
  ASSERT_TRUE(run(b_.catalog.rename_table(kPlace, "hosts", "third", "", b_.in(seconds(60)))).has_value());
  EXPECT_EQ(find(a_, "third")->id, next->schema.id);
  EXPECT_FALSE(shared_.entries.at(catalog_key("hosts")).value.has_value()) << "nothing is left of it";
}

// The classic way of changing what ALTER TABLE cannot.
TEST_F(CatalogMovesTest, ARenamedTableTakesThePlaceOfOneThatWasDropped) {
  ASSERT_TRUE(create(a_, hosts()).has_value());
  ASSERT_TRUE(create(a_, hosts("new_hosts")).has_value());
  ASSERT_TRUE(run(a_.catalog.drop_table(kPlace, "hosts", a_.in(seconds(60)))).has_value());
  ASSERT_TRUE(run(a_.catalog.rename_table(kPlace, "new_hosts", "hosts", "", a_.in(seconds(60)))).has_value());
  ASSERT_TRUE(run(a_.catalog.rename_table(kPlace, "hosts", "elsewhere", "", a_.in(seconds(60)))).has_value());
  ASSERT_TRUE(run(a_.catalog.drop_table(kPlace, "elsewhere", a_.in(seconds(60)))).has_value());
  const auto dropped = run(a_.catalog.dropped_tables(kPlace, a_.in(seconds(60))));
  ASSERT_TRUE(dropped.has_value());
  EXPECT_EQ(dropped->size(), 2u);
}

TEST_F(CatalogMovesTest, ARenameWhoseMakerDiesIsFinishedByWhoeverMeetsIt) {
  ASSERT_TRUE(create(a_, hosts()).has_value());
  for (const std::size_t answers : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u}) {
    const char* const from = find(b_, "hosts") != nullptr ? "hosts" : "guests";
    const char* const to = std::string(from) == "hosts" ? "guests" : "hosts";
    CatalogNode maker(simulation_, shared_, "maker", milliseconds(0));
    maker.store.writes_left = answers;
    (void)run(maker.catalog.rename_table(kPlace, from, to, "", maker.in(seconds(20))));
    const auto all = run(b_.catalog.list(kPlace, b_.in(seconds(60))));
    ASSERT_TRUE(all.has_value());
    ASSERT_EQ(all->size(), 1u) << answers;
    const std::string now = all->front().schema.name;
    EXPECT_NE(find(b_, now), nullptr) << answers;
    const auto changed =
        run(b_.catalog.add_column(kPlace, now, {.name = "c" + std::to_string(answers), .nullable = true}, b_.in(seconds(60))));
    // It may have been on its way.
    const auto after = run(b_.catalog.list(kPlace, b_.in(seconds(60))));
    ASSERT_TRUE(after.has_value());
    ASSERT_EQ(after->size(), 1u) << answers;
    EXPECT_TRUE(changed.has_value() || after->front().schema.name != now) << changed.error().message;
  }
}

TableDefinition rooms_of(const std::string& named) {
  TableDefinition out{.name = "rooms", .columns = {{.name = "id", .type = ValueType::integer}}, .primary_key = {"id"}};
  out.foreign_keys = {{{"id"}, named, {"id"}}};
  out.sql = "CREATE TABLE rooms(id INTEGER PRIMARY KEY REFERENCES " + named + "(id)) -- REFERENCES none";
  out.sql_references = {named};
  return out;
}

TEST_F(CatalogMovesTest, ForeignKeysOfOthersFollowATable) {
  ASSERT_TRUE(create(a_, hosts()).has_value());
  ASSERT_TRUE(create(a_, rooms_of("HOSTS")).has_value());
  ASSERT_NE(find(b_, "hosts"), nullptr);
  const std::uint32_t version = find(b_, "hosts")->version;
  const auto renamed = run(a_.catalog.rename_table(kPlace, "hosts", "the guests", "", a_.in(seconds(60))));
  ASSERT_TRUE(renamed.has_value()) << renamed.error().message;
  EXPECT_TRUE(renamed->settled);
  const auto rooms = find(b_, "rooms");
  EXPECT_EQ(rooms->foreign_keys[0].table, "the guests");
  EXPECT_EQ(rooms->sql_references, std::vector<std::string>{"the guests"});
  EXPECT_EQ(rooms->sql, "CREATE TABLE rooms(id INTEGER PRIMARY KEY REFERENCES \"the guests\"(id)) -- REFERENCES none");
  EXPECT_FALSE(rooms->unannounced);
  EXPECT_EQ(find(b_, "hosts"), nullptr);
  EXPECT_EQ(find(b_, "the guests")->version, version + 2) << "it was closed in between";
  EXPECT_FALSE(find(b_, "the guests")->moving);
  EXPECT_EQ(run(b_.catalog.referencing(kPlace, "the guests", b_.in(seconds(1)))).value(), std::vector<std::string>{"rooms"});
  EXPECT_FALSE(shared_.entries.at(Bytes(kTableMoveKey)).value.has_value());
  // What it says of itself follows too.
  TableDefinition tree{.name = "tree",
                       .columns = {{.name = "id", .type = ValueType::integer}, {.name = "up", .type = ValueType::integer}},
                       .primary_key = {"id"}};
  tree.foreign_keys = {{{"up"}, "tree", {"id"}}};
  ASSERT_TRUE(create(a_, tree).has_value());
  ASSERT_TRUE(run(a_.catalog.rename_table(kPlace, "tree", "bush", "", a_.in(seconds(60)))).has_value());
  EXPECT_EQ(find(b_, "bush")->foreign_keys[0].table, "bush");
}

// Whatever it was at: who wants to change one of the tables brings it to its end.
TEST_F(CatalogMovesTest, ARenameThatOthersFollowIsFinishedByWhoeverMeetsIt) {
  ASSERT_TRUE(create(a_, hosts()).has_value());
  ASSERT_TRUE(create(a_, rooms_of("hosts")).has_value());
  std::size_t moved = 0;
  for (std::size_t answers = 1; answers < 24; ++answers) {
    const char* const from = find(b_, "hosts") != nullptr ? "hosts" : "guests";
    const char* const to = std::string(from) == "hosts" ? "guests" : "hosts";
    CatalogNode maker(simulation_, shared_, "maker", milliseconds(0));
    maker.store.writes_left = answers;
    (void)run(maker.catalog.rename_table(kPlace, from, to, "", maker.in(seconds(20))));
    const bool closed = find(b_, from) != nullptr && find(b_, from)->moving;
    // Rooms that name what is not there yet bring it there before they are announced.
    const bool in_between = find(b_, "rooms")->unannounced;
    if (!in_between || answers % 2 == 0) {
      (void)run(b_.catalog.settle(kPlace, from, b_.in(seconds(60))));
      (void)run(b_.catalog.settle(kPlace, to, b_.in(seconds(60))));
    }
    const auto announced = run(b_.catalog.announce(kPlace, "rooms", find(b_, "rooms")->id, b_.in(seconds(60))));
    ASSERT_TRUE(announced.has_value()) << answers << ": " << announced.error().message;
    const std::string now = find(b_, "hosts") != nullptr ? "hosts" : "guests";
    EXPECT_NE(find(b_, now), nullptr) << answers;
    EXPECT_EQ(find(b_, now == "hosts" ? "guests" : "hosts"), nullptr) << answers;
    EXPECT_FALSE(find(b_, now)->moving) << answers;
    EXPECT_EQ(find(b_, "rooms")->foreign_keys[0].table, now) << answers;
    EXPECT_FALSE(find(b_, "rooms")->unannounced) << answers;
    EXPECT_TRUE(!closed || now == to) << answers << ": what is closed moves";
    moved += now == to ? 1 : 0;
  }
  EXPECT_GT(moved, 10u);
}

// Others have ended the move when it wakes up, and the table has got its old name again.
Task<void> sleep_once_closed(CatalogNode& others, bool& slept) {
  const auto now = co_await others.catalog.find(kPlace, "hosts", others.in(seconds(60)));
  if (slept || !now || !(*now)->moving) co_return Result<void>();
  slept = true;
  LATIUM_CO_CHECKED((co_await others.catalog.settle(kPlace, "guests", others.in(seconds(60)))));
  LATIUM_CO_CHECKED((co_await others.catalog.rename_table(kPlace, "guests", "hosts", "", others.in(seconds(60)))));
  co_return Result<void>();
}

TEST_F(CatalogMovesTest, WhoDrivesAMoveThatIsOverChangesNothing) {
  ASSERT_TRUE(create(a_, hosts()).has_value());
  ASSERT_TRUE(create(a_, rooms_of("hosts")).has_value());
  bool slept = false;
  a_.store.before_list = [&] { return sleep_once_closed(b_, slept); };
  (void)run(a_.catalog.rename_table(kPlace, "hosts", "guests", "", a_.in(seconds(60))));
  EXPECT_TRUE(slept);
  ASSERT_NE(find(b_, "hosts"), nullptr);
  EXPECT_EQ(find(b_, "rooms")->foreign_keys[0].table, "hosts");
}

// Each names the other one: were both closed at once, each would wait for the other.
TEST_F(CatalogMovesTest, TablesThatNameEachOtherAreRenamedAtOnce) {
  TableDefinition guests = hosts("guests");
  guests.foreign_keys = {{{"id"}, "hosts", {"id"}}};
  TableDefinition named = hosts();
  named.foreign_keys = {{{"id"}, "guests", {"id"}}};
  ASSERT_TRUE(create(a_, named).has_value());
  ASSERT_TRUE(create(a_, guests).has_value());
  TaskGroup group(simulation_.executor(), 2);
  const auto rename = [](CatalogNode& node, std::string from, std::string to) -> Task<void> {
    while (true) {
      const auto renamed = co_await node.catalog.rename_table(kPlace, from, to, "", node.in(seconds(100)));
      if (renamed) co_return Result<void>();
      // The other one has changed what it names meanwhile.
      if (renamed.error().code != ErrorCode::conflict) co_return fail(renamed.error());
    }
  };
  ASSERT_TRUE(group.spawn(rename(a_, "hosts", "h")).has_value());
  ASSERT_TRUE(group.spawn(rename(b_, "guests", "g")).has_value());
  const auto done = run(group.join());
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_EQ(find(a_, "h")->foreign_keys[0].table, "g");
  EXPECT_EQ(find(a_, "g")->foreign_keys[0].table, "h");
}

}  // namespace
}  // namespace latium
