// Locks with fencing tokens: what their clients, and a resource that checks tokens, may see.
#pragma once

#include "tests/sim/check_report.h"
#include "tests/sim/history.h"

namespace latium::sim {

/// Judges acquire, renew, release and guarded_write, each lock (the key) by itself; other operations are passed over.
/// "Before" means that one had ended when the other began; what overlaps in time may have happened in either order.
/// - No two acquires got the same token, and one that came after another got a higher token.
/// - Who renews, releases or writes successfully shows a token that an earlier acquire of the same owner got (when both say
///   whose they are; one that is unknown or running told nobody its token).
/// - No renewal succeeds after a higher token was given out, or after its own token was released.
/// - The resource accepts no token after a higher one: so the accepted writes of two holders never overlap.
/// - The resource rejects a token only when it may have accepted a higher one.
/// Leases are not judged by time: clocks drift and jump, and only the tokens make a lock safe.
/// Cost: O(n log n) in the operations of a lock.
CheckReport check_locks(const History& history);

}  // namespace latium::sim
