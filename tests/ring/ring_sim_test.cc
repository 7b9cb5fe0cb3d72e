#include "bench/ring_sim.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace latium {
namespace {

RingSimSettings small() {
  return {.sites = 2, .nodes = 6, .racks = 3, .weights = {1, 2}, .tenants = 32, .placement = "s1:2,s2:1", .trials = 2};
}

TEST(RingSim, MeasuresTheSitesOfThePlacement) {
  const auto report = simulate_ring(small());
  ASSERT_TRUE(report.has_value()) << report.error().message;
  ASSERT_EQ(report->sites.size(), 2u);
  EXPECT_EQ(report->sites[0].partitions, 32u * 64 * 2);
  EXPECT_NEAR(report->sites[0].mean, 32.0 * 64 * 2 / 9, 0.01);
  EXPECT_GE(report->max_over_mean(), std::max(report->sites[0].max_over_mean(), report->sites[1].max_over_mean()));
  EXPECT_NEAR(report->join.ratio(), 1, 0.35);
  ASSERT_TRUE(report->leave.has_value());
  EXPECT_GE(report->leave->ratio(), 1);
}

TEST(RingSim, TheSameSeedGivesTheSameReport) {
  RingSimSettings settings = small();
  const std::string once = to_json(settings, simulate_ring(settings).value());
  EXPECT_EQ(to_json(settings, simulate_ring(settings).value()), once);
  settings.seed = 2;
  EXPECT_NE(to_text(simulate_ring(settings).value()), to_text(simulate_ring(small()).value()));
}

TEST(RingSim, SaysSoWhereNoNodeCanLeave) {
  RingSimSettings settings = small();
  settings.placement = "s1:6";
  const auto report = simulate_ring(settings);
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->sites.size(), 1u);
  EXPECT_FALSE(report->leave.has_value());
  EXPECT_THAT(to_text(*report), testing::HasSubstr("leave  is not possible"));
  EXPECT_TRUE(nlohmann::json::parse(to_json(settings, *report))["leave"].is_null());
}

TEST(RingSim, JsonHasWhatTheTextHas) {
  const auto report = simulate_ring(small()).value();
  const auto json = nlohmann::json::parse(to_json(small(), report));
  EXPECT_EQ(json["sites"].size(), 2u);
  EXPECT_EQ(json["sites"][1]["site"], "s2");
  EXPECT_EQ(json["max_over_mean"], report.max_over_mean());
  EXPECT_EQ(json["join"]["ratio"], report.join.ratio());
  EXPECT_THAT(to_text(report),
              testing::AllOf(testing::HasSubstr("\ns2 "), testing::HasSubstr("\njoin "), testing::HasSubstr("\nleave ")));
}

TEST(RingSim, RefusesInOneLine) {
  const auto refused = [](auto change, const char* says) {
    RingSimSettings settings = small();
    change(settings);
    const auto report = simulate_ring(settings);
    ASSERT_FALSE(report.has_value()) << says;
    EXPECT_THAT(report.error().message, testing::HasSubstr(says));
    EXPECT_THAT(report.error().message, testing::Not(testing::HasSubstr("\n")));
  };
  refused([](auto& s) { s.sites = 0; }, "--sites times --nodes is 0");
  refused([](auto& s) { s.nodes = 0; }, "--sites times --nodes is 0");
  refused([](auto& s) { s.sites = s.nodes = 4'000'000'000; }, "not 1 to 100000");
  refused([](auto& s) { s.partitions = 63; }, "--partitions 63");
  refused([](auto& s) { s.partitions = 65'536 + 64; }, "--partitions 65600");
  refused([](auto& s) { s.weights = {1, 0.05}; }, "--weights 0.05");
  refused([](auto& s) { s.weights = {std::nan("")}; }, "--weights nan");
  refused([](auto& s) { s.tenants = 0; }, "--tenants");
  refused([](auto& s) { s.tenants = 4'000'000'000; }, "take fewer --tenants");
  refused([](auto& s) { s.trials = 0; }, "--trials");
  refused([](auto& s) { s.placement = "nowhere"; }, "placement 'nowhere'");
  refused([](auto& s) { s.placement = "s1:7"; }, "7 needed");
  refused([](auto& s) { s.placement = "s3:1"; }, "site 's3' is not in the cluster");
}

}  // namespace
}  // namespace latium
