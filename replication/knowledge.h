// Knowledge: what a replica knows of a partition beyond the keys that it holds, so that it can forget deletions. A pure value.
//
// "I have had everything of this partition that node A wrote up to its counter c": so a version of A's up to c that the replica
// does not hold was replaced, and is refused when somebody brings it again. Source: docs/protocols.md, "Forgetting deletions";
// the idea of a clock a node in place of tombstones is that of Gonçalves et al., "DottedDB" (SRDS 2017).
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "base/bytes.h"
#include "base/hlc.h"
#include "base/ids.h"
#include "base/result.h"
#include "replication/version.h"

namespace latium {

struct Knowledge {
  /// Of each node that writes the partition, the counter of its last write that is known.
  std::map<NodeId, std::uint64_t> known{};
  /// Deletions up to this stamp may be forgotten: no write with a lower one begins on a key of which nothing is held.
  Hlc floor{};

  bool covers(const Dot& dot) const;
  bool covers(const CausalContext& context) const;
  bool empty() const { return known.empty() && floor.value == 0; }
  /// What both know together.
  void merge(const Knowledge& other);

  /// Every replica has had all of it. What is kept for another node is more or less than that node holds, so of a hint it is all
  /// or nothing.
  bool covers(const VersionSet& set) const;

  /// What is left of `offered` for somebody who, as a replica, holds `held` and knows this: all but what is known to be gone.
  VersionSet without_obsolete(VersionSet offered, const VersionSet& held) const;

  friend bool operator==(const Knowledge&, const Knowledge&) = default;
};

Bytes encode_knowledge(const Knowledge& knowledge);
/// `corruption`.
Result<Knowledge> decode_knowledge(BytesView stored);

/// From when on nobody sees anything of it, by the wall clock, so that it may go once all copies have it: 0 of a deletion.
/// Nothing: it stays.
std::optional<std::uint64_t> expiry_of(const VersionSet& set);

}  // namespace latium
