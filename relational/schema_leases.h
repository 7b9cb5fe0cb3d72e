// SchemaLeases: the schemas in use, for sessions on their callers' threads. The catalog, on the loop, keeps it up.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <utility>

#include "base/bytes.h"
#include "base/ids.h"
#include "relational/schema.h"
#include "runtime/clock.h"

namespace latium {

/// A schema, and until when it may be used: by then, what relies on it has been done. It is given up before that only when
/// nobody uses it.
struct SchemaLease {
  std::shared_ptr<const TableSchema> schema;  ///< to keep and to compare with: no use of it
  MonotonicTime until;
  std::shared_ptr<const void> use;  ///< who has it uses the schema; it keeps that too

  /// The schema, for as long as it is used.
  std::shared_ptr<const TableSchema> in_use() const { return {use, schema.get()}; }
};

/// Any thread. A lease is good until it ends, or for as long as it is in use: so one that is found here is as good as one that
/// was found on the loop at the same moment.
class SchemaLeases {
 public:
  using Name = std::pair<TenantId, Bytes>;  // and the record's key

  void put(const Name& name, SchemaLease lease) {
    const std::unique_lock lock(lock_);
    if (leases_.size() >= kMax) leases_.clear();  // the loop is asked for them again
    leases_.insert_or_assign(name, std::move(lease));
  }
  void drop(const Name& name) {
    const std::unique_lock lock(lock_);
    leases_.erase(name);
  }
  std::optional<SchemaLease> find(const Name& name) const {
    const std::shared_lock lock(lock_);
    const auto found = leases_.find(name);
    return found == leases_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  static constexpr std::size_t kMax = 4096;

  mutable std::shared_mutex lock_;
  std::map<Name, SchemaLease> leases_;
};

}  // namespace latium
