#include "replication/ballot.h"

#include <algorithm>

namespace latium {

void put_ballot(Bytes& out, const Ballot& ballot) {
  put_u64(out, ballot.stamp.value);
  put_u64(out, ballot.node.value);
  put_u64(out, ballot.attempt);
}

Ballot get_ballot(const char* data) {
  return {Hlc{get_u64(data)}, NodeId{get_u64(data + 8)}, get_u64(data + 16)};
}

std::string to_string(const Ballot& ballot) {
  return to_hex(ballot.stamp.value) + "/" + to_hex(ballot.node.value) + "/" + std::to_string(ballot.attempt);
}

Ballot BallotSource::next(std::uint64_t wall_ms, const Ballot& above) {
  return {std::max(Hlc{above.stamp.value + 1}, Hlc::from_parts(wall_ms, 0)), node_, ++attempt_};
}

}  // namespace latium
