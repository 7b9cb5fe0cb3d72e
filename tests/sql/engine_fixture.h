// What the tests of the engine share: sessions over tables in memory, and their answers as text.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "relational/sql/engine.h"
#include "tests/sql/memory_tables.h"

namespace latium::sql {

class EngineTest : public ::testing::Test {
 protected:
  EngineTest() : engine_(session()) {}

  std::shared_ptr<Engine> session(SqlOptions options = {}) {
    auto engine = Engine::open(std::make_unique<latium::testing::MemoryTables>(database_), options);
    EXPECT_TRUE(engine.has_value()) << engine.error().message;
    return *engine;
  }
  /// Rows as text: values with | between, rows with a space.
  static std::string show(const Result<SqlResult>& result) {
    if (!result) return "error: " + result.error().message;
    std::string out;
    for (const auto& row : result->rows) {
      out += out.empty() ? "" : " ";
      for (std::size_t i = 0; i < row.size(); ++i) out += (i > 0 ? "|" : "") + row[i].to_string();
    }
    return out;
  }
  std::string run(std::string_view sql, std::vector<Value> parameters = {}) {
    return show(engine_->execute(sql, std::move(parameters)));
  }
  SqlResult ok(std::string_view sql, std::vector<Value> parameters = {}) {
    auto result = engine_->execute(sql, std::move(parameters));
    EXPECT_TRUE(result.has_value()) << sql << ": " << result.error().message;
    return result ? *result : SqlResult();
  }

  std::shared_ptr<latium::testing::MemoryDatabase> database_ = std::make_shared<latium::testing::MemoryDatabase>();
  std::shared_ptr<Engine> engine_;
};

}  // namespace latium::sql
