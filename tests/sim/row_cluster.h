// RowCluster: the cluster of RttCluster, and transactions over rows named by numbers.
#pragma once

#include <string>
#include <vector>

#include "node/node_core.h"
#include "node/tenants.h"
#include "relational/transaction.h"
#include "tests/sim/rtt_cluster.h"

namespace latium::sim {

inline MonotonicTime within(NodeCore& core, Duration time) {
  return saturating_add(core.runtime().clock.monotonic_now(), time);
}

class RowCluster : public RttCluster {
 protected:
  void SetUp() override {
    RttCluster::SetUp();
    const auto found = run_on(0, [this](NodeCore& core) { return find(core); });
    ASSERT_TRUE(found.has_value()) << found.error().message;
  }

  RegisterKey row(std::size_t number) const {
    const std::string name = "row" + std::to_string(number);
    return table_register(tenant_, partitions_, name, name);
  }

  /// Rows from 0 on, in one transaction of the node.
  Result<void> write(std::size_t node, std::size_t rows, const std::string& value, Duration time = seconds(10)) {
    return run_on(node, [=, this](NodeCore& core) { return write_rows(core, rows, value, time); });
  }
  Task<void> write_rows(NodeCore& core, std::size_t rows, std::string value, Duration time) {
    Transaction transaction(core.transactions(), {});
    std::vector<RegisterKey> keys;
    for (std::size_t i = 0; i < rows; ++i) keys.push_back(row(i));
    LATIUM_CO_CHECKED(co_await transaction.get(keys, within(core, time)));
    for (const RegisterKey& key : keys) transaction.put(key, value);
    co_return co_await transaction.commit(within(core, time));
  }
  /// The node is cut off in the middle of what it does next.
  Task<void> cut_off_after(NodeCore& core, std::size_t node, Duration time) {
    LATIUM_CO_CHECKED(co_await sleep_for(core.runtime(), time));
    cut_off(node);
    co_return Result<void>();
  }

  TenantId tenant_{};
  std::uint16_t partitions_ = 1;

 private:
  Task<void> find(NodeCore& core) {
    LATIUM_CO_TRY(const auto found, co_await find_tenant(core.cluster(), "acme", within(core, seconds(10))));
    tenant_ = found->id;
    partitions_ = found->partitions;
    co_return Result<void>();
  }
};

}  // namespace latium::sim
