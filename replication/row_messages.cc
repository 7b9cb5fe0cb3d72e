#include "replication/row_messages.h"

#include "proto/replica.pb.h"

namespace latium {

namespace {

void fill(const TransactionId& txn, replica::TransactionId& out) {
  out.set_high(txn.high);
  out.set_low(txn.low);
}

TransactionId txn_of(const replica::TransactionId& message) {
  return {message.high(), message.low()};
}

std::vector<Bytes> keys_of(const google::protobuf::RepeatedPtrField<std::string>& keys) {
  return {keys.begin(), keys.end()};
}

struct RowFiller {
  replica::RowCommand& out;

  void operator()(const RowWrite& command) const {
    auto& write = *out.mutable_write();
    fill(command.txn, *write.mutable_txn());
    write.set_any(!command.expected);
    if (command.expected) write.set_expected(command.expected->value);
    write.set_commit_ts(command.commit_ts.value);
    write.set_present(command.present);
    write.set_row(command.row);
    write.set_now_ms(command.now_ms);
    write.set_start(command.start.value);
  }
  void operator()(const RowPrewrite& command) const {
    const Intent& intent = command.intent;
    auto& prewrite = *out.mutable_prewrite();
    fill(intent.txn, *prewrite.mutable_txn());
    prewrite.set_start(intent.start.value);
    prewrite.set_commit_ts(intent.commit_ts.value);
    prewrite.set_sequence(intent.sequence);
    prewrite.set_expires_ms(intent.expires_ms);
    prewrite.set_primary(intent.primary);
    for (const Bytes& key : intent.others) prewrite.add_others(key);
    prewrite.set_present(intent.present);
    prewrite.set_row(intent.row);
    prewrite.set_expected(command.expected.value);
    prewrite.set_now_ms(command.now_ms);
  }
  void operator()(const RowCommit& command) const {
    auto& commit = *out.mutable_commit();
    fill(command.txn, *commit.mutable_txn());
    commit.set_start(command.start.value);
    commit.set_commit_ts(command.commit_ts.value);
    commit.set_now_ms(command.now_ms);
  }
  void operator()(const RowPromote& command) const {
    auto& promote = *out.mutable_promote();
    fill(command.txn, *promote.mutable_txn());
    promote.set_start(command.start.value);
    promote.set_now_ms(command.now_ms);
  }
  void operator()(const RowAbort& command) const {
    auto& abort = *out.mutable_abort();
    fill(command.txn, *abort.mutable_txn());
    abort.set_start(command.start.value);
    abort.set_when(static_cast<replica::RowAbortCommand::When>(command.when));
    abort.set_fenced(command.fenced);
    abort.set_now_ms(command.now_ms);
  }
  void operator()(const RowResolve& command) const {
    auto& resolve = *out.mutable_resolve();
    fill(command.txn, *resolve.mutable_txn());
    resolve.set_committed_ts(command.committed_ts.value);
    resolve.set_now_ms(command.now_ms);
  }
  void operator()(const RowFinish& command) const {
    auto& finish = *out.mutable_finish();
    fill(command.txn, *finish.mutable_txn());
    for (const Bytes& key : command.resolved) finish.add_resolved(key);
    finish.set_now_ms(command.now_ms);
  }
  void operator()(const RowSweep& command) const { out.mutable_sweep()->set_now_ms(command.now_ms); }
};

RowWrite from(const replica::RowWriteCommand& message) {
  RowWrite command{.txn = txn_of(message.txn()),
                   .start = Hlc{message.start()},
                   .expected = std::nullopt,
                   .commit_ts = Hlc{message.commit_ts()},
                   .present = message.present(),
                   .row = message.row(),
                   .now_ms = message.now_ms()};
  if (!message.any()) command.expected = Hlc{message.expected()};
  return command;
}

RowPrewrite from(const replica::RowPrewriteCommand& message) {
  return {.intent = {.txn = txn_of(message.txn()),
                     .start = Hlc{message.start()},
                     .commit_ts = Hlc{message.commit_ts()},
                     .sequence = message.sequence(),
                     .expires_ms = message.expires_ms(),
                     .primary = message.primary(),
                     .others = keys_of(message.others()),
                     .present = message.present(),
                     .row = message.row()},
          .expected = Hlc{message.expected()},
          .now_ms = message.now_ms()};
}

}  // namespace

void to_message(const RowCommand& command, replica::RowCommand& out) {
  std::visit(RowFiller{out}, command);
}

Result<RowCommand> from_message(const replica::RowCommand& message) {
  switch (message.command_case()) {
    case replica::RowCommand::kWrite:
      return from(message.write());
    case replica::RowCommand::kPrewrite:
      return from(message.prewrite());
    case replica::RowCommand::kCommit: {
      const auto& commit = message.commit();
      return RowCommit{txn_of(commit.txn()), Hlc{commit.start()}, Hlc{commit.commit_ts()}, commit.now_ms()};
    }
    case replica::RowCommand::kPromote: {
      const auto& promote = message.promote();
      return RowPromote{txn_of(promote.txn()), Hlc{promote.start()}, promote.now_ms()};
    }
    case replica::RowCommand::kAbort: {
      const auto& abort = message.abort();
      if (!replica::RowAbortCommand::When_IsValid(abort.when())) break;
      return RowAbort{txn_of(abort.txn()), Hlc{abort.start()}, static_cast<RowAbort::When>(abort.when()), abort.fenced(),
                      abort.now_ms()};
    }
    case replica::RowCommand::kResolve: {
      const auto& resolve = message.resolve();
      return RowResolve{txn_of(resolve.txn()), Hlc{resolve.committed_ts()}, resolve.now_ms()};
    }
    case replica::RowCommand::kFinish:
      return RowFinish{txn_of(message.finish().txn()), keys_of(message.finish().resolved()), message.finish().now_ms()};
    case replica::RowCommand::kSweep:
      return RowSweep{message.sweep().now_ms()};
    default:
      break;
  }
  return fail(ErrorCode::invalid_argument, "a row's command is of a kind that is not known here");
}

}  // namespace latium
