#include "replication/row_state.h"

#include <algorithm>
#include <tuple>

namespace latium {

bool older(Hlc start_a, const TransactionId& a, Hlc start_b, const TransactionId& b) {
  return std::tie(start_a, a) < std::tie(start_b, b);
}

const Outcome* RowState::outcome_of(const TransactionId& txn) const {
  const auto at = std::ranges::lower_bound(outcomes, txn, {}, &Outcome::txn);
  return at != outcomes.end() && at->txn == txn ? &*at : nullptr;
}

const Intent* RowState::intent_of(const TransactionId& txn) const {
  return intent && intent->txn == txn ? &*intent : nullptr;
}

}  // namespace latium
