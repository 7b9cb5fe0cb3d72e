#include "replication/buckets.h"

namespace latium {

Buckets::Buckets(Runtime& runtime, ClusterView& cluster, BucketDirectory& directory, Transport& transport, BucketReplica& replica,
                 BucketLinks& links, HlcClock& hlc, DotSource& dots)
    : runtime_(runtime),
      cluster_(cluster),
      directory_(directory),
      transport_(transport),
      replica_(replica),
      links_(links),
      hlc_(hlc),
      dots_(dots) {}

Buckets::~Buckets() = default;

}  // namespace latium
