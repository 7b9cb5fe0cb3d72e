// Rows of tables in sessions: pages in both orders, rows that are read for an update, references, points to go back to.
#include <algorithm>

#include "tests/relational/table_sessions.h"

namespace latium::testing {
namespace {

class TableSessionTest : public TableSessions {
 protected:
  void SetUp() override {
    create({.name = "hosts",
            .columns = {{.name = "name"}, {.name = "cpus", .type = ValueType::integer}},
            .primary_key = {"name"},
            .indexes = {{.name = "by_cpus", .columns = {"cpus"}}}});
    create({.name = "jobs",
            .columns = {{.name = "id", .type = ValueType::integer},
                        {.name = "host", .type = ValueType::text, .nullable = true},
                        {.name = "after", .type = ValueType::integer, .nullable = true}},
            .primary_key = {"id"},
            .foreign_keys = {{.columns = {"host"}, .table = "hosts", .referenced = {"name"}},
                             {.columns = {"after"}, .table = "jobs", .referenced = {"id"}}}});
  }
  void add_hosts(int count) {
    TableSession writer = session();
    for (int i = 0; i < count; ++i) ASSERT_EQ(insert(writer, "hosts", {Value(name(i)), Value(i % 7)}), "ok");
    ASSERT_EQ(commit(writer), "ok");
  }
  static std::string name(int i) { return (i % 2 ? "odd" : "even") + std::to_string(i); }
  static std::vector<std::string> names(const std::vector<Row>& rows) {
    std::vector<std::string> out;
    for (const Row& row : rows) out.push_back(row.values[0].get<std::string>());
    return out;
  }
  /// All pages of a range.
  std::vector<std::string> pages(TableSession& session, const std::string& index, RowRange range, std::size_t limit) {
    std::vector<std::string> out;
    for (bool more = true; more;) {
      const auto page = run(session.find("hosts", index, range, limit, soon()));
      EXPECT_TRUE(page.has_value()) << page.error().message;
      if (!page) return out;
      EXPECT_LE(page->rows.size(), limit);
      EXPECT_EQ(page->more, !page->next.empty());
      for (const std::string& each : names(page->rows)) out.push_back(each);
      range.after = page->next;
      more = page->more;
    }
    return out;
  }
};

TEST_F(TableSessionTest, PagesOfAnySizeInBothOrdersAreTheWholeRange) {
  add_hosts(50);
  for (const bool own : {false, true}) {
    for (const RowRange& range :
         {RowRange{}, RowRange{.prefix = "od"}, RowRange{.low = KeyBound{Value("even3")}, .high = KeyBound{Value("odd2")}}}) {
      TableSession reader = session();
      // What the session wrote itself, and nobody else sees, is among them.
      if (own) {
        ASSERT_EQ(insert(reader, "hosts", {Value("odd000"), Value(1)}), "ok");
        ASSERT_EQ(remove(reader, "hosts", {Value("odd1")}), "ok");
      }
      const std::vector<std::string> all = pages(reader, "", range, 1000);
      EXPECT_TRUE(std::ranges::is_sorted(all));
      EXPECT_GT(all.size(), 5u);
      RowRange back = range;
      back.descending = true;
      std::vector<std::string> reversed(all.rbegin(), all.rend());
      for (const std::size_t limit : {1, 7, 1000}) {
        EXPECT_EQ(pages(reader, "", range, limit), all) << limit;
        EXPECT_EQ(pages(reader, "", back, limit), reversed) << limit;
      }
      if (!own) EXPECT_EQ(commit(reader), "ok");
    }
  }
}

TEST_F(TableSessionTest, PagesOfAnIndexKeepTheOrderOfItsEntries) {
  add_hosts(50);
  TableSession reader = session();
  const std::vector<std::string> all = pages(reader, "by_cpus", {.low = KeyBound{Value(3)}}, 1000);
  EXPECT_EQ(all.size(), 28u);
  EXPECT_EQ(pages(reader, "by_cpus", {.low = KeyBound{Value(3)}}, 4), all);
  EXPECT_EQ(pages(reader, "by_cpus", {.low = KeyBound{Value(3)}, .descending = true}, 4),
            std::vector<std::string>(all.rbegin(), all.rend()));
  EXPECT_EQ(pages(reader, "by_cpus", {.equal = {Value(3)}, .descending = true}, 1).size(), 7u);
}

TEST_F(TableSessionTest, APageDescendingIsCheckedLikeAnyOther) {
  add_hosts(10);
  const auto newest = [&](TableSession& reader) {
    const auto page = run(reader.find("hosts", "", {.descending = true}, 1, soon()));
    return page->rows.front().values[0].get<std::string>();
  };
  TableSession reader = session();
  EXPECT_EQ(newest(reader), "odd9");
  ASSERT_EQ(insert(reader, "hosts", {Value("x"), Value(1)}), "ok");
  TableSession lower = session(1);
  ASSERT_EQ(insert(lower, "hosts", {Value("a"), Value(1)}), "ok");
  ASSERT_EQ(commit(lower), "ok");
  TableSession higher = session(1);
  ASSERT_EQ(insert(higher, "hosts", {Value("z"), Value(1)}), "ok");
  ASSERT_EQ(commit(higher), "ok");
  EXPECT_EQ(commit(reader), "conflict") << "a higher one has come";
  TableSession again = session();
  EXPECT_EQ(newest(again), "z");
  ASSERT_EQ(insert(again, "hosts", {Value("zz"), Value(1)}), "ok");
  TableSession another = session(1);
  ASSERT_EQ(insert(another, "hosts", {Value("b"), Value(1)}), "ok");
  ASSERT_EQ(commit(another), "ok");
  EXPECT_EQ(commit(again), "ok") << "what lies below does not matter";
}

TEST_F(TableSessionTest, APageOfAnotherRangeIsRefused) {
  add_hosts(10);
  TableSession reader = session();
  const auto page = run(reader.find("hosts", "", {}, 3, soon()));
  const auto wrong = run(reader.find("hosts", "by_cpus", {.after = page->next}, 3, soon()));
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().code, ErrorCode::invalid_argument);
}

TEST_F(TableSessionTest, ARowReadForUpdateIsCheckedAlsoWithoutIsolation) {
  add_hosts(4);
  for (const bool for_update : {false, true}) {
    TableSession loose = session(0, {.isolation = Isolation::read_committed, .reading = Reading::latest});
    ASSERT_TRUE(run(loose.get("hosts", {{Value("odd1")}}, soon(), for_update)).has_value());
    ASSERT_EQ(update(loose, "hosts", {Value("even2"), Value(for_update ? 100 : 50)}), "ok");
    TableSession other = session(1);
    ASSERT_EQ(update(other, "hosts", {Value("odd1"), Value(for_update ? 200 : 201)}), "ok");
    ASSERT_EQ(commit(other), "ok");
    EXPECT_EQ(commit(loose), for_update ? "conflict" : "ok");
  }
  TableSession loose = session(0, {.isolation = Isolation::read_committed, .reading = Reading::latest});
  ASSERT_TRUE(run(loose.find("hosts", "", {.prefix = "odd"}, 10, soon(), true)).has_value());
  ASSERT_EQ(update(loose, "hosts", {Value("even2"), Value(1)}), "ok");
  TableSession other = session(1);
  ASSERT_EQ(update(other, "hosts", {Value("odd3"), Value(9)}), "ok");
  ASSERT_EQ(commit(other), "ok");
  EXPECT_EQ(commit(loose), "conflict");
}

TEST_F(TableSessionTest, AReferenceHoldsAlsoWithoutIsolation) {
  add_hosts(2);
  TableSession loose = session(0, {.isolation = Isolation::read_committed, .reading = Reading::latest});
  ASSERT_EQ(insert(loose, "jobs", {Value(1), Value("odd1"), Value()}), "ok");
  TableSession other = session(1);
  ASSERT_EQ(remove(other, "hosts", {Value("odd1")}), "ok");
  ASSERT_EQ(commit(other), "ok");
  EXPECT_EQ(commit(loose), "conflict");
  TableSession again = session();
  EXPECT_EQ(insert(again, "jobs", {Value(1), Value("odd1"), Value()}), "broken_reference");
  // A row may refer to itself, and to one that the session adds before it.
  EXPECT_EQ(insert(again, "jobs", {Value(1), Value(), Value(1)}), "ok");
  EXPECT_EQ(insert(again, "jobs", {Value(2), Value(), Value(1)}), "ok");
  EXPECT_EQ(insert(again, "jobs", {Value(3), Value(), Value(4)}), "broken_reference");
  EXPECT_EQ(commit(again), "ok");
}

TEST_F(TableSessionTest, ARowThatOthersNameStays) {
  add_hosts(4);
  create({.name = "racks",
          .columns = {{.name = "id", .type = ValueType::integer}, {.name = "label"}},
          .primary_key = {"id"},
          .indexes = {{.name = "one_label", .columns = {"label"}, .unique = true}}});
  create({.name = "places",
          .columns = {{.name = "host"}, {.name = "rack"}},
          .primary_key = {"host"},
          .indexes = {{.name = "by_rack", .columns = {"rack"}}},
          .foreign_keys = {{.columns = {"rack"}, .table = "racks", .referenced = {"label"}},
                           {.columns = {"host"}, .table = "hosts", .referenced = {"name"}}}});
  TableSession writer = session();
  ASSERT_EQ(insert(writer, "racks", {Value(1), Value("a")}), "ok");
  ASSERT_EQ(insert(writer, "places", {Value("odd1"), Value("a")}), "ok");
  ASSERT_EQ(insert(writer, "jobs", {Value(1), Value("odd3"), Value(1)}), "ok");
  ASSERT_EQ(insert(writer, "jobs", {Value(2), Value(), Value(1)}), "ok");
  // By its primary key, by an index, by every row; what the session wrote itself counts.
  for (const bool committed : {false, true}) {
    EXPECT_EQ(remove(writer, "hosts", {Value("odd1")}), "broken_reference");
    EXPECT_EQ(remove(writer, "racks", {Value(1)}), "broken_reference");
    EXPECT_EQ(update(writer, "racks", {Value(1), Value("b")}), "broken_reference");
    EXPECT_EQ(remove(writer, "hosts", {Value("odd3")}), "broken_reference");
    EXPECT_EQ(remove(writer, "jobs", {Value(1)}), "broken_reference");
    if (!committed) ASSERT_EQ(commit(writer), "ok");
    writer.rollback();
  }
  // Rows that name it no more, or only itself, are none.
  EXPECT_EQ(remove(writer, "jobs", {Value(2)}), "ok");
  EXPECT_EQ(remove(writer, "jobs", {Value(1)}), "ok");
  EXPECT_EQ(remove(writer, "hosts", {Value("odd3")}), "ok");
  EXPECT_EQ(remove(writer, "places", {Value("odd1")}), "ok");
  EXPECT_EQ(update(writer, "racks", {Value(1), Value("b")}), "ok");
  EXPECT_EQ(commit(writer), "ok");
}

TEST_F(TableSessionTest, OfARemovalAndANewReferenceOneIsFirst) {
  for (const bool removal_first : {false, true}) {
    for (const Isolation isolation : {Isolation::serializable, Isolation::read_committed}) {
      TableSession setup = session();
      ASSERT_EQ(insert(setup, "hosts", {Value("h"), Value(1)}), "ok");
      ASSERT_EQ(commit(setup), "ok");
      TableSession remover = session(0, {.isolation = isolation, .reading = Reading::latest});
      TableSession adder = session(1, {.isolation = isolation, .reading = Reading::latest});
      ASSERT_EQ(remove(remover, "hosts", {Value("h")}), "ok");
      ASSERT_EQ(insert(adder, "jobs", {Value(1), Value("h"), Value()}), "ok");
      SCOPED_TRACE(std::string(removal_first ? "removal first " : "reference first ") +
                   (isolation == Isolation::serializable ? "serializable" : "read committed"));
      EXPECT_EQ(commit(removal_first ? remover : adder), "ok");
      EXPECT_EQ(commit(removal_first ? adder : remover), "conflict");
      TableSession tidy = session();
      if (!removal_first) {
        ASSERT_EQ(remove(tidy, "jobs", {Value(1)}), "ok");
        ASSERT_EQ(remove(tidy, "hosts", {Value("h")}), "ok");
      }
      ASSERT_EQ(commit(tidy), "ok");
    }
  }
}

TEST_F(TableSessionTest, ASavepointTakesBackRowsAndEntriesAlike) {
  add_hosts(1);
  TableSession writer = session();
  ASSERT_EQ(insert(writer, "hosts", {Value("a"), Value(100)}), "ok");
  const auto point = writer.savepoint();
  ASSERT_EQ(insert(writer, "hosts", {Value("b"), Value(100)}), "ok");
  ASSERT_EQ(update(writer, "hosts", {Value("a"), Value(200)}), "ok");
  ASSERT_EQ(remove(writer, "hosts", {Value("even0")}), "ok");
  writer.rollback_to(point);
  EXPECT_EQ(pages(writer, "by_cpus", {.low = KeyBound{Value(50)}}, 10), std::vector<std::string>{"a"});
  ASSERT_EQ(commit(writer), "ok");
  EXPECT_EQ(names(rows("hosts")), (std::vector<std::string>{"a", "even0"}));
}

TEST_F(TableSessionTest, ASessionMayBeOlderThanTheLeasesOfItsTables) {
  add_hosts(2);
  TableSession old = session();
  ASSERT_EQ(insert(old, "jobs", {Value(1), Value(name(0)), Value()}), "ok");
  ASSERT_EQ(remove(old, "hosts", {Value(name(1))}), "ok");
  run(sleep_for(runtime(), seconds(30)));
  EXPECT_EQ(commit(old), "ok");
  EXPECT_EQ(rows("jobs").size(), 1u);
  EXPECT_EQ(rows("hosts").size(), 1u);
}

TEST_F(TableSessionTest, ASessionWhoseTableWasChangedMeanwhileIsAConflict) {
  add_hosts(1);
  for (const bool drop : {false, true}) {
    TableSession first = session();
    TableSession second = session(1);
    ASSERT_EQ(insert(first, "jobs", {Value(1), Value(name(0)), Value()}), "ok");
    ASSERT_EQ(insert(second, "jobs", {Value(2), Value(name(0)), Value()}), "ok");
    if (drop) {
      ASSERT_TRUE(run(node(1).catalog.drop_table(kPlace, "jobs", soon())).has_value());
    } else {
      ASSERT_TRUE(run(node(1).catalog.add_column(kPlace, "jobs", {.name = "note", .nullable = true}, soon())).has_value());
    }
    EXPECT_EQ(commit(first), "conflict");
    EXPECT_EQ(commit(second), "conflict");
    // A session that has used one version does not use another.
    if (drop) continue;
    TableSession both = session();
    ASSERT_EQ(insert(both, "jobs", {Value(3), Value(), Value(), Value()}), "ok");
    ASSERT_TRUE(run(node(1).catalog.drop_column(kPlace, "jobs", "note", soon())).has_value());
    EXPECT_EQ(insert(both, "jobs", {Value(4), Value(), Value()}), "conflict");
    EXPECT_EQ(commit(both), "conflict");
  }
}

// Its rows were looked for in the tables that had foreign keys to it then.
TEST_F(TableSessionTest, ASessionThatRemovesARowIsAConflictOnceATableThatMayNameItHasCome) {
  add_hosts(1);
  TableSession old = session();
  ASSERT_EQ(remove(old, "hosts", {Value(name(0))}), "ok");
  create({.name = "racks",
          .columns = {{.name = "id", .type = ValueType::integer}, {.name = "host"}},
          .primary_key = {"id"},
          .foreign_keys = {{.columns = {"host"}, .table = "hosts", .referenced = {"name"}}}});
  TableSession other = session();
  ASSERT_EQ(insert(other, "racks", {Value(1), Value(name(0))}), "ok");
  ASSERT_EQ(commit(other), "ok");
  run(sleep_for(runtime(), seconds(10)));
  EXPECT_EQ(commit(old), "conflict");
}

// It is closed, and its maker has died.
TEST_F(TableSessionTest, RowsOfATableThatIsBeingRenamedStay) {
  add_hosts(2);
  TableSession old = session();
  ASSERT_EQ(remove(old, "hosts", {Value(name(0))}), "ok");
  node(1).store.writes_left = 3;  // the new name, whose turn it is, and the old name
  (void)run(node(1).catalog.rename_table(kPlace, "hosts", "machines", "", in(seconds(1))));
  run(sleep_for(runtime(), seconds(10)));
  EXPECT_EQ(commit(old), "conflict");
  TableSession late = session();
  EXPECT_EQ(remove(late, "hosts", {Value(name(1))}), "conflict");
  EXPECT_EQ(insert(late, "hosts", {Value("another"), Value(1)}), "conflict");
  EXPECT_EQ(rows("hosts").size(), 2u);
  EXPECT_EQ(insert(late, "jobs", {Value(1), Value(name(1)), Value()}), "ok") << "they still name it by its old name";
  EXPECT_EQ(commit(late), "ok");
}

TEST_F(TableSessionTest, ARangeThatEndsBeforeItBeginsIsEmpty) {
  TableSession writer = session();
  for (int i = 1; i <= 6; ++i) ASSERT_EQ(insert(writer, "jobs", {Value(i), Value(), Value()}), "ok");
  ASSERT_EQ(commit(writer), "ok");
  TableSession reader = session();
  ASSERT_TRUE(run(reader.find("jobs", "", {}, 100, soon())).has_value());
  const auto found = run(
      reader.find_all("jobs", {{.index = "", .range = {.low = KeyBound{Value(5)}, .high = KeyBound{Value(2)}}}}, 100, soon()));
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_TRUE(found->front().rows.empty());
  reader.use(found->front().footprint);
  EXPECT_EQ(commit(reader), "ok");
}

// Whoever looked for who names a row before the table came that does, has looked in vain.
TEST_F(TableSessionTest, ATableThatNamesRowsIsKnownFromItsFirstRowOn) {
  TableSession writer = session();
  ASSERT_EQ(insert(writer, "hosts", {Value("named"), Value(1)}), "ok");
  ASSERT_EQ(commit(writer), "ok");
  TableSession early = session(1);
  ASSERT_EQ(remove(early, "hosts", {Value("named")}), "ok");
  TableSession rolled_back = session(2);
  ASSERT_EQ(remove(rolled_back, "hosts", {Value("named")}), "ok");
  rolled_back.rollback();
  create({.name = "guests",
          .columns = {{.name = "id", .type = ValueType::integer}, {.name = "host"}},
          .primary_key = {"id"},
          .foreign_keys = {{.columns = {"host"}, .table = "hosts", .referenced = {"name"}}}});
  TableSession guest = session();
  ASSERT_EQ(insert(guest, "guests", {Value(1), Value("named")}), "ok");
  ASSERT_EQ(commit(guest), "ok");
  EXPECT_EQ(commit(early), "conflict");
  EXPECT_EQ(remove(rolled_back, "hosts", {Value("named")}), "broken_reference")
      << "at once, and not after the lease of what it knew";
}

}  // namespace
}  // namespace latium::testing
