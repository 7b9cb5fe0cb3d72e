// Sessions on tables, over rows and a catalog in memory, in virtual time. What several nodes share and what each has of its own
// is as in a cluster.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "relational/session.h"
#include "tests/relational/catalog_nodes.h"
#include "tests/relational/memory_rows.h"
#include "tests/runtime/simulated.h"

namespace latium::testing {

class TableSessions : public Simulated {
 protected:
  static constexpr CatalogPlace kPlace{TenantId{1}, 4};

  /// What a node has: it is gone when the node stops. Its process draws numbers of its own: no two nodes give a transaction the
  /// same id.
  struct TableNode {
    TableNode(sim::Simulation& simulation, sim::SimClock& clock, const std::string& life, MemoryRows& rows,
              SharedRecords& shared_records, std::string node_name, bool restarted)
        : process(simulation, clock, life),
          records(shared_records),
          name(std::move(node_name)),
          store(process.runtime(), records, milliseconds(1)),
          peers(process.runtime(), records, name, milliseconds(1)),
          catalog(process.runtime(), store, peers, restarted),
          shared(process.runtime(), rows, hlc) {
      records.nodes[name] = &catalog;
    }
    ~TableNode() {
      // One that was started again has taken the name.
      if (records.nodes.at(name) == &catalog) records.nodes.erase(name);
    }
    sim::SimRuntime process;
    SharedRecords& records;
    std::string name;
    HlcClock hlc;
    MemoryCatalogStore store;
    MemoryCatalogPeers peers;
    Catalog catalog;
    Transactions shared;
  };

  void TearDown() override {
    for (auto& node : nodes_) stop(*node);
    run(rows_->stop());
  }

  std::unique_ptr<TableNode> new_life(const std::string& name, bool restarted) {
    return std::make_unique<TableNode>(simulation_, clock_, "life " + std::to_string(++lives_), *rows_, records_, name,
                                       restarted);
  }
  TableNode& add_node() { return *nodes_.emplace_back(new_life("n" + std::to_string(nodes_.size()), false)); }
  void stop(TableNode& node) {
    run(node.shared.stop());
    run(node.catalog.stop());
  }
  void restart(TableNode& node) {
    for (auto& each : nodes_) {
      if (each.get() != &node) continue;
      stop(node);
      each = new_life(node.name, true);
    }
  }
  TableNode& node(std::size_t i) {
    while (nodes_.size() <= i) add_node();
    return *nodes_[i];
  }

  TableSession session(std::size_t at = 0, TransactionOptions options = {.reading = Reading::latest}) {
    return {node(at).shared, node(at).catalog, kPlace, options};
  }
  MonotonicTime soon() { return in(seconds(20)); }
  void create(TableDefinition table) {
    const auto made = run(node(0).catalog.create_table(kPlace, std::move(table), soon()));
    ASSERT_TRUE(made.has_value()) << made.error().message;
  }

  std::string insert(TableSession& session, const std::string& table, std::vector<Value> values) {
    return code_of(run(session.insert(table, Row{std::move(values)}, soon())));
  }
  std::string update(TableSession& session, const std::string& table, std::vector<Value> values) {
    return code_of(run(session.update(table, Row{std::move(values)}, soon())));
  }
  std::string remove(TableSession& session, const std::string& table, std::vector<Value> key) {
    const auto removed = run(session.remove(table, std::move(key), soon()));
    return removed ? (*removed ? "ok" : "none") : code_of(removed);
  }
  std::string commit(TableSession& session) { return code_of(run(session.commit(soon()))); }
  /// All rows, in the order of the primary key.
  std::vector<Row> rows(const std::string& table, std::size_t at = 0) {
    TableSession reader = session(at);
    auto page = run(reader.find(table, "", {}, 10'000, soon()));
    EXPECT_TRUE(page.has_value()) << page.error().message;
    return page ? page->rows : std::vector<Row>();
  }

  SharedRecords records_;
  std::unique_ptr<MemoryRows> rows_ = std::make_unique<MemoryRows>(runtime(), 1);
  std::vector<std::unique_ptr<TableNode>> nodes_;
  int lives_ = 0;
};

}  // namespace latium::testing
