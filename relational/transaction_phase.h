// What the steps of a transaction's commit share. Included by transaction*.cc.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "relational/transaction.h"

namespace latium {

inline std::unexpected<Error> conflict_at(const RegisterKey& key, const std::string& why) {
  return fail(ErrorCode::conflict, key.describe() + ": " + why);
}

/// Of a step for another transaction: nothing of this one is unknown for it.
inline Error of_others(Error why) {
  if (why.code == ErrorCode::unknown_outcome) why.code = ErrorCode::unavailable;
  why.certainty = Certainty::not_applied;
  return why;
}

/// Steps on several keys at once: the first error is the phase's, and makes the others stop waiting.
struct Transaction::Phase {
  std::optional<Error> failure{};
  bool unsure = false;  // a step may have been done all the same
  CallStats stats{};
  /// Keys of which the transaction has read that nothing is there, and where something was: their last change.
  std::map<Bytes, Hlc> gone{};

  void fail_with(Error error) {
    unsure = unsure || error.code == ErrorCode::unknown_outcome || error.certainty == Certainty::unknown;
    if (!failure) failure = std::move(error);
  }
};

}  // namespace latium
