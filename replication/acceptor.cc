#include "replication/acceptor.h"

#include <algorithm>
#include <utility>

namespace latium {

namespace {

const RegisterState kNothing;

bool is_fresh(const AcceptorRecord& record) {
  return !record.promised && !record.accepted;
}

Ballot bound(const AcceptorRecord& record, const Ballot& floor) {
  return is_fresh(record) ? floor : record.promised;
}

AcceptorStep refuse(const Ballot& promised) {
  return {.answer = {.ok = false, .promised = promised}};
}

// A fresh register refuses the floor itself too: that ballot was used.
bool too_low(const AcceptorRecord& record, const Ballot& floor, const Ballot& ballot) {
  return is_fresh(record) ? floor && ballot <= floor : ballot < record.promised;
}

void mark_accepted_chosen(AcceptorRecord& record) {
  record.chosen = record.accepted;
  record.chosen_state.reset();
  record.fast = false;
}

void take(AcceptorRecord& record, const Ballot& ballot, const RegisterState& state) {
  if (record.chosen && record.chosen == record.accepted) record.chosen_state = std::move(record.state);
  record.accepted = ballot;
  record.state = state;
  record.fast = false;
}

struct Stepper {
  AcceptorRecord& record;
  const Ballot& floor;

  AcceptorStep operator()(const PrepareOp& op) const {
    if (too_low(record, floor, op.ballot)) return refuse(bound(record, floor));
    AcceptorStep out{.answer = {.ok = true,
                                .promised = op.ballot,
                                .accepted = record.accepted,
                                .state = record.state,
                                .chosen = record.chosen && record.chosen == record.accepted,
                                .fast = record.fast,
                                .floor = floor}};
    if (record.fast && record.chosen) {
      out.answer.base = record.chosen;
      out.answer.base_state = record.chosen_state;
    }
    if (record.promised != op.ballot) out.change = RecordChange::durable;
    record.promised = op.ballot;
    return out;
  }

  AcceptorStep operator()(const AcceptOp& op) const {
    if (op.fast) return accept_fast(op);
    if (too_low(record, floor, op.ballot)) return refuse(bound(record, floor));
    // Nobody was in between at the only replica, if it still has what the proposer goes on from.
    const bool sole = !op.next;
    if (sole && record.accepted != op.base && record.accepted != op.ballot) return refuse(bound(record, floor));
    if (op.base && op.base == record.accepted) mark_accepted_chosen(record);
    // A second copy of the request changes nothing.
    if (record.accepted != op.ballot) take(record, op.ballot, op.state);
    if (sole) mark_accepted_chosen(record);
    record.promised = std::max({record.promised, op.ballot, op.next});
    return {.answer = {.ok = true, .promised = record.promised, .accepted = op.ballot}, .change = RecordChange::durable};
  }

  AcceptorStep operator()(const LearnOp& op) const {
    AcceptorStep known{.answer = {.ok = true, .promised = record.promised, .chosen = record.chosen == op.ballot}};
    if (op.ballot <= record.chosen) return known;
    if (record.accepted == op.ballot) {
      mark_accepted_chosen(record);
      return {.answer = {.ok = true, .promised = record.promised, .chosen = true}, .change = RecordChange::lazy};
    }
    // Also when something was promised since: what was collected does not come back with a late learn.
    const bool over_nothing = !record.accepted || (record.fast && !record.chosen);
    const bool late = over_nothing ? op.ballot <= floor : !record.fast && record.accepted > op.ballot;
    if (!op.state || late) return known;
    // Chosen by others: to accept it too is what phase 2 would have done, had its message come. It also takes the place of a fast
    // accept under a higher ballot: a majority had this one and refuses that, so that is not chosen and never will be.
    record.accepted = op.ballot;
    record.state = *op.state;
    record.promised = std::max(record.promised, op.ballot);
    mark_accepted_chosen(record);
    return {.answer = {.ok = true, .promised = record.promised, .chosen = true}, .change = RecordChange::durable};
  }

  AcceptorStep operator()(const ReadOp& op) const { return {.answer = read_step(record, floor, op)}; }

  AcceptorStep operator()(const CollectOp& op) const {
    const bool same = record.accepted == op.ballot && record.chosen == op.ballot && !record.state.present;
    if (!same) return {.answer = {.ok = !record.accepted && op.ballot <= floor}};
    // Promised since to somebody who was told of the tombstone: it stays, for others may be told of nothing.
    if (record.promised > op.floor) return {.answer = {.ok = false, .promised = record.promised}};
    return {.answer = {.ok = true}, .change = RecordChange::removed};
  }

  AcceptorStep operator()(const AbsorbOp& op) const {
    if (op.ballot <= record.accepted || (!record.accepted && op.ballot <= floor)) return {.answer = {.ok = true}};
    take(record, op.ballot, op.state);
    record.promised = std::max(record.promised, op.ballot);
    return {.answer = {.ok = true}, .change = RecordChange::durable};
  }

 private:
  // Anything but the base, or any trace of the register where there is none, is an answer to somebody that this one would
  // contradict.
  AcceptorStep accept_fast(const AcceptOp& op) const {
    const bool again = record.accepted == op.ballot;
    const bool fits = op.base ? record.accepted == op.base && record.state.present : is_fresh(record);
    if (!again && (!fits || too_low(record, floor, op.ballot))) return refuse(bound(record, floor));
    if (!again) {
      if (op.base) mark_accepted_chosen(record);
      take(record, op.ballot, op.state);
      record.fast = true;
    }
    record.promised = std::max({record.promised, op.ballot, op.next});
    return {.answer = {.ok = true, .promised = record.promised, .accepted = op.ballot}, .change = RecordChange::durable};
  }
};

}  // namespace

const RegisterState& AcceptorRecord::last_chosen() const {
  if (!chosen) return kNothing;
  return chosen == accepted ? state : *chosen_state;
}

AcceptorAnswer read_step(const AcceptorRecord& record, const Ballot& floor, const ReadOp& op) {
  AcceptorAnswer out{.ok = true,
                     .promised = record.promised,
                     .accepted = record.accepted,
                     .chosen = record.chosen && record.chosen == record.accepted,
                     .fast = record.fast,
                     .floor = floor};
  if (op.want == ReadOp::Want::accepted) out.state = record.state;
  if (op.want == ReadOp::Want::chosen) out.state = record.last_chosen();
  return out;
}

AcceptorStep step(AcceptorRecord& record, const Ballot& floor, const AcceptorOp& op) {
  return std::visit(Stepper{record, floor}, op);
}

}  // namespace latium
