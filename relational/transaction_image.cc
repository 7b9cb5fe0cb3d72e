// What a transaction reads of images of tables (table_image.h).
#include <algorithm>
#include <utility>

#include "relational/row_keys.h"
#include "relational/transaction.h"

namespace latium {

namespace {

// Of what stands behind the register's space.
TableId table_of(BytesView name) {
  return name.size() < 4 ? TableId() : TableId{get_u32_be(name.data())};
}

}  // namespace

// Of a range that is not within one table nothing is known.
std::optional<TableRests> Transaction::at_rest(TenantId tenant, const TupleRange& range) const {
  if (range.begin.size() < 4 || !range.end.starts_with(BytesView(range.begin).substr(0, 4))) return std::nullopt;
  const TableId table = table_of(range.begin);
  const auto since = shared_.store.at_rest(tenant, table);
  return since ? std::optional(TableRests{table, *since}) : std::nullopt;
}

void Transaction::touch(const RegisterKey& key, std::vector<TableId>& tables) {
  const TableId table = table_of(BytesView(key.key).substr(1));
  if (!tables.empty() && tables.back() == table) return;
  if (std::ranges::find(tables, table) == tables.end()) tables.push_back(table);
}

std::shared_ptr<ImageUse> Transaction::image_of(TableId table) const {
  const auto found = std::ranges::find_if(images_, [&](const auto& use) { return use->image().schema().id == table; });
  return found == images_.end() ? nullptr : *found;
}

bool Transaction::is_untouched(TableId table) const {
  return std::ranges::find(read_tables_, table) == read_tables_.end() &&
         std::ranges::none_of(ranges_, [&](const Range& each) { return table_of(each.range.begin) == table; });
}

std::shared_ptr<ImageUse> Transaction::read_image(std::shared_ptr<const TableImage> image) {
  LATIUM_CHECK(is_untouched(image->schema().id) && !image_of(image->schema().id), "nothing was read of the table before");
  bytes_ += image->bytes();
  add_parallel(stats_, {.replicas_asked = 1});
  return images_.emplace_back(std::make_shared<ImageUse>(std::move(image)));
}

std::optional<CommittedRow> Transaction::in_image(const RegisterKey& key) const {
  if (images_.empty()) return std::nullopt;
  const BytesView name = BytesView(key.key).substr(1);
  if (name.size() < 5 || name[4] != static_cast<char>(TableKeyKind::row)) return std::nullopt;
  const auto use = image_of(table_of(name));
  if (!use) return std::nullopt;
  const TableImage::Kept* const kept = use->image().find(key.key);
  return kept != nullptr ? kept->row : CommittedRow();
}

Result<void> Transaction::add_image_reads(const ImageUse& use, const ImageReads& reads) {
  const TableImage& image = use.image();
  for (std::size_t row = 0; row < image.rows().size(); ++row) {
    if (!use.is_used(row)) continue;
    const TableImage::Kept& kept = image.kept(row);
    Entry entry{.key = kept.key, .seen = kept.row};
    entries_.try_emplace(kept.key.stored(), std::move(entry)).first->second.used = true;
  }
  for (const ImageUse::LookUp* each : use.absent()) {
    LATIUM_TRY(auto key, reads.key_of(image.schema(), *each));
    if (key) absent_.push_back(*std::move(key));
  }
  for (const ImageUse::LookUp* each : use.ranges()) {
    LATIUM_TRY(auto range, reads.range_of(image.schema(), *each));
    const auto& since = image.origin().since;
    if (image.origin().newest && since) range.rests = TableRests{image.schema().id, *since};
    ranges_.push_back(std::move(range));
    // Where a row has not changed its entries have not either, so nobody has to look at those.
    const auto& ordered = image.ordered(each->index);
    for (const auto& [key, row] : TableImage::between(ordered, ranges_.back().range.begin, ranges_.back().range.end)) {
      implied_.insert(key);
    }
  }
  return {};
}

Result<void> Transaction::add_image_reads(const ImageReads& reads) {
  if (!checks_reads()) return {};
  for (const auto& use : images_) {
    if (!use->any()) continue;
    const TableImage::Origin& origin = use->image().origin();
    const TableId table = use->image().schema().id;
    // What this node has accepted is the latest state, and it is all that was read. Of a transaction that writes, it has to be so
    // still once its intents are there.
    const bool unchanged = !wrote() && origin.newest && origin.since &&
                           shared_.store.is_unchanged(reads.tenant, table, *origin.since) &&
                           shared_.store.is_alone(reads.tenant, reads.partitions);
    if (!unchanged) LATIUM_CHECKED(add_image_reads(*use, reads));
  }
  return {};
}

}  // namespace latium
