// How the pages of several nodes become one. Pure.
#pragma once

#include <optional>
#include <vector>

#include "replication/bucket_replica.h"

namespace latium {

struct MergedPage {
  std::vector<BucketPage::Entry> entries;  ///< in key order
  std::optional<Bytes> more_after;         ///< there may be more keys above this one
};

/// Of nodes that hold the same or different partitions: a key of several is merged, and keys end where a page that goes on does.
/// Precondition: a page that has more is not empty.
MergedPage merge_pages(std::vector<BucketPage> pages);

}  // namespace latium
