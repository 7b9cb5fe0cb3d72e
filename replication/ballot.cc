#include "replication/ballot.h"

#include <algorithm>

namespace latium {

void put_ballot(Bytes& out, const Ballot& ballot) {
  put_u64(out, ballot.stamp.value);
  put_u64(out, ballot.node.value);
  put_u32(out, ballot.run);
}

Ballot get_ballot(const char* data) {
  return {Hlc{get_u64(data)}, NodeId{get_u64(data + 8)}, get_u32(data + 16)};
}

std::string to_string(const Ballot& ballot) {
  return to_hex(ballot.stamp.value) + "/" + to_hex(ballot.node.value) + "/" + std::to_string(ballot.run);
}

Ballot BallotSource::next(std::uint64_t wall_ms) {
  last_ = std::max(Hlc{last_.value + 1}, Hlc::from_parts(wall_ms, 0));
  return {last_, node_, run_};
}

void BallotSource::saw(const Ballot& ballot) {
  last_ = std::max(last_, ballot.stamp);
}

}  // namespace latium
