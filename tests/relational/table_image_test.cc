// Small tables as a whole: what is found in them, what a commit checks of it, and when they are not to be had.
#include "relational/table_image.h"

#include <rapidcheck/gtest.h>

#include <memory>

#include "relational/row_codec.h"
#include "relational/row_keys.h"
#include "tests/relational/table_sessions.h"
#include "tests/relational/tables.h"

namespace latium::testing {
namespace {

std::shared_ptr<const TableImage> image_of(const TableSchema& schema, const std::vector<Row>& rows) {
  std::map<Bytes, TableImage::Kept> kept;
  for (const Row& row : rows) {
    const Bytes name = row_key(schema, row).value();
    kept.emplace(name, TableImage::Kept{table_register(TenantId{1}, 4, name, name),
                                        {.ts = Hlc{1}, .txn = {}, .present = true, .row = encode_row(schema, row).value()}});
  }
  std::vector<TableImage::Kept> sorted;
  for (auto& [name, each] : kept) sorted.push_back(std::move(each));
  return TableImage::make(schema, std::move(sorted), {}).value();
}

RC_GTEST_PROP(TableImage, FindsWhatTheKeysOfItsRowsSay, ()) {
  const TableSchema schema = *any_schema();
  std::map<Bytes, Row> rows;
  for (int i = *rc::gen::inRange(0, 30); i > 0; --i) {
    Row row = *any_row(schema);
    if (auto key = row_key(schema, row)) rows.insert_or_assign(*key, std::move(row));
  }
  std::vector<Row> given;
  for (const auto& [key, row] : rows) given.push_back(fit_row(schema, row).value());
  const auto image = image_of(schema, given);
  RC_ASSERT(image->rows() == given);
  for (std::uint32_t row = 0; row < given.size(); ++row) {
    const auto found = image->unique(TableImage::kPrimaryKey).find(primary_key_of(schema, given[row]));
    RC_ASSERT(found && *found == row);
    RC_ASSERT(image->find(image->kept(row).key.key) == &image->kept(row));
  }
  for (int index = TableImage::kPrimaryKey; index < static_cast<int>(schema.indexes.size()); ++index) {
    const IndexSchema* const of = index < 0 ? nullptr : &schema.indexes[static_cast<std::size_t>(index)];
    for (const Row& row : given) {
      const auto values = of == nullptr ? primary_key_of(schema, row) : indexed_values(schema, *of, row);
      const auto range =
          of == nullptr ? rows_starting_with(schema, {values.data(), 1}) : entries_starting_with(schema, *of, {values.data(), 1});
      if (!range) continue;
      std::vector<std::uint32_t> there;
      for (const auto& [key, each] : TableImage::between(image->ordered(index), range->begin, range->end)) {
        there.push_back(each);
      }
      std::vector<std::uint32_t> expected;
      for (std::uint32_t each = 0; each < given.size(); ++each) {
        const auto key = of == nullptr ? row_key(schema, given[each]).value()
                         : of->unique  ? unique_entry_key(schema, *of, given[each]).value().value_or("")
                                       : index_entry_key(schema, *of, given[each]).value().key;
        if (range->contains(key)) expected.push_back(each);
      }
      std::ranges::sort(there);
      RC_ASSERT(there == expected);
    }
  }
}

TEST(TableImage, NumbersOfAnyColumnAndTextsOfNocaseColumnsAreEqualAsInKeys) {
  const auto schema = make_schema({.name = "t",
                                   .columns = {{.name = "a", .type = ValueType::any}, {.name = "b", .nocase = true}},
                                   .primary_key = {"a", "b"}},
                                  TableId{1})
                          .value();
  const auto image = image_of(schema, {Row{{Value(1), Value("Abc")}}, Row{{Value(9007199254740993), Value("x")}}});
  const auto& unique = image->unique(TableImage::kPrimaryKey);
  const auto find = [&](Value a, Value b) { return unique.find(std::vector<Value>{std::move(a), std::move(b)}).has_value(); };
  EXPECT_TRUE(find(Value(1.0), Value("aBC")));
  EXPECT_FALSE(find(Value(1.5), Value("abc")));
  EXPECT_FALSE(find(Value(1), Value("abcd")));
  EXPECT_TRUE(find(Value(9007199254740993), Value("X")));
  // The nearest real is another number.
  EXPECT_FALSE(find(Value(9007199254740992.0), Value("x")));
  EXPECT_FALSE(find(Value(), Value("x")));
}

class TableImageTest : public TableSessions {
 protected:
  void SetUp() override {
    create({.name = "t",
            .columns = {{.name = "id", .type = ValueType::integer},
                        {.name = "name"},
                        {.name = "host", .type = ValueType::text, .nullable = true}},
            .primary_key = {"id"},
            .indexes = {{.name = "one", .columns = {"name"}, .unique = true}, {.name = "many", .columns = {"host"}}}});
    TableSession writer = session();
    for (int i = 0; i < 20; ++i)
      ASSERT_EQ(insert(writer, "t", {Value(i), Value(name(i)), Value("h" + std::to_string(i % 4))}), "ok");
    ASSERT_EQ(commit(writer), "ok");
    // What this node has committed is where a replica has it.
    catch_up();
  }
  static std::string name(int i) { return "row " + std::to_string(i); }
  void catch_up() { pass(seconds(5)); }

  TableSession local(TransactionOptions options = {}) {
    TableSession out = session(0, options);
    EXPECT_TRUE(run(out.schema("t", soon())).has_value());
    return out;
  }
  std::shared_ptr<ImageUse> image(TableSession& session, std::size_t look_ups = 1000) {
    const auto here =
        session.try_here<std::shared_ptr<ImageUse>>([&](TableSession& self) { return self.image("t", look_ups, soon()); });
    return here && *here ? **here : nullptr;
  }
  static std::optional<std::uint32_t> find(ImageUse& use, int index, const Value& value) {
    const auto& unique = use.image().unique(index);
    const std::vector<Value> values = {value};
    const auto row = unique.find(values);
    if (row)
      use.row(*row);
    else
      use.absent(unique.hash_of(values), index, values);
    return row;
  }
  static std::size_t find_hosts(ImageUse& use, const std::string& host) {
    const std::vector<Value> equal = {Value(host)};
    const auto keys = entries_starting_with(use.image().schema(), use.image().schema().indexes[1], equal).value();
    use.range(keys.begin + keys.end, {.index = 1, .equal = equal});
    const auto found = TableImage::between(use.image().ordered(1), keys.begin, keys.end);
    for (const auto& [key, row] : found) use.row(row);
    return found.size();
  }
  void other_writes(std::vector<Value> values, bool is_new) {
    TableSession other = session(1);
    ASSERT_EQ(is_new ? insert(other, "t", std::move(values)) : update(other, "t", std::move(values)), "ok");
    ASSERT_EQ(commit(other), "ok");
  }
};

TEST_F(TableImageTest, ACommitChecksTheRowsThatWereComeToAndNoOthers) {
  TableSession reader = local();
  TableSession other_row = local();
  const auto use = image(reader);
  const auto unhurt = image(other_row);
  ASSERT_TRUE(use && unhurt);
  EXPECT_TRUE(find(*use, 0, Value(name(3))).has_value());
  EXPECT_TRUE(find(*unhurt, 0, Value(name(4))).has_value());
  other_writes({Value(3), Value(name(3)), Value("elsewhere")}, false);
  EXPECT_EQ(commit(reader), "conflict");
  EXPECT_EQ(commit(other_row), "ok");
}

TEST_F(TableImageTest, WhatWasNotThereIsCheckedToo) {
  for (const int index : {TableImage::kPrimaryKey, 0}) {
    TableSession reader = local();
    TableSession other_key = local();
    const auto use = image(reader);
    const auto unhurt = image(other_key);
    ASSERT_TRUE(use && unhurt);
    const int number = 100 + index;
    const auto key = [&](int i) { return index < 0 ? Value(i) : Value(name(i)); };
    EXPECT_FALSE(find(*use, index, key(number)).has_value());
    EXPECT_FALSE(find(*unhurt, index, key(number + 1000)).has_value());
    other_writes({Value(number), Value(name(number)), Value()}, true);
    EXPECT_EQ(commit(reader), "conflict") << index;
    EXPECT_EQ(commit(other_key), "ok") << index;
    catch_up();
  }
}

TEST_F(TableImageTest, ARangeIsCheckedForWhatHasComeIntoItAndForWhatHasLeftIt) {
  for (const bool comes : {true, false}) {
    TableSession reader = local();
    TableSession other_range = local();
    const auto use = image(reader);
    const auto unhurt = image(other_range);
    ASSERT_TRUE(use && unhurt);
    EXPECT_GE(find_hosts(*use, "h1"), 4u);
    EXPECT_GE(find_hosts(*unhurt, "h2"), 5u);
    other_writes({Value(comes ? 3 : 1), Value(name(comes ? 3 : 1)), Value(comes ? "h1" : "h9")}, false);
    EXPECT_EQ(commit(reader), "conflict") << comes;
    EXPECT_EQ(commit(other_range), "ok") << comes;
    catch_up();
  }
}

TEST_F(TableImageTest, NothingIsReadAgainWhereTheOnlyReplicaIsAsItWas) {
  rows_->alone = true;
  TableSession reader = local();
  const auto use = image(reader);
  ASSERT_TRUE(use);
  EXPECT_TRUE(find(*use, 0, Value(name(3))).has_value());
  EXPECT_FALSE(find(*use, 0, Value("nobody")).has_value());
  EXPECT_EQ(find_hosts(*use, "h1"), 5u);
  const std::size_t reads = rows_->reads;
  EXPECT_EQ(commit(reader), "ok");
  EXPECT_EQ(rows_->reads, reads);
  // Nor is it taken for unchanged when it is not.
  TableSession late = local();
  const auto old = image(late);
  ASSERT_TRUE(old);
  EXPECT_TRUE(find(*old, 0, Value(name(3))).has_value());
  other_writes({Value(3), Value(name(3)), Value("elsewhere")}, false);
  EXPECT_EQ(commit(late), "conflict");
}

TEST_F(TableImageTest, WhoWritesIsCheckedAsAlways) {
  rows_->alone = true;
  for (const bool conflict : {false, true}) {
    TableSession writer = local();
    const auto use = image(writer);
    ASSERT_TRUE(use);
    EXPECT_TRUE(find(*use, 0, Value(name(3))).has_value());
    ASSERT_EQ(update(writer, "t", {Value(5), Value(name(5)), Value(conflict ? "x" : "y")}), "ok");
    // Rows that were written would be missed in it.
    EXPECT_EQ(image(writer), nullptr);
    if (conflict) other_writes({Value(3), Value(name(3)), Value("elsewhere")}, false);
    EXPECT_EQ(commit(writer), conflict ? "conflict" : "ok");
    catch_up();
  }
}

TEST_F(TableImageTest, ReadsOfTheSessionGoOnToSeeIt) {
  TableSession reader = local({.check_read_only = false});
  ASSERT_TRUE(image(reader));
  other_writes({Value(3), Value(name(3)), Value("elsewhere")}, false);
  other_writes({Value(200), Value(name(200)), Value("h1")}, true);
  const auto rows = run(reader.get("t", {{Value(3)}, {Value(200)}}, soon()));
  ASSERT_TRUE(rows.has_value());
  EXPECT_EQ((*rows)[0]->values[2], Value("h3"));
  EXPECT_FALSE((*rows)[1].has_value());
  // And one that comes later sees what is there now.
  catch_up();
  TableSession later = local();
  const auto use = image(later);
  ASSERT_TRUE(use);
  EXPECT_TRUE(find(*use, 0, Value(name(200))).has_value());
}

TEST_F(TableImageTest, WhatThisNodeHasCommittedIsInIt) {
  TableSession writer = session();
  ASSERT_EQ(insert(writer, "t", {Value(300), Value(name(300)), Value("new")}), "ok");
  ASSERT_EQ(update(writer, "t", {Value(4), Value(name(4)), Value("new")}), "ok");
  ASSERT_EQ(commit(writer), "ok");
  // Of which the rows know nothing yet.
  ASSERT_GT(rows_->intents(), 0u);
  TableSession reader = local();
  const auto use = image(reader);
  ASSERT_TRUE(use);
  EXPECT_EQ(find_hosts(*use, "new"), 2u);
}

TEST_F(TableImageTest, ItIsNotToBeHadWhereSomethingWasReadBeforeOrFewRowsAreLookedUp) {
  TableSession few = local();
  EXPECT_EQ(image(few, 3), nullptr);
  TableSession read = local();
  ASSERT_TRUE(run(read.get("t", {{Value(1)}}, soon())).has_value());
  EXPECT_EQ(image(read), nullptr);
  TableSession many = local();
  const auto use = image(many);
  ASSERT_TRUE(use);
  EXPECT_EQ(image(many), use);
  // Another one finds what this one has read.
  TableSession again = local();
  EXPECT_TRUE(image(again, 1));
  TableSession latest = session(0, {.reading = Reading::latest});
  ASSERT_TRUE(run(latest.schema("t", soon())).has_value());
  EXPECT_EQ(image(latest), nullptr);
}

TEST_F(TableImageTest, ALargeTableIsNotReadAsAWhole) {
  for (int block = 0; block < 11; ++block) {
    TableSession writer = session();
    for (int i = 0; i < 200; ++i) {
      const int id = 1000 + 200 * block + i;
      ASSERT_EQ(insert(writer, "t", {Value(id), Value(name(id)), Value()}), "ok");
    }
    ASSERT_EQ(commit(writer), "ok");
  }
  catch_up();
  TableSession reader = local();
  EXPECT_EQ(image(reader), nullptr);
  EXPECT_TRUE(node(0).shared.images.is_too_large(kPlace.tenant, TableId{1}, runtime().clock.monotonic_now()));
}

}  // namespace
}  // namespace latium::testing
