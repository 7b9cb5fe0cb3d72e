// Small tables as a whole: what SQL looks many rows up in.
#include <algorithm>
#include <map>
#include <utility>

#include "relational/row_keys.h"
#include "relational/session.h"

namespace latium {

Task<std::shared_ptr<ImageUse>> TableSession::image(std::string table, std::size_t look_ups, MonotonicTime deadline) {
  LATIUM_CO_TRY(const Schema schema, co_await this->table(std::move(table), deadline));
  if (auto use = transaction_->image_of(schema->id)) {
    if (transaction_->has_written(schema->id)) use.reset();
    co_return use;
  }
  const TenantId tenant = database_.tenant;
  if (!transaction_->is_here() || !transaction_->is_untouched(schema->id)) co_return nullptr;
  if (shared_.committed.has_forgotten() || !shared_.store.is_here(tenant, all_partitions())) co_return nullptr;
  if (auto image = shared_.images.find(tenant, *schema)) {
    // Before the image: what is not there any more is in all that is read later.
    const bool committed = !transaction_->committed_here(tenant, all_partitions(), row_range(schema->id)).empty();
    if (!committed && shared_.store.is_unchanged(tenant, schema->id, *image->origin().since)) {
      co_return transaction_->read_image(std::move(image));
    }
    look_ups = 8 * look_ups < image->rows().size() ? 0 : look_ups;
  }
  if (look_ups < TableImages::kLookUpsMin) co_return nullptr;
  LATIUM_CO_TRY(auto image, co_await read_image(schema));
  if (!image) co_return nullptr;
  co_return transaction_->read_image(std::move(image));
}

Task<std::shared_ptr<const TableImage>> TableSession::read_image(Schema schema) {
  const TenantId tenant = database_.tenant;
  const MonotonicTime now = shared_.runtime.clock.monotonic_now();
  if (shared_.images.is_too_large(tenant, schema->id, now)) co_return nullptr;
  const auto since = shared_.store.at_rest(tenant, schema->id);
  // Before the replica: what is not here any more is there.
  auto committed = transaction_->committed_here(tenant, all_partitions(), row_range(schema->id));
  const bool others = committed.empty();
  LATIUM_CO_TRY(auto found, shared_.store.scan_here(tenant, all_partitions(), row_range(schema->id), TableImages::kRowsMax,
                                                    TableImages::kTableBytesMax));
  if (!found) co_return nullptr;
  if (found->more) {
    shared_.images.note_too_large(tenant, schema->id, now);
    co_return nullptr;
  }
  std::vector<TableImage::Kept> kept;
  bool intents = false;
  for (RowsHere::Found& each : found->rows) {
    intents = intents || each.state.intent.has_value();
    CommittedRow row = std::move(each.state.committed);
    // Its owner may be dead: who reads it by itself sees to it.
    if (each.state.intent && each.state.intent->expires_ms <= shared_.runtime.clock.wall_ms()) co_return nullptr;
    if (const auto known = committed.find(each.key.stored()); known != committed.end()) {
      if (known->second.doubt != 0) co_return nullptr;
      const bool later = known->second.row.ts > row.ts;
      if (later && known->second.only_stamp) co_return nullptr;
      if (later) row = std::move(known->second.row);
      committed.erase(known);
    }
    kept.push_back({std::move(each.key), std::move(row)});
  }
  // Rows that the replica has not heard of.
  for (auto& [stored, known] : committed) {
    if (known.doubt != 0 || known.only_stamp) co_return nullptr;
    LATIUM_CO_TRY(RegisterKey key, parse_register_key(stored));
    kept.push_back({std::move(key), std::move(known.row)});
  }
  std::ranges::sort(kept, {}, [](const TableImage::Kept& each) { return BytesView(each.key.key); });
  const bool shared = others && !intents && since && shared_.store.is_unchanged(tenant, schema->id, *since);
  TableImage::Origin origin{.since = shared ? since : std::nullopt, .newest = shared && found->newest};
  LATIUM_CO_TRY(auto image, TableImage::make(*schema, std::move(kept), origin));
  if (shared) shared_.images.put(tenant, image);
  co_return image;
}

Transaction::ImageReads TableSession::image_reads() const {
  return {.tenant = database_.tenant,
          .partitions = all_partitions(),
          .key_of = [this](const TableSchema& schema, const ImageUse::LookUp& wanted) -> Result<std::optional<RegisterKey>> {
            if (wanted.index == TableImage::kPrimaryKey) {
              LATIUM_TRY(const Bytes name, row_key(schema, wanted.equal));
              return key_of_row(name);
            }
            const IndexSchema& index = schema.indexes[static_cast<std::size_t>(wanted.index)];
            LATIUM_TRY(const auto entry, unique_entry_key(schema, index, wanted.equal));
            if (!entry) return std::nullopt;
            return key_of_entry(*entry, *entry);
          },
          .range_of =
              [this](const TableSchema& schema, const ImageUse::LookUp& wanted) {
                const IndexSchema* const index =
                    wanted.index == TableImage::kPrimaryKey ? nullptr : &schema.indexes[static_cast<std::size_t>(wanted.index)];
                return range_of(schema, index,
                                {.index = {}, .range = {.equal = wanted.equal, .low = wanted.low, .high = wanted.high}});
              }};
}

}  // namespace latium
