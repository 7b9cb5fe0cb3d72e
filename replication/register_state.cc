#include "replication/register_state.h"

#include <algorithm>
#include <utility>

#include "base/varint.h"

namespace latium {

namespace {

constexpr char kLockFormat = 1;

CommandResult changed(const RegisterState& from, RequestId request, const Ballot& ballot, std::optional<Bytes> value) {
  RegisterState to;
  to.version = from.version == 0 ? ballot.stamp.value : from.version + 1;
  to.last_request = request;
  if (from.version != 0) {
    to.earlier = from.earlier;
    to.earlier.push_newest(from.last_request);
  }
  to.present = value.has_value();
  if (value) to.value = *std::move(value);
  return {true, std::move(to)};
}

static_assert(kRowStateBytesMax + kOutcomesMax * 64 < kRegisterBytesMax, "there is always room for outcomes");

CommandResult refused(const RegisterState& state) {
  return {false, state};
}

bool as_expected(const RegisterState& state, const CasCommand& command) {
  switch (command.expect) {
    case CasCommand::Expect::anything:
      return true;
    case CasCommand::Expect::absent:
      return !state.present;
    case CasCommand::Expect::value:
      return state.present && state.value == command.expected_value;
    case CasCommand::Expect::version:
      return state.version == command.expected_version;
  }
  return false;
}

LockState renewed(const LockRenewCommand& command) {
  return {command.owner, command.token, command.now_ms + command.ttl_ms, command.ttl_ms};
}

LockState released(const LockReleaseCommand& command) {
  return {{}, command.token, 0, 0};
}

struct Applier {
  const RegisterState& state;
  RequestId request;
  const Ballot& ballot;

  CommandResult operator()(const CasCommand& command) const {
    if (!as_expected(state, command)) return refused(state);
    // Nothing to delete: no tombstone for what never was.
    if (!command.value && state.version == 0) return {true, state};
    return changed(state, request, ballot, command.value);
  }

  CommandResult operator()(const LockAcquireCommand& command) const {
    const auto lock = decode_lock(state);
    if (!lock) return refused(state);
    const bool expired = lock->expires_ms + command.clock_offset_ms <= command.now_ms;
    const bool outwaited = command.outwaited_version != 0 && command.outwaited_version == state.version;
    if (!lock->owner.empty() && !expired && !outwaited) return refused(state);
    return locked({command.owner, lock->token + 1, command.now_ms + command.ttl_ms, command.ttl_ms});
  }

  CommandResult operator()(const LockRenewCommand& command) const {
    const auto lock = decode_lock(state);
    // Expired but not taken by another: still its holder's.
    if (!lock || lock->owner != command.owner || lock->token != command.token) return refused(state);
    return locked(renewed(command));
  }

  CommandResult operator()(const LockReleaseCommand& command) const {
    const auto lock = decode_lock(state);
    if (!lock || lock->owner != command.owner || lock->token != command.token) return refused(state);
    return locked(released(command));
  }

  CommandResult operator()(const RowCommand& command) const {
    const auto row = row_of(state);
    if (!row) return {false, state, RowRefusal::not_a_row};
    const RowStep step = apply_row(*row, command, ballot.stamp.milliseconds());
    if (!step.applied()) return {false, state, step.refusal, step.not_before};
    if (step.state == *row) return {true, state};
    return changed(state, request, ballot, step.state.empty() ? std::nullopt : std::optional(encode_row(step.state)));
  }

  CommandResult locked(const LockState& lock) const { return changed(state, request, ballot, encode_lock(lock)); }
};

struct StateMade {
  RequestId request;
  std::uint64_t version;

  std::optional<RegisterState> operator()(const CasCommand& command) const {
    return RegisterState{version, request, command.value.has_value(), command.value.value_or(Bytes())};
  }
  std::optional<RegisterState> operator()(const LockAcquireCommand&) const { return std::nullopt; }
  std::optional<RegisterState> operator()(const LockRenewCommand& command) const { return locked(renewed(command)); }
  std::optional<RegisterState> operator()(const LockReleaseCommand& command) const { return locked(released(command)); }

  std::optional<RegisterState> operator()(const RowCommand& command) const {
    const RowState row = row_made(command);
    return RegisterState{version, request, !row.empty(), encode_row(row)};
  }

  RegisterState locked(const LockState& lock) const { return {version, request, true, encode_lock(lock)}; }
};

}  // namespace

void RequestLineage::push_newest(RequestId request) {
  std::shift_right(ids_.begin(), ids_.end(), 1);
  ids_.front() = request;
  if (size_ < kMax) ++size_;
}

std::optional<std::uint64_t> RegisterState::version_of(RequestId request) const {
  if (!request || version == 0) return std::nullopt;
  if (last_request == request) return version;
  for (std::size_t place = 0; place < earlier.size(); ++place) {
    if (earlier[place] == request) return version - 1 - place;
  }
  return std::nullopt;
}

bool is_repeatable(const RegisterCommand& command) {
  const auto* row = std::get_if<RowCommand>(&command);
  if (row == nullptr) return !std::holds_alternative<CasCommand>(command);
  const auto* write = std::get_if<RowWrite>(row);
  return write == nullptr || write->keeps_outcome();
}

CommandResult apply(const RegisterState& state, const RegisterCommand& command, RequestId request, const Ballot& ballot) {
  return std::visit(Applier{state, request, ballot}, command);
}

std::optional<RegisterState> state_made(const RegisterCommand& command, RequestId request, std::uint64_t version) {
  return std::visit(StateMade{request, version}, command);
}

Result<RowState> row_of(const RegisterState& state) {
  if (!state.present) return RowState();
  if (state.value.empty()) return fail(ErrorCode::corruption, "the register does not hold a row");
  return decode_row(state.value);
}

Bytes encode_lock(const LockState& lock) {
  Bytes out(1, kLockFormat);
  put_length_prefixed(out, lock.owner);
  put_varint(out, lock.token);
  put_varint(out, lock.expires_ms);
  put_varint(out, lock.ttl_ms);
  return out;
}

Result<LockState> decode_lock(const RegisterState& state) {
  if (!state.present) return LockState();
  BytesView in = state.value;
  if (in.empty() || in.front() != kLockFormat) return fail(ErrorCode::corruption, "the register does not hold a lock");
  in.remove_prefix(1);
  LockState lock;
  LATIUM_TRY(lock.owner, take_length_prefixed(in));
  LATIUM_TRY(lock.token, take_varint(in));
  LATIUM_TRY(lock.expires_ms, take_varint(in));
  LATIUM_TRY(lock.ttl_ms, take_varint(in));
  if (!in.empty()) return fail(ErrorCode::corruption, "the register's lock has bytes behind its end");
  return lock;
}

}  // namespace latium
