// What the tests of the catalog share: two nodes with a catalog each.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "tests/relational/catalog_nodes.h"

namespace latium {

inline constexpr CatalogPlace kPlace{TenantId{1}, 8};

inline TableDefinition hosts(std::string name = "hosts") {
  return {.name = std::move(name), .columns = {{.name = "id", .type = ValueType::integer}}, .primary_key = {"id"}};
}

class TwoCatalogs : public testing::Test {
 protected:
  template <class T>
  Result<T> run(Task<T> task) {
    return simulation_.run(std::move(task));
  }
  std::shared_ptr<const TableSchema> find(CatalogNode& node, const std::string& table) {
    auto found = run(node.catalog.find(kPlace, table, node.in(std::chrono::seconds(60))));
    return found ? *found : nullptr;
  }
  Result<TableChange> create(CatalogNode& node, TableDefinition table) {
    return run(node.catalog.create_table(kPlace, std::move(table), node.in(std::chrono::seconds(60))));
  }
  Result<TableChange> add_column(CatalogNode& node, const std::string& column, Duration patience = std::chrono::seconds(60)) {
    return run(node.catalog.add_column(kPlace, "hosts", {.name = column, .nullable = true}, node.in(patience)));
  }
  void nobody_hears() { shared_.deaf = {"a", "b"}; }
  void pass(Duration time) { ASSERT_TRUE(simulation_.run_for(time)); }

  sim::Simulation simulation_{1};
  SharedRecords shared_;
  CatalogNode a_{simulation_, shared_, "a", std::chrono::milliseconds(0)};
  CatalogNode b_{simulation_, shared_, "b", std::chrono::milliseconds(0)};
};

template <class T>
ErrorCode code(const Result<T>& result) {
  return result ? ErrorCode::internal : result.error().code;
}

}  // namespace latium
