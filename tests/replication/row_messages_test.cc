// The commands of rows in messages: nothing of one is lost, and what to_message cannot have made is refused.
#include "replication/row_messages.h"

#include <gtest/gtest.h>

#include "proto/replica.pb.h"

namespace latium {
namespace {

constexpr TransactionId kTxn{1, 2};

std::vector<RowCommand> one_of_each() {
  Intent plain{.txn = kTxn, .start = Hlc{3}, .sequence = 4, .expires_ms = 5, .primary = "p", .present = false};
  Intent staged{.txn = kTxn, .start = Hlc{3}, .commit_ts = Hlc{9}, .others = {"a", "b"}, .present = true, .row = "row"};
  return {
      RowWrite{.txn = kTxn, .expected = Hlc{0}, .commit_ts = Hlc{7}, .present = true, .row = "row", .now_ms = 8},
      RowWrite{.txn = kTxn, .expected = std::nullopt, .commit_ts = Hlc{7}, .present = false, .row = {}, .now_ms = 8},
      RowWrite{.txn = kTxn, .start = Hlc{6}, .expected = Hlc{5}, .commit_ts = Hlc{7}, .present = true, .row = "r", .now_ms = 8},
      RowPrewrite{plain, Hlc{6}, 8},
      RowPrewrite{staged, Hlc{6}, 8},
      RowCommit{kTxn, Hlc{3}, Hlc{9}, 8},
      RowPromote{kTxn, Hlc{3}, 8},
      RowAbort{kTxn, Hlc{3}, RowAbort::When::always, false, 8},
      RowAbort{kTxn, Hlc{3}, RowAbort::When::expired, false, 8},
      RowAbort{kTxn, Hlc{3}, RowAbort::When::absent, true, 8},
      RowResolve{kTxn, Hlc{9}, 8},
      RowFinish{kTxn, {"a", "b"}, 8},
      RowSweep{8},
  };
}

TEST(RowMessagesTest, ACommandComesBackAsItWas) {
  for (const RowCommand& command : one_of_each()) {
    replica::RowCommand message;
    to_message(command, message);
    EXPECT_EQ(*from_message(message), command) << message.ShortDebugString();
  }
}

TEST(RowMessagesTest, AKindThatIsNotKnownIsRefused) {
  replica::RowCommand message;
  EXPECT_EQ(from_message(message).error().code, ErrorCode::invalid_argument);
  to_message(RowAbort{kTxn, Hlc{3}, RowAbort::When::absent, true, 8}, message);
  message.mutable_abort()->set_when(static_cast<replica::RowAbortCommand::When>(3));
  EXPECT_EQ(from_message(message).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace latium
