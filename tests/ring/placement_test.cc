#include "ring/placement.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace latium {
namespace {

Placement parsed(std::string_view text) {
  auto placement = Placement::parse(text);
  EXPECT_TRUE(placement.has_value()) << text << ": " << placement.error().message;
  return placement.value_or(Placement{});
}

TEST(Placement, TakesItsThreeForms) {
  const Placement per_site = parsed(" rennes:2, paris : 1 ");
  EXPECT_EQ(per_site.kind, Placement::Kind::per_site);
  EXPECT_EQ(per_site.sites, (std::vector<Placement::Site>{{"paris", 1}, {"rennes", 2}}));
  const Placement any = parsed("any 3 of [rennes, paris,lyon]");
  EXPECT_EQ(any.kind, Placement::Kind::any_of);
  EXPECT_EQ(any.replicas, 3u);
  EXPECT_EQ(any.sites.size(), 3u);
  EXPECT_EQ(parsed("everywhere: 1"), parsed("everywhere: 1 per site"));
  EXPECT_EQ(parsed("everywhere:2").replicas, 2u);
}

TEST(Placement, CanonicalTextIsSortedAndParsesBack) {
  EXPECT_EQ(parsed("rennes:2,paris:1").to_string(), "paris:1,rennes:2");
  EXPECT_EQ(parsed("any 3 of [rennes,lyon]").to_string(), "any 3 of [lyon, rennes]");
  EXPECT_EQ(parsed("everywhere:1").to_string(), "everywhere: 1");
}

class BadPlacement : public testing::TestWithParam<const char*> {};

TEST_P(BadPlacement, IsRefusedWithTheThreeForms) {
  const auto placement = Placement::parse(GetParam());
  ASSERT_FALSE(placement.has_value()) << placement->to_string();
  EXPECT_EQ(placement.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(placement.error().message.find("'everywhere: N'"), std::string::npos) << placement.error().message;
}

INSTANTIATE_TEST_SUITE_P(All, BadPlacement,
                         testing::Values("", " ", "rennes", "rennes:", "rennes:0", "rennes:65", "rennes:-1", "rennes:2x", ":2",
                                         "rennes:2,", "rennes:1,rennes:2", "ren nes:2", "any 3 of", "any 3 of []", "any of [a]",
                                         "any 0 of [a]", "any 2 of [a, a]", "any 2 of [a", "everywhere", "everywhere: 0",
                                         "everywhere: x", "everywhere 1", ".hidden:1"));

RC_GTEST_PROP(PlacementProperty, TextRoundTrips, ()) {
  const auto replicas = [] { return *rc::gen::inRange<std::uint32_t>(1, kMaxReplicas + 1); };
  const auto names = *rc::gen::nonEmpty(rc::gen::container<std::set<std::string>>(
      rc::gen::nonEmpty(rc::gen::resize(12, rc::gen::container<std::string>(rc::gen::elementOf(std::string("abcXYZ019_")))))));
  Placement placement;
  placement.kind = *rc::gen::element(Placement::Kind::per_site, Placement::Kind::any_of, Placement::Kind::everywhere);
  if (placement.kind != Placement::Kind::per_site) placement.replicas = replicas();
  if (placement.kind != Placement::Kind::everywhere) {
    for (const auto& name : names)
      placement.sites.push_back({name, placement.kind == Placement::Kind::per_site ? replicas() : 0});
  }
  // "any" and "everywhere" begin forms of their own only when followed by what these forms need.
  const auto again = Placement::parse(placement.to_string());
  RC_ASSERT(again.has_value());
  RC_ASSERT((*again == placement));
}

RC_GTEST_PROP(PlacementProperty, AnyTextParsesOrIsRefusedInOneLine, (const std::string& text)) {
  const auto placement = Placement::parse(text);
  if (!placement) RC_ASSERT(placement.error().message.find('\n') == std::string::npos);
}

TEST(Placement, SaysAllThatIsMissing) {
  const std::vector<SiteCapacity> cluster = {{"rennes", 1}, {"lyon", 3}};
  EXPECT_TRUE(parsed("rennes:1,lyon:3").check_satisfiable(cluster).has_value());
  EXPECT_TRUE(parsed("any 4 of [rennes, lyon]").check_satisfiable(cluster).has_value());
  EXPECT_TRUE(parsed("everywhere: 1").check_satisfiable(cluster).has_value());

  const auto missing = parsed("rennes:2,paris:1,lyon:3").check_satisfiable(cluster);
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, ErrorCode::unsatisfiable_placement);
  EXPECT_NE(missing.error().message.find("site 'paris' is not in the cluster"), std::string::npos);
  EXPECT_NE(missing.error().message.find("site 'rennes' has 1 storage node, 2 needed"), std::string::npos);

  EXPECT_FALSE(parsed("any 5 of [rennes, lyon]").check_satisfiable(cluster).has_value());
  EXPECT_FALSE(parsed("any 1 of [rennes, paris]").check_satisfiable(cluster).has_value());
  EXPECT_FALSE(parsed("everywhere: 2").check_satisfiable(cluster).has_value());
}

TEST(CheckName, HoldsItsBounds) {
  for (const char* good : {"a", "A-1.b_c", "0"}) EXPECT_TRUE(check_name("x", good).has_value()) << good;
  EXPECT_TRUE(check_name("x", std::string(64, 'a')).has_value());
  for (const char* bad : {"", "-a", ".a", "a b", "a/b", "é"}) EXPECT_FALSE(check_name("x", bad).has_value()) << bad;
  EXPECT_FALSE(check_name("x", std::string(65, 'a')).has_value());
}

}  // namespace
}  // namespace latium
