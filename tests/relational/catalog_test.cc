// The catalog's rules, over a store in memory.
#include "relational/catalog.h"

#include "runtime/task_group.h"
#include "tests/relational/tables.h"
#include "tests/relational/two_catalogs.h"

namespace latium {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

using CatalogTest = TwoCatalogs;

TEST_F(CatalogTest, ATableIsThereOnEveryNodeOnceCreatedAndHasAnIdOfItsOwn) {
  EXPECT_EQ(find(b_, "hosts"), nullptr);
  const auto made = create(a_, hosts());
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_TRUE(made->settled);
  const auto found = find(b_, "HOSTS");
  ASSERT_NE(found, nullptr) << "that it was missed once is not remembered";
  EXPECT_EQ(*found, made->schema);
  EXPECT_EQ(code(create(b_, hosts("Hosts"))), ErrorCode::already_exists);
  const auto other = create(b_, hosts("other"));
  ASSERT_TRUE(other.has_value());
  EXPECT_NE(other->schema.id, made->schema.id);
  const auto all = run(a_.catalog.list(kPlace, a_.in(seconds(1))));
  ASSERT_TRUE(all.has_value());
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ((*all)[1].schema, other->schema);
}

TEST_F(CatalogTest, ASchemaIsUsedForALeaseAndRenewedBeforeItsEnd) {
  ASSERT_TRUE(create(a_, hosts()).has_value());
  const auto first = find(b_, "hosts");
  const std::size_t reads = b_.store.reads;
  pass(kSchemaLease / 2 - milliseconds(1));
  EXPECT_EQ(find(b_, "hosts"), first);
  pass(Duration(0));
  EXPECT_EQ(b_.store.reads, reads);
  pass(milliseconds(1));
  EXPECT_TRUE(b_.catalog.known(kPlace, "hosts").has_value());
  EXPECT_TRUE(b_.catalog.known(kPlace, "hosts").has_value());
  pass(Duration(0));
  EXPECT_EQ(b_.store.reads, reads + 1) << "in the background, once";
  pass(kSchemaLease - milliseconds(1));
  EXPECT_EQ(b_.catalog.known(kPlace, "hosts")->schema, first) << "the same object, as nothing has changed";
  pass(kSchemaLease);
  EXPECT_FALSE(b_.catalog.known(kPlace, "hosts").has_value()) << "nobody has asked, so nobody has renewed it";
  EXPECT_EQ(find(b_, "hosts"), first);
  EXPECT_EQ(b_.store.reads, reads + 3);
}

TEST_F(CatalogTest, ManyWhoAskAtOnceCostOneRead) {
  ASSERT_TRUE(create(a_, hosts()).has_value());
  CatalogNode slow(simulation_, shared_, "slow", milliseconds(10));
  for (const std::string table : {"hosts", "nothing"}) {
    const std::size_t before = slow.store.reads;
    TaskGroup group(simulation_.executor(), 100);
    int ended = 0;
    const auto ask = [](CatalogNode& node, std::string name, int& count) -> Task<void> {
      const auto found = co_await node.catalog.find(kPlace, name, node.in(seconds(10)));
      EXPECT_EQ(found.has_value(), name == "hosts");
      ++count;
      co_return Result<void>();
    };
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(group.spawn(ask(slow, table, ended)).has_value());
    ASSERT_TRUE(run(group.join()).has_value());
    EXPECT_EQ(ended, 100);
    EXPECT_LE(slow.store.reads - before, 2u) << table;
  }
}

TEST_F(CatalogTest, AChangeThatAllNodesAnswerIsSettledAtOnce) {
  ASSERT_TRUE(create(a_, hosts()).has_value());
  ASSERT_NE(find(b_, "hosts"), nullptr);
  const Duration before = simulation_.now();
  const auto changed = add_column(a_, "name", milliseconds(100));
  ASSERT_TRUE(changed.has_value()) << changed.error().message;
  EXPECT_TRUE(changed->settled);
  EXPECT_EQ(simulation_.now(), before);
  EXPECT_FALSE(b_.catalog.known(kPlace, "hosts").has_value()) << "it was given up";
  EXPECT_EQ(find(b_, "hosts")->version, 2u);
  EXPECT_EQ(a_.catalog.statistics().agreed, 1u);
}

TEST_F(CatalogTest, WhoUsesTheVersionBeforeHoldsBackAChangeUntilTheEndOfTheUse) {
  ASSERT_TRUE(create(a_, hosts()).has_value());
  TaskGroup group(simulation_.executor(), 1);
  const auto use = [](CatalogNode& node, Duration time) -> Task<void> {
    LATIUM_CO_TRY(const SchemaLease lease, co_await node.catalog.lease(kPlace, "hosts", node.in(seconds(1))));
    co_return co_await sleep_for(node.process.runtime(), time);
  };
  ASSERT_TRUE(group.spawn(use(b_, seconds(2))).has_value());
  pass(Duration(0));
  const Duration before = simulation_.now();
  const auto changed = add_column(a_, "name");
  ASSERT_TRUE(changed.has_value() && changed->settled);
  EXPECT_GE(simulation_.now() - before, seconds(2));
  EXPECT_LT(simulation_.now() - before, seconds(3));
  ASSERT_TRUE(run(group.join()).has_value());
}

TEST_F(CatalogTest, WhatMayStillTakeEffectIsAUseUntilItsLeaseEnds) {
  ASSERT_TRUE(create(a_, hosts()).has_value());
  const Duration before = simulation_.now();
  b_.catalog.keep_in_use({*run(b_.catalog.lease(kPlace, "hosts", b_.in(seconds(1))))});
  ASSERT_TRUE(add_column(a_, "one").has_value());
  EXPECT_GE(simulation_.now() - before, kSchemaLease);
  // So is all that a node has sent before it was started again.
  b_.restart();
  const Duration restarted = simulation_.now();
  ASSERT_TRUE(add_column(a_, "two").has_value());
  EXPECT_GE(simulation_.now() - restarted, kSchemaLease);
  EXPECT_EQ(a_.catalog.statistics().agreed, 2u);
  EXPECT_EQ(a_.catalog.statistics().waited, 0u);
}

TEST_F(CatalogTest, AReadThatBeganBeforeBringsNothingBackThatWasGivenUp) {
  ASSERT_TRUE(create(a_, hosts()).has_value());
  CatalogNode slow(simulation_, shared_, "slow", milliseconds(400));
  TaskGroup group(simulation_.executor(), 100);
  const auto read = [](CatalogNode& node, Duration after, std::vector<std::uint32_t>& versions) -> Task<void> {
    LATIUM_CO_CHECKED(co_await sleep_for(node.process.runtime(), after));
    LATIUM_CO_TRY(const SchemaLease lease, co_await node.catalog.lease(kPlace, "hosts", node.in(seconds(60)), kSchemaLease));
    versions.push_back(lease.schema->version);
    co_return Result<void>();
  };
  std::vector<std::uint32_t> versions;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(group.spawn(read(slow, milliseconds(20 * i), versions)).has_value());
  pass(milliseconds(200));
  ASSERT_TRUE(add_column(a_, "name")->settled);
  const std::size_t meanwhile = versions.size();
  ASSERT_TRUE(run(group.join()).has_value());
  ASSERT_EQ(versions.size(), 10u);
  ASSERT_LT(meanwhile, 10u);
  for (std::size_t i = meanwhile; i < versions.size(); ++i) EXPECT_EQ(versions[i], 2u);
}

TEST_F(CatalogTest, AChangeTakesUntilNoNodeUsesTheVersionBefore) {
  nobody_hears();
  ASSERT_TRUE(create(a_, hosts()).has_value());
  ASSERT_NE(find(b_, "hosts"), nullptr);
  const Duration before = simulation_.now();
  const auto changed = add_column(a_, "name");
  ASSERT_TRUE(changed.has_value()) << changed.error().message;
  EXPECT_TRUE(changed->settled);
  EXPECT_GE(simulation_.now() - before, kSchemaSettling);
  EXPECT_EQ(find(b_, "hosts")->version, 2u);
  EXPECT_EQ(find(a_, "hosts")->version, 2u);
}

TEST_F(CatalogTest, AChangeThatNobodyWaitedForHoldsBackTheNext) {
  nobody_hears();
  ASSERT_TRUE(create(a_, hosts()).has_value());
  const auto first = add_column(a_, "one", seconds(1));
  ASSERT_TRUE(first.has_value());
  EXPECT_FALSE(first->settled);
  EXPECT_FALSE(run(b_.catalog.describe(kPlace, "hosts", b_.in(seconds(1))))->settled);
  EXPECT_EQ(code(add_column(b_, "two", seconds(2))), ErrorCode::conflict);
  // It has seen the change standing there, which counts, though it has not waited.
  pass(kSchemaSettling);
  const auto second = add_column(b_, "two", seconds(2));
  ASSERT_TRUE(second.has_value()) << second.error().message;
  EXPECT_EQ(second->schema.version, 3u);
}

TEST_F(CatalogTest, AChangeWhoseAnswerIsLostIsNotSettledByItsMaker) {
  nobody_hears();
  ASSERT_TRUE(create(a_, hosts()).has_value());
  a_.store.lose_answers = 1;
  EXPECT_EQ(code(add_column(a_, "one")), ErrorCode::unknown_outcome);
  EXPECT_EQ(find(a_, "hosts")->version, 2u) << "not what was in memory before";
  const Duration before = simulation_.now();
  ASSERT_TRUE(add_column(b_, "two").has_value());
  EXPECT_GE(simulation_.now() - before, 2 * kSchemaSettling);
}

TEST_F(CatalogTest, OfTwoChangesAtOnceOneComesAfterTheOther) {
  ASSERT_TRUE(create(a_, hosts()).has_value());
  std::vector<Result<TableChange>> results;
  const auto add = [](CatalogNode& node, std::string column, std::vector<Result<TableChange>>& out) -> Task<void> {
    out.push_back(co_await node.catalog.add_column(kPlace, "hosts", {.name = column, .nullable = true}, node.in(seconds(60))));
    co_return Result<void>();
  };
  CatalogNode slow(simulation_, shared_, "slow", milliseconds(10));
  CatalogNode slower(simulation_, shared_, "slower", milliseconds(20));
  TaskGroup different(simulation_.executor(), 2);
  ASSERT_TRUE(different.spawn(add(slow, "x", results)).has_value());
  ASSERT_TRUE(different.spawn(add(slower, "y", results)).has_value());
  ASSERT_TRUE(run(different.join()).has_value());
  ASSERT_TRUE(results[0].has_value() && results[1].has_value());
  EXPECT_EQ(find(a_, "hosts")->columns.size(), 3u);
  EXPECT_EQ(find(a_, "hosts")->version, 3u);
}

TEST_F(CatalogTest, AChangeThatDoesNotApplyAfterTheOneThatWasFirstIsAConflict) {
  ASSERT_TRUE(create(a_, hosts()).has_value());
  a_.store.before_next_cas = [&] {
    CatalogStore::Entry& entry = shared_.entries[catalog_key("hosts")];
    CatalogRecord record = decode_catalog_record(*entry.value).value();
    record.table = latium::add_column(*record.table, {.name = "Name", .nullable = true}).value();
    entry = {encode_catalog_record(record), ++shared_.writes};
  };
  const auto loser = add_column(a_, "name");
  ASSERT_FALSE(loser.has_value());
  EXPECT_EQ(loser.error().code, ErrorCode::conflict) << loser.error().message;
  EXPECT_EQ(loser.error().certainty, Certainty::not_applied);
  EXPECT_EQ(find(b_, "hosts")->version, 2u);
}

TEST_F(CatalogTest, AChangeThatCannotBeIsRefusedForItsOwnReason) {
  ASSERT_TRUE(create(a_, hosts()).has_value());
  EXPECT_EQ(code(add_column(a_, "id")), ErrorCode::already_exists);
  EXPECT_EQ(code(run(a_.catalog.drop_column(kPlace, "hosts", "none", a_.in(seconds(9))))), ErrorCode::not_found);
  EXPECT_EQ(code(run(a_.catalog.drop_column(kPlace, "hosts", "id", a_.in(seconds(9))))), ErrorCode::invalid_argument);
  EXPECT_EQ(code(run(a_.catalog.drop_column(kPlace, "none", "id", a_.in(seconds(9))))), ErrorCode::not_found);
  EXPECT_EQ(find(a_, std::string(100'000, 'x')), nullptr);
  EXPECT_EQ(find(a_, "hosts")->version, 1u);
}

TEST_F(CatalogTest, AnIndexGoesThroughItsStates) {
  ASSERT_TRUE(create(a_, hosts()).has_value());
  const auto in = [&] { return a_.in(seconds(60)); };
  ASSERT_TRUE(run(a_.catalog.add_index(kPlace, "hosts", {.name = "i", .columns = {"id"}}, in())).has_value());
  EXPECT_EQ(find(b_, "hosts")->find_index("i")->state, IndexState::write_only);
  EXPECT_EQ(code(run(a_.catalog.forget_index(kPlace, "hosts", "i", in()))), ErrorCode::conflict);
  ASSERT_TRUE(run(a_.catalog.index_became_public(kPlace, "hosts", "i", in())).has_value());
  EXPECT_EQ(find(b_, "hosts")->find_index("i")->state, IndexState::published);
  ASSERT_TRUE(run(a_.catalog.drop_index(kPlace, "hosts", "i", in())).has_value());
  ASSERT_TRUE(run(a_.catalog.forget_index(kPlace, "hosts", "i", in())).has_value());
  EXPECT_EQ(find(b_, "hosts")->find_index("i"), nullptr);
  ASSERT_TRUE(run(a_.catalog.rename_column(kPlace, "hosts", "id", "number", in())).has_value());
  EXPECT_NE(find(b_, "hosts")->find_column("number"), nullptr);
}

TEST_F(CatalogTest, ADroppedTableLeavesAMarkUntilItsRowsAreGone) {
  nobody_hears();
  const TableId id = create(a_, hosts())->schema.id;
  const auto dropped = run(a_.catalog.drop_table(kPlace, "Hosts", a_.in(seconds(1))));
  ASSERT_TRUE(dropped.has_value()) << dropped.error().message;
  EXPECT_FALSE(dropped->settled);
  EXPECT_EQ(find(b_, "hosts"), nullptr);
  const Duration before = simulation_.now();
  EXPECT_EQ(code(run(b_.catalog.drop_table(kPlace, "hosts", b_.in(seconds(60))))), ErrorCode::not_found);
  EXPECT_EQ(code(run(b_.catalog.drop_column(kPlace, "hosts", "id", b_.in(seconds(60))))), ErrorCode::not_found);
  EXPECT_EQ(simulation_.now(), before) << "it is not waited for what is gone";
  const auto marks = [&] { return *run(b_.catalog.dropped_tables(kPlace, b_.in(seconds(1)))); };
  EXPECT_TRUE(marks().empty()) << "some node may still write to it";
  EXPECT_EQ(code(run(a_.catalog.create_table(kPlace, hosts(), a_.in(seconds(1))))), ErrorCode::conflict);
  pass(kSchemaSettling);
  EXPECT_EQ(marks(), (std::vector<DroppedTable>{{id, "hosts"}}));
  const auto again = create(a_, hosts());
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_GT(again->schema.id, id);
  EXPECT_EQ(marks().size(), 1u) << "it is not forgotten by making another";
  ASSERT_TRUE(run(a_.catalog.forget_dropped(kPlace, {id, "hosts"}, a_.in(seconds(1)))).has_value());
  EXPECT_TRUE(marks().empty());
  EXPECT_NE(find(b_, "hosts"), nullptr);
  ASSERT_TRUE(run(a_.catalog.drop_table(kPlace, "hosts", a_.in(seconds(60)))).has_value());
  ASSERT_TRUE(run(a_.catalog.forget_dropped(kPlace, marks().front(), a_.in(seconds(1)))).has_value());
  EXPECT_FALSE(shared_.entries[catalog_key("hosts")].value.has_value()) << "nothing is left of the name";
}

TEST_F(CatalogTest, AParentIsThereFirstAndGoesLast) {
  TableDefinition child{.name = "child",
                        .columns = {{.name = "id", .type = ValueType::integer}, {.name = "host", .type = ValueType::integer}},
                        .primary_key = {"id"},
                        .indexes = {},
                        .foreign_keys = {{.columns = {"host"}, .table = "hosts", .referenced = {"id"}}},
                        .parent = "hosts"};
  EXPECT_EQ(code(create(a_, child)), ErrorCode::invalid_argument);
  ASSERT_TRUE(create(a_, hosts()).has_value());
  TableDefinition wrong = child;
  wrong.columns[1].type = ValueType::text;
  EXPECT_EQ(code(create(a_, wrong)), ErrorCode::invalid_argument);
  ASSERT_TRUE(create(a_, child).has_value());
  EXPECT_EQ(code(run(b_.catalog.drop_table(kPlace, "hosts", b_.in(seconds(60))))), ErrorCode::conflict);
  ASSERT_TRUE(run(b_.catalog.drop_table(kPlace, "child", b_.in(seconds(60)))).has_value());
  ASSERT_TRUE(run(b_.catalog.drop_table(kPlace, "hosts", b_.in(seconds(60)))).has_value());
  // A foreign key alone needs nothing.
  child.parent = "";
  EXPECT_TRUE(create(a_, child).has_value());
}

TEST_F(CatalogTest, RowsOfATableThatNamesOthersWaitUntilThoseAreKnown) {
  ASSERT_TRUE(create(a_, hosts()).has_value());
  TableDefinition rooms{.name = "rooms", .columns = {{.name = "id", .type = ValueType::integer}}, .primary_key = {"id"}};
  rooms.foreign_keys = {{{"id"}, "hosts", {"id"}}};
  // A call of another node uses the table that is named.
  auto lent = run(b_.catalog.lease(kPlace, "hosts", b_.in(seconds(1))));
  ASSERT_TRUE(lent.has_value());
  EXPECT_EQ(run(b_.catalog.referencing(kPlace, "hosts", b_.in(seconds(1)))).value().size(), 0u);
  const auto made = run(a_.catalog.create_table(kPlace, rooms, a_.in(seconds(1))));
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_FALSE(made->settled);
  EXPECT_TRUE(find(b_, "rooms")->unannounced);
  lent = fail(ErrorCode::not_found, "it has ended");
  pass(seconds(1));
  EXPECT_FALSE(find(b_, "rooms")->unannounced) << "that went on without who asked for it";
  EXPECT_GE(find(b_, "hosts")->named, 1u);
  EXPECT_EQ(find(b_, "hosts")->version, 1u);
  EXPECT_EQ(run(b_.catalog.referencing(kPlace, "hosts", b_.in(seconds(1)))).value(), std::vector<std::string>{"rooms"});
}

TEST(CatalogRecordTest, WhatCannotBeIsCorruption) {
  CatalogRecord record{.table = instances_schema(), .settled = true, .dropped = {{TableId{2}, "a"}, {TableId{5}, "b"}}};
  EXPECT_EQ(decode_catalog_record(encode_catalog_record(record)).value(), record);
  record.dropped.push_back({TableId{5}, "c"});
  EXPECT_EQ(code(decode_catalog_record(encode_catalog_record(record))), ErrorCode::corruption);
  record.dropped = {{record.table->id, "the table itself"}};
  EXPECT_EQ(code(decode_catalog_record(encode_catalog_record(record))), ErrorCode::corruption);
  record.dropped = {{TableId{8}, "younger"}};
  record.moved_from = MovedFrom{"hosts", 7};
  record.moved_to = MovedTo{TableId{3}, "gone", 4};
  EXPECT_EQ(decode_catalog_record(encode_catalog_record(record)).value(), record);
  record.table.reset();
  EXPECT_EQ(code(decode_catalog_record(encode_catalog_record(record))), ErrorCode::corruption);
  EXPECT_EQ(code(decode_catalog_record("\x0a\x01x")), ErrorCode::corruption);
}

}  // namespace
}  // namespace latium
