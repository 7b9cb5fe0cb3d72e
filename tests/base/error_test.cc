#include "latium/error.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/result.h"

namespace latium {
namespace {

struct Row {
  std::string name;
  int exit_status;

  friend bool operator==(const Row&, const Row&) = default;
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name << '/' << row.exit_status;
}

// Numbers travel on the wire and exit statuses in scripts: rows are added here, never changed.
const std::map<int, Row> kGolden = {
    {1, {"invalid_argument", 2}},
    {2, {"not_found", 1}},
    {3, {"already_exists", 1}},
    {4, {"unknown_tenant", 1}},
    {5, {"unknown_bucket", 1}},
    {6, {"unsatisfiable_placement", 1}},
    {7, {"conflict", 1}},
    {8, {"unavailable", 3}},
    {9, {"deadline_exceeded", 3}},
    {10, {"overloaded", 3}},
    {11, {"cancelled", 3}},
    {12, {"unknown_outcome", 4}},
    {13, {"corruption", 3}},
    {14, {"io_error", 3}},
    {15, {"read_only", 3}},
    {16, {"data_dir_locked", 1}},
    {17, {"incompatible_format", 1}},
    {18, {"wrong_cluster", 1}},
    {19, {"incompatible_version", 1}},
    {20, {"unauthenticated", 1}},
    {21, {"unsupported", 1}},
    {22, {"internal", 3}},
    {23, {"stale_topology", 3}},
    {24, {"broken_reference", 1}},
    {25, {"multiple_results", 1}},
};

TEST(ErrorTable, NumbersNamesAndExitStatusesArePinned) {
  std::map<int, Row> table;
  int rows = 0;
#define LATIUM_ERROR(number, name, exit_status, meaning) \
  table[number] = Row{#name, exit_status};               \
  ++rows;
#include "latium/error_codes.def"
#undef LATIUM_ERROR
  EXPECT_EQ(static_cast<std::size_t>(rows), table.size()) << "a number is used twice";
  EXPECT_EQ(table, kGolden);
}

TEST(ErrorTable, FunctionsFollowTheTable) {
  for (const auto& [number, row] : kGolden) {
    const auto code = static_cast<ErrorCode>(number);
    EXPECT_EQ(to_string(code), row.name);
    EXPECT_EQ(exit_status(code), row.exit_status) << row.name;
  }
}

// A newer peer may send a code that this table does not have.
TEST(ErrorTable, UnlistedCodeIsUnavailable) {
  const auto code = static_cast<ErrorCode>(60'000);
  EXPECT_EQ(to_string(code), "unlisted_error");
  EXPECT_EQ(exit_status(code), 3);
}

TEST(Certainty, Names) {
  EXPECT_EQ(to_string(Certainty::not_applied), "not_applied");
  EXPECT_EQ(to_string(Certainty::unknown), "unknown");
}

Result<int> half(int value) {
  if (value % 2 != 0) return fail(ErrorCode::invalid_argument, "odd");
  return value / 2;
}

Result<int> quarter(int value) {
  LATIUM_TRY(const int once, half(value));
  LATIUM_TRY(const int twice, half(once));
  return twice;
}

Result<void> must_be_zero(int value) {
  if (value != 0) return fail(ErrorCode::conflict, Certainty::unknown, "not zero");
  return {};
}

Result<void> both_zero(int a, int b) {
  LATIUM_CHECKED(must_be_zero(a));
  LATIUM_CHECKED(must_be_zero(b));
  return {};
}

TEST(Result, TryGoesOnWithTheValueOrReturnsTheError) {
  EXPECT_EQ(quarter(8), 2);
  EXPECT_EQ(quarter(6), Result<int>(fail(ErrorCode::invalid_argument, "odd")));
}

TEST(Result, CheckedKeepsTheWholeError) {
  EXPECT_TRUE(both_zero(0, 0));
  const auto failed = both_zero(0, 1);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error(), Error(ErrorCode::conflict, Certainty::unknown, "not zero"));
}

}  // namespace
}  // namespace latium
