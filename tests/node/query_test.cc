// The query builder: the SQL that it makes, and what that gives on a node.
#include "latium/query.h"

#include <gtest/gtest.h>

#include "latium/db_errors.h"
#include "latium/node.h"
#include "tests/support/temp_directory.h"

namespace shop {

struct Host {
  std::string name;
  std::int64_t cpus = 0;
  std::optional<latium::Timestamp> seen;
};
BOOST_DESCRIBE_STRUCT(Host, (), (name, cpus, seen))
auto table_of(latium::Entity<Host>) {
  return latium::table<Host>("hosts").primary_key(&Host::name).index(&Host::cpus);
}

struct Instance {
  std::int64_t id = 0;
  latium::Uuid uuid;
  std::optional<std::string> host;
  bool deleted = false;
  double share = 0;
};
BOOST_DESCRIBE_STRUCT(Instance, (), (id, uuid, host, deleted, share))
auto table_of(latium::Entity<Instance>) {
  return latium::table<Instance>("instances").primary_key(&Instance::id).index(&Instance::host).unique(&Instance::uuid);
}

}  // namespace shop

namespace latium {
namespace {

using shop::Host;
using shop::Instance;

class QueryTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = Node::open({.data_dir = directory_ / "node", .site = "rennes", .bootstrap = true, .log = {.level = "error"}});
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    node_.emplace(*std::move(opened));
    ASSERT_TRUE(node_->create_tenant("acme").has_value());
    Database database = *node_->database("acme");
    ASSERT_TRUE(database.create_table<Host>().has_value());
    ASSERT_TRUE(database.create_table<Instance>().has_value());
    const auto filled = database.transact([](Session& session) -> Result<void> {
      for (int i = 1; i <= 4; ++i) {
        const Host host{.name = "n" + std::to_string(i),
                        .cpus = 8 * i,
                        .seen = i == 4 ? std::nullopt : std::optional(Timestamp{i * 1'000'000})};
        if (auto added = session.add(host); !added) return added;
      }
      for (int i = 1; i <= 6; ++i) {
        Instance instance{.id = i, .uuid = uuid(i), .host = "n" + std::to_string(1 + i % 2), .deleted = i > 4, .share = i * 0.5};
        if (i == 6) instance.host.reset();
        if (auto added = session.add(instance); !added) return added;
      }
      return {};
    });
    ASSERT_TRUE(filled.has_value()) << filled.error().message;
    auto sql = database.sql();
    ASSERT_TRUE(sql.has_value()) << sql.error().message;
    sql_.emplace(*std::move(sql));
  }

  static Uuid uuid(int i) {
    Uuid out;
    out.bytes[15] = static_cast<std::uint8_t>(i);
    return out;
  }
  template <class T>
  static T must(Result<T> result) {
    EXPECT_TRUE(result.has_value()) << result.error().message;
    return result ? *std::move(result) : T();
  }
  template <class Rows>
  static std::vector<std::string> names(const Rows& rows) {
    std::vector<std::string> out;
    for (const Host& host : rows) out.push_back(host.name);
    return out;
  }
  static std::vector<std::int64_t> ids(const std::vector<Instance>& rows) {
    std::vector<std::int64_t> out;
    for (const Instance& each : rows) out.push_back(each.id);
    return out;
  }
  using Names = std::vector<std::string>;
  using Ids = std::vector<std::int64_t>;

  TempDirectory directory_;
  std::optional<Node> node_;
  std::optional<SqlSession> sql_;
};

TEST_F(QueryTest, FiltersOrderAndPages) {
  EXPECT_EQ(names(must(query<Host>(*sql_)
                           .filter(col(&Host::cpus) > 8 && col(&Host::name).like("n%"))
                           .order_by(col(&Host::cpus).desc())
                           .all())),
            (Names{"n4", "n3", "n2"}));
  EXPECT_EQ(names(must(query<Host>(*sql_).order_by(col(&Host::name)).limit(2).offset(1).all())), (Names{"n2", "n3"}));
  EXPECT_EQ(names(must(query<Host>(*sql_).order_by(col(&Host::name)).offset(3).all())), Names{"n4"});
  EXPECT_EQ(names(must(query<Host>(*sql_).filter(col(&Host::seen) == std::nullopt).all())), Names{"n4"});
  EXPECT_EQ(names(must(query<Host>(*sql_)
                           .filter(!(col(&Host::cpus) == 16) && col(&Host::seen) != std::nullopt)
                           .order_by(col(&Host::name))
                           .all())),
            (Names{"n1", "n3"}));
  EXPECT_EQ(
      names(must(query<Host>(*sql_).filter(col(&Host::name).in_(Names{"n1", "n3", "n9"})).order_by(col(&Host::name)).all())),
      (Names{"n1", "n3"}));
  EXPECT_EQ(names(must(query<Host>(*sql_)
                           .filter(col(&Host::cpus).between(9, 24) || col(&Host::cpus) % 5 == 2)
                           .order_by(col(&Host::name))
                           .all())),
            (Names{"n2", "n3", "n4"}));
  EXPECT_EQ(
      ids(must(
          query<Instance>(*sql_).filter_by(&Instance::host, "n1", &Instance::deleted, false).order_by(col(&Instance::id)).all())),
      (Ids{2, 4}));
}

TEST_F(QueryTest, EveryTypeComesBack) {
  const Host host = must(query<Host>(*sql_).filter_by(&Host::name, "n2").one());
  EXPECT_EQ(host.cpus, 16);
  EXPECT_EQ(host.seen, Timestamp{2'000'000});
  const Instance instance = must(query<Instance>(*sql_).filter_by(&Instance::uuid, uuid(5)).one());
  EXPECT_EQ(instance.id, 5);
  EXPECT_EQ(instance.uuid, uuid(5));
  EXPECT_TRUE(instance.deleted);
  EXPECT_EQ(instance.share, 2.5);
  EXPECT_EQ(names(must(query<Host>(*sql_).filter(col(&Host::seen) > Timestamp{1'500'000}).order_by(col(&Host::name)).all())),
            (Names{"n2", "n3"}));
}

TEST_F(QueryTest, OneFirstCountExists) {
  EXPECT_EQ(must(query<Host>(*sql_).order_by(col(&Host::name).desc()).first())->name, "n4");
  EXPECT_FALSE(must(query<Host>(*sql_).filter_by(&Host::name, "n9").first()).has_value());
  EXPECT_FALSE(must(query<Host>(*sql_).filter_by(&Host::name, "n9").one_or_none()).has_value());
  const auto none = query<Host>(*sql_).filter_by(&Host::name, "n9").one();
  ASSERT_FALSE(none.has_value());
  EXPECT_TRUE(is_no_result_found(none.error())) << none.error().message;
  const auto several = query<Host>(*sql_).one();
  ASSERT_FALSE(several.has_value());
  EXPECT_TRUE(is_multiple_results_found(several.error())) << several.error().message;
  EXPECT_EQ(must(query<Host>(*sql_).filter(col(&Host::cpus) >= 16).count()), 3);
  EXPECT_EQ(must(query<Host>(*sql_).limit(2).count()), 2);
  EXPECT_TRUE(must(query<Host>(*sql_).exists()));
  EXPECT_FALSE(must(query<Host>(*sql_).filter(col(&Host::cpus) > 99).exists()));
}

TEST_F(QueryTest, JoinsGiveRowsOfBothTables) {
  const auto on = [] { return col(&Instance::host) == col(&Host::name); };
  const auto pairs = must(query<Instance, std::optional<Host>>(*sql_).outer_join<Host>(on()).order_by(col(&Instance::id)).all());
  ASSERT_EQ(pairs.size(), 6u);
  EXPECT_EQ(std::get<1>(pairs[0])->name, "n2");
  EXPECT_FALSE(std::get<1>(pairs[5]).has_value());
  EXPECT_EQ(ids(must(query<Instance>(*sql_).join<Host>(on()).filter(col(&Host::cpus) == 8).order_by(col(&Instance::id)).all())),
            (Ids{2, 4}));
  // A table beside itself, under another name.
  EXPECT_EQ(must(query<Instance>(*sql_)
                     .join<Instance>("twin", col("twin", &Instance::host) == col(&Instance::host) &&
                                                 col("twin", &Instance::id) > col(&Instance::id))
                     .count()),
            4);
}

TEST_F(QueryTest, ValuesGroupsAndFunctions) {
  const auto groups =
      must(query_of<Instance>(*sql_, col(&Instance::host), count(), sum(col(&Instance::share)), max(col(&Instance::id)))
               .filter(col(&Instance::host).is_not_null())
               .group_by(col(&Instance::host))
               .having(count() > 1)
               .order_by(col(&Instance::host))
               .all());
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0],
            (std::tuple(std::optional<std::string>("n1"), std::int64_t{2}, std::optional(3.0), std::optional(std::int64_t{4}))));
  EXPECT_EQ(groups[1],
            (std::tuple(std::optional<std::string>("n2"), std::int64_t{3}, std::optional(4.5), std::optional(std::int64_t{5}))));
  EXPECT_EQ(must(query_of<Host>(*sql_, max(col(&Host::cpus))).filter(col(&Host::cpus) > 99).one()), std::nullopt);
  EXPECT_EQ(must(query_of<Host>(*sql_, func<std::string>("upper", col(&Host::name))).order_by(col(&Host::name)).first()), "N1");
  EXPECT_EQ(must(query_of<Instance>(*sql_, coalesce(col(&Instance::host), "nowhere")).filter_by(&Instance::id, 6).one()),
            "nowhere");
  EXPECT_EQ(must(query_of<Instance>(*sql_, col(&Instance::host)).distinct().all()).size(), 3u);
  EXPECT_EQ(must(query_of<Host>(*sql_, avg(col(&Host::cpus)), count_distinct(col(&Host::cpus))).one()),
            (std::tuple(std::optional(20.0), std::int64_t{4})));
}

TEST_F(QueryTest, SubqueriesAndUnions) {
  const auto used = query_of<Instance>(*sql_, col(&Instance::host)).filter(col(&Instance::host).is_not_null());
  EXPECT_EQ(names(must(query<Host>(*sql_).filter(col(&Host::name).in_(used)).order_by(col(&Host::name)).all())),
            (Names{"n1", "n2"}));
  EXPECT_EQ(names(must(query<Host>(*sql_).filter(col(&Host::name).not_in(used)).order_by(col(&Host::name)).all())),
            (Names{"n3", "n4"}));
  const auto deleted_there = [&] {
    return exists(query<Instance>(*sql_).filter(col(&Instance::host) == col(&Host::name) && col(&Instance::deleted) == true));
  };
  EXPECT_EQ(names(must(query<Host>(*sql_).filter(deleted_there()).all())), Names{"n2"});
  const auto small = query<Host>(*sql_).filter(col(&Host::cpus) < 20);
  EXPECT_EQ(must(query<Host>(*sql_).filter(col(&Host::cpus) > 10).union_(small).count()), 4);
  EXPECT_EQ(must(query<Host>(*sql_).filter(col(&Host::cpus) > 10).union_all(small).all()).size(), 5u);
  EXPECT_EQ(must(query<Host>(*sql_).filter(col(&Host::cpus) > 10).union_(small).order_by(col(&Host::name).desc()).first())->name,
            "n4");
}

TEST_F(QueryTest, UpdatesAndRemovalsOfManyRows) {
  EXPECT_EQ(must(query<Instance>(*sql_)
                     .filter_by(&Instance::host, "n2")
                     .update(set(&Instance::host, std::nullopt), set(&Instance::share, col(&Instance::share) + 1))),
            3);
  EXPECT_EQ(must(query<Instance>(*sql_).filter(col(&Instance::host) == std::nullopt).count()), 4);
  EXPECT_EQ(must(query<Instance>(*sql_).filter_by(&Instance::id, 1).one()).share, 1.5);
  EXPECT_EQ(must(query<Instance>(*sql_).filter_by(&Instance::deleted, true).remove()), 2);
  EXPECT_EQ(must(query<Instance>(*sql_).count()), 4);
  EXPECT_EQ(query<Instance>(*sql_).limit(1).remove().error().code, ErrorCode::invalid_argument);
}

TEST_F(QueryTest, RowsForUpdateConflictWithAnotherWriter) {
  SqlSession other = *node_->database("acme")->sql();
  ASSERT_TRUE(sql_->execute("BEGIN").has_value());
  EXPECT_EQ(must(query<Host>(*sql_).filter_by(&Host::name, "n1").with_for_update().one()).cpus, 8);
  EXPECT_EQ(must(query<Host>(other).filter_by(&Host::name, "n1").update(set(&Host::cpus, 9))), 1);
  const auto committed = sql_->execute("COMMIT");
  ASSERT_FALSE(committed.has_value());
  EXPECT_TRUE(is_deadlock(committed.error())) << committed.error().message;
}

TEST_F(QueryTest, ValuesAreNeverPartOfTheText) {
  const std::string evil = "n1' OR 1=1; DROP TABLE hosts; --";
  EXPECT_EQ(must(query<Host>(*sql_).filter_by(&Host::name, evil).count()), 0);
  EXPECT_EQ(query<Host>(*sql_).filter_by(&Host::name, evil).to_string().find("DROP"), std::string::npos);
  EXPECT_EQ(must(query<Host>(*sql_).count()), 4);
}

TEST_F(QueryTest, RowsOneByOneEndWhenToldTo) {
  Names seen;
  EXPECT_TRUE(query<Host>(*sql_)
                  .order_by(col(&Host::name))
                  .each([&](const Host& host) {
                    seen.push_back(host.name);
                    return seen.size() < 2;
                  })
                  .has_value());
  EXPECT_EQ(seen, (Names{"n1", "n2"}));
}

}  // namespace
}  // namespace latium
