// Where a key of a bucket lies now, and what the flows of buckets.h share.
#pragma once

#include <string>
#include <vector>

#include "replication/buckets.h"

namespace latium {

/// Counts a call for as long as it lives.
class Buckets::UnderWay {
 public:
  explicit UnderWay(Buckets& buckets) : buckets_(buckets) { ++buckets_.under_way_; }
  UnderWay(const UnderWay&) = delete;
  ~UnderWay() { --buckets_.under_way_; }

 private:
  Buckets& buckets_;
};

/// A key's replicas under the map in use, nearest first: this node, its site, the others; those that are not up after those that
/// are.
struct Buckets::Place {
  Epoch epoch;
  std::vector<NodeId> replicas;
  std::vector<bool> counts;  ///< towards the level that was asked for: all, or those of the caller's site
  std::size_t needed = 0;    ///< answers of those that count
  bool strict = false;       ///< stand-ins do not count

  std::size_t index_of(NodeId node) const;
};

/// 0 for this node, then the farther and the more doubtful the higher.
int distance_of(const ClusterView& cluster, NodeId node);

/// The first of `stand_ins` that is up and not among `taken`; none.
NodeId choose_stand_in(const ClusterView& cluster, const std::vector<NodeId>& stand_ins, const std::vector<NodeId>& taken);

/// "no answer of NODE (why), ..."
std::string list_errors(const std::vector<std::pair<NodeId, Error>>& errors);

}  // namespace latium
