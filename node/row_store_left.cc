// Looks through the registers of this node for rows at which something is left to do.
#include <algorithm>
#include <utility>

#include "node/row_store.h"
#include "replication/row_recovery.h"
#include "runtime/offload.h"

namespace latium {

namespace {

// What is accepted, not only what is known to be chosen: learns are lost with a committer that dies.
Result<bool> has_leftovers(BytesView stored, std::uint64_t now_ms) {
  LATIUM_TRY(const AcceptorRecord record, decode_acceptor(stored));
  LATIUM_TRY(const RowState row, row_of(record.state));
  return !leftovers_of(row, now_ms).empty();
}

Result<RowsLeft> look_through(Engine& engine, const Bytes& after, std::size_t count, std::uint64_t now_ms) {
  RowsLeft out;
  LATIUM_TRY(const auto cursor, engine.scan(Family::registers, {after + '\0', {}}));
  for (; cursor->valid(); cursor->next()) {
    out.more = count-- == 0;
    if (out.more) return out;
    out.last = cursor->key();
    LATIUM_TRY(RegisterKey key, parse_register_key(cursor->key()));
    if (key.key.front() != static_cast<char>(RegisterSpace::table)) continue;
    const auto left = has_leftovers(cursor->value(), now_ms);
    if (!left) return fail(left.error().code, left.error().message + " (" + key.describe() + ")");
    if (*left) out.keys.push_back(std::move(key));
  }
  LATIUM_CHECKED(cursor->status());
  return out;
}

}  // namespace

Task<RowsLeft> RegisterRows::left_over(Bytes after, std::size_t count) {
  Runtime& runtime = cluster_.runtime();
  LATIUM_CO_TRY(RowsLeft out, co_await offload<RowsLeft>(runtime, [engine = &engine_, after = std::move(after), count,
                                                                   now_ms = runtime.clock.wall_ms()] {
                  return look_through(*engine, after, count, now_ms);
                }));
  std::erase_if(out.keys, [this](const RegisterKey& key) { return !is_first(key.tenant, key.partition); });
  co_return out;
}

bool RegisterRows::is_first(TenantId tenant, PartitionId partition) const {
  const auto set = cluster_.replicas(tenant, partition);
  if (!set) return false;
  const auto first = std::ranges::find_if(set->members, [this](NodeId node) {
    const auto peer = cluster_.peer(node);
    return node == cluster_.self() || (peer && peer->up());
  });
  return first != set->members.end() && *first == cluster_.self();
}

}  // namespace latium
