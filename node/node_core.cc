#include "node/node_core.h"

#include <utility>

namespace latium {

namespace {

constexpr std::string_view kClockKey = "clock";

Result<void> restore_clock(Engine& engine, HlcClock& hlc) {
  LATIUM_TRY(const ReadResult found, engine.get(Family::system, kClockKey, ReadMode::may_block));
  if (found.presence != Presence::found) return {};
  if (found.value.size() != 8) return fail(ErrorCode::corruption, "the record 'clock' is not 8 bytes long");
  hlc.restore(Hlc{get_u64(found.value.data())});
  return {};
}

}  // namespace

Result<std::unique_ptr<NodeCore>> NodeCore::open(Runtime& runtime, Engine& engine, HlcClock& hlc, NodeIdentity identity,
                                                 CoreOptions options) {
  LATIUM_CHECKED(restore_clock(engine, hlc));
  LATIUM_TRY(auto catalog, TenantCatalog::open(engine));
  return std::unique_ptr<NodeCore>(
      new NodeCore(runtime, engine, hlc, std::move(identity), std::move(options), std::move(catalog)));
}

Result<void> NodeCore::close() {
  Bytes stamp;
  put_u64(stamp, hlc_.latest().value);
  WriteBatch batch;
  batch.put(Family::system, kClockKey, stamp);
  Result<void> written = engine_.write(std::move(batch), Durability::buffered);
  // A full disk keeps the older stamp, which is only a floor.
  if (!written && written.error().code == ErrorCode::read_only) return {};
  return written;
}

std::vector<SiteCapacity> NodeCore::sites() const {
  return {{identity_.site, options_.holds_replicas ? 1u : 0u}};
}

Result<Tenant> NodeCore::create_tenant(std::string_view name, std::string_view placement, std::uint16_t partitions) {
  LATIUM_CHECKED(check_name("tenant name", name));
  LATIUM_TRY(const Placement rule, Placement::parse(placement.empty() ? identity_.site + ":1" : std::string(placement)));
  LATIUM_CHECKED(rule.check_satisfiable(sites()));
  return catalog_->create(name, rule, partitions);
}

}  // namespace latium
