#include "replication/register_messages.h"

#include <algorithm>
#include <utility>

#include "proto/replica.pb.h"
#include "replication/row_messages.h"
#include "ring/partition.h"

namespace latium {

namespace {

void fill(const Ballot& ballot, replica::Ballot& out) {
  out.set_stamp(ballot.stamp.value);
  out.set_node(ballot.node.value);
  out.set_attempt(ballot.attempt);
}

// Room above every ballot, so that no register can be put out of reach: the year 6429 of a wall clock.
constexpr std::uint64_t kStampMax = std::uint64_t{1} << 63;

Ballot ballot_of(const replica::Ballot& message) {
  return {Hlc{message.stamp()}, NodeId{message.node()}, message.attempt()};
}

std::size_t weight(const RegisterState& state) {
  return 32 + 16 * state.earlier.size() + state.value.size();
}

std::size_t weight(const AcceptorOp& op) {
  if (const auto* accept = std::get_if<AcceptOp>(&op)) return 64 + weight(accept->state);
  if (const auto* learn = std::get_if<LearnOp>(&op)) return 24 + (learn->state ? weight(*learn->state) : 0);
  if (const auto* absorb = std::get_if<AbsorbOp>(&op)) return 24 + weight(absorb->state);
  return 24;
}

struct OpFiller {
  replica::Item& out;

  void operator()(const PrepareOp& op) const {
    out.set_kind(replica::Item::KIND_PREPARE);
    fill(op.ballot, *out.mutable_ballot());
  }
  void operator()(const AcceptOp& op) const {
    out.set_kind(op.fast ? replica::Item::KIND_FAST_ACCEPT : replica::Item::KIND_ACCEPT);
    fill(op.ballot, *out.mutable_ballot());
    fill(op.next, *out.mutable_next());
    if (op.base) fill(op.base, *out.mutable_base());
    to_message(op.state, *out.mutable_state());
  }
  void operator()(const LearnOp& op) const {
    out.set_kind(replica::Item::KIND_LEARN);
    fill(op.ballot, *out.mutable_ballot());
    if (op.state) to_message(*op.state, *out.mutable_state());
  }
  void operator()(const ReadOp& op) const {
    out.set_kind(replica::Item::KIND_READ);
    out.set_want(static_cast<std::uint32_t>(op.want));
  }
  void operator()(const CollectOp& op) const {
    out.set_kind(replica::Item::KIND_COLLECT);
    fill(op.ballot, *out.mutable_ballot());
    fill(op.floor, *out.mutable_next());
  }
  void operator()(const AbsorbOp& op) const {
    out.set_kind(replica::Item::KIND_ABSORB);
    fill(op.ballot, *out.mutable_ballot());
    to_message(op.state, *out.mutable_state());
  }
};

Result<AcceptorOp> op_of(const replica::Item& message) {
  const Ballot ballot = ballot_of(message.ballot());
  if (!ballot && message.kind() != replica::Item::KIND_READ) {
    return fail(ErrorCode::invalid_argument, "a step on a register comes without a ballot");
  }
  if (std::max(ballot.stamp.value, message.next().stamp()) > kStampMax) {
    return fail(ErrorCode::invalid_argument, "ballot " + to_string(ballot) + " is beyond every clock: check that of its node");
  }
  if (message.state().value().size() > kRegisterBytesMax) {
    return fail(ErrorCode::invalid_argument, "a register's state is larger than " + std::to_string(kRegisterBytesMax) + " bytes");
  }
  LATIUM_TRY(RegisterState state, from_message(message.state()));
  switch (message.kind()) {
    case replica::Item::KIND_PREPARE:
      return PrepareOp{ballot};
    case replica::Item::KIND_ACCEPT:
      // What goes without a promise is the business of one node.
    case replica::Item::KIND_FAST_ACCEPT:
      return AcceptOp{.ballot = ballot,
                      .state = std::move(state),
                      .next = std::max(ballot, ballot_of(message.next())),
                      .base = ballot_of(message.base()),
                      .fast = message.kind() == replica::Item::KIND_FAST_ACCEPT};
    case replica::Item::KIND_LEARN:
      return LearnOp{ballot, message.has_state() ? std::optional(std::move(state)) : std::nullopt};
    case replica::Item::KIND_READ:
      if (message.want() > static_cast<std::uint32_t>(ReadOp::Want::decided))
        return fail(ErrorCode::invalid_argument, "a read of a register wants what is not known here");
      return ReadOp{static_cast<ReadOp::Want>(message.want())};
    case replica::Item::KIND_COLLECT:
      return CollectOp{ballot, ballot_of(message.next())};
    case replica::Item::KIND_ABSORB:
      return AbsorbOp{ballot, std::move(state)};
    default:
      return fail(ErrorCode::invalid_argument, "a step on a register is of a kind that is not known here");
  }
}

struct CommandFiller {
  replica::Command& out;

  void operator()(const CasCommand& command) const {
    auto& cas = *out.mutable_cas();
    cas.set_expect(static_cast<replica::CasCommand::Expect>(command.expect));
    cas.set_expected_value(command.expected_value);
    cas.set_expected_version(command.expected_version);
    cas.set_has_value(command.value.has_value());
    if (command.value) cas.set_value(*command.value);
  }
  void operator()(const LockAcquireCommand& command) const {
    auto& acquire = *out.mutable_lock_acquire();
    acquire.set_owner(command.owner);
    acquire.set_now_ms(command.now_ms);
    acquire.set_ttl_ms(command.ttl_ms);
    acquire.set_clock_offset_ms(command.clock_offset_ms);
    acquire.set_outwaited_version(command.outwaited_version);
  }
  void operator()(const LockRenewCommand& command) const {
    auto& renew = *out.mutable_lock_renew();
    renew.set_owner(command.owner);
    renew.set_token(command.token);
    renew.set_now_ms(command.now_ms);
    renew.set_ttl_ms(command.ttl_ms);
  }
  void operator()(const LockReleaseCommand& command) const {
    auto& release = *out.mutable_lock_release();
    release.set_owner(command.owner);
    release.set_token(command.token);
  }
  void operator()(const RowCommand& command) const { to_message(command, *out.mutable_row()); }
};

}  // namespace

std::size_t ReplicaItem::size_bytes() const {
  return key.key.size() + 16 + weight(op);
}

void CallStats::add(const CallStats& other) {
  round_trips += other.round_trips;
  wan_round_trips += other.wan_round_trips;
  replicas_asked = std::max(replicas_asked, other.replicas_asked);
  bytes += other.bytes;
  wan_bytes += other.wan_bytes;
}

void to_message(const RegisterKey& key, replica::Key& out) {
  out.set_tenant(key.tenant.value);
  out.set_partition(key.partition.value);
  out.set_key(key.key);
}

void to_message(const RegisterState& state, replica::State& out) {
  out.set_version(state.version);
  out.set_request_high(state.last_request.high);
  out.set_request_low(state.last_request.low);
  out.set_present(state.present);
  out.set_value(state.value);
  for (std::size_t place = 0; place < state.earlier.size(); ++place) {
    out.add_earlier(state.earlier[place].high);
    out.add_earlier(state.earlier[place].low);
  }
}

void to_message(const ReplicaItem& item, replica::Item& out) {
  to_message(item.key, *out.mutable_key());
  std::visit(OpFiller{out}, item.op);
}

void to_message(const Result<AcceptorAnswer>& answer, replica::ItemAnswer& out) {
  if (!answer) {
    out.set_error(static_cast<std::uint32_t>(answer.error().code));
    out.set_message(answer.error().message);
    return;
  }
  out.set_ok(answer->ok);
  if (answer->promised) fill(answer->promised, *out.mutable_promised());
  if (answer->accepted) fill(answer->accepted, *out.mutable_accepted());
  if (answer->state) to_message(*answer->state, *out.mutable_state());
  out.set_chosen(answer->chosen);
  out.set_fast(answer->fast);
  if (answer->floor) fill(answer->floor, *out.mutable_floor());
  if (answer->base) fill(answer->base, *out.mutable_base());
  if (answer->base_state) to_message(*answer->base_state, *out.mutable_base_state());
}

void to_message(const RegisterCommand& command, replica::Command& out) {
  std::visit(CommandFiller{out}, command);
}

void to_message(const CallStats& stats, replica::CallStats& out) {
  out.set_round_trips(stats.round_trips);
  out.set_wan_round_trips(stats.wan_round_trips);
  out.set_replicas_asked(stats.replicas_asked);
  out.set_bytes(stats.bytes);
}

Result<RegisterKey> from_message(const replica::Key& message) {
  if (message.partition() >= kMaxPartitions)
    return fail(ErrorCode::invalid_argument, "a register lies in an impossible partition");
  if (message.key().empty()) return fail(ErrorCode::invalid_argument, "a register has no key");
  return RegisterKey{TenantId{message.tenant()}, PartitionId{static_cast<std::uint16_t>(message.partition())}, message.key()};
}

Result<RegisterState> from_message(const replica::State& message) {
  const auto count = static_cast<std::size_t>(message.earlier_size()) / 2;
  const bool whole = message.earlier_size() % 2 == 0;
  if (!whole || count > RequestLineage::kMax || (count > 0 && count >= message.version())) {
    return fail(ErrorCode::invalid_argument, "a register's state names an impossible number of earlier requests");
  }
  RegisterState state{message.version(), {message.request_high(), message.request_low()}, message.present(), message.value()};
  for (int i = 0; i < message.earlier_size(); i += 2) state.earlier.push_oldest({message.earlier(i), message.earlier(i + 1)});
  return state;
}

Result<ReplicaItem> from_message(const replica::Item& message) {
  LATIUM_TRY(RegisterKey key, from_message(message.key()));
  LATIUM_TRY(AcceptorOp op, op_of(message));
  return ReplicaItem{std::move(key), std::move(op)};
}

Result<AcceptorAnswer> from_message(const replica::ItemAnswer& message) {
  // Why it failed there is not told: it may have been a write, of which something may be on the disk.
  if (message.error() != 0) return fail(static_cast<ErrorCode>(message.error()), Certainty::unknown, message.message());
  AcceptorAnswer answer{.ok = message.ok(),
                        .promised = ballot_of(message.promised()),
                        .accepted = ballot_of(message.accepted()),
                        .state = std::nullopt,
                        .chosen = message.chosen(),
                        .fast = message.fast(),
                        .base = ballot_of(message.base()),
                        .base_state = std::nullopt,
                        .floor = ballot_of(message.floor())};
  if (message.has_state()) {
    LATIUM_TRY(answer.state, from_message(message.state()));
  }
  if (message.has_base() != message.has_base_state()) {
    return fail(ErrorCode::invalid_argument, "an answer names what a fast accept was taken over without its state");
  }
  if (message.has_base_state()) {
    LATIUM_TRY(answer.base_state, from_message(message.base_state()));
  }
  return answer;
}

Result<RegisterCommand> from_message(const replica::Command& message) {
  switch (message.command_case()) {
    case replica::Command::kCas: {
      const auto& cas = message.cas();
      if (!replica::CasCommand::Expect_IsValid(cas.expect())) break;
      CasCommand command{static_cast<CasCommand::Expect>(cas.expect()), cas.expected_value(), cas.expected_version(),
                         std::nullopt};
      if (cas.has_value()) command.value = cas.value();
      return command;
    }
    case replica::Command::kLockAcquire: {
      const auto& acquire = message.lock_acquire();
      return LockAcquireCommand{acquire.owner(), acquire.now_ms(), acquire.ttl_ms(), acquire.clock_offset_ms(),
                                acquire.outwaited_version()};
    }
    case replica::Command::kLockRenew: {
      const auto& renew = message.lock_renew();
      return LockRenewCommand{renew.owner(), renew.token(), renew.now_ms(), renew.ttl_ms()};
    }
    case replica::Command::kLockRelease:
      return LockReleaseCommand{message.lock_release().owner(), message.lock_release().token()};
    case replica::Command::kRow: {
      LATIUM_TRY(RowCommand row, from_message(message.row()));
      return row;
    }
    default:
      break;
  }
  return fail(ErrorCode::invalid_argument, "a register's command is of a kind that is not known here");
}

CallStats from_message(const replica::CallStats& message) {
  return {message.round_trips(), message.wan_round_trips(), message.replicas_asked(), message.bytes()};
}

}  // namespace latium
