// The acceptor of one register: the rules by which a replica promises, accepts and learns. Pure: no I/O, no clock; whoever
// calls it puts the record on disk before the answer leaves.
// Source: Rystsov, "CASPaxos: Replicated State Machines without logs" (2018), section 2; Lamport, "Paxos Made Simple" (2001);
// fast accepts: Lamport, "Fast Paxos" (2006), section 3.
#pragma once

#include <optional>
#include <variant>

#include "replication/ballot.h"
#include "replication/register_state.h"

namespace latium {

/// What a replica keeps of one register.
struct AcceptorRecord {
  Ballot promised{};                            ///< no lower ballot is answered with a yes any more
  Ballot accepted{};                            ///< none: nothing accepted
  RegisterState state{};                        ///< accepted under `accepted`
  bool fast = false;                            ///< by a fast accept over `chosen`, and not known to be chosen
  Ballot chosen{};                              ///< the highest ballot here known to be chosen
  std::optional<RegisterState> chosen_state{};  ///< its state, apart only while `accepted` is another

  /// The last state known to be chosen: never one that may still be lost, possibly an old one.
  const RegisterState& last_chosen() const;
  friend bool operator==(const AcceptorRecord&, const AcceptorRecord&) = default;
};

/// Phase 1.
struct PrepareOp {
  Ballot ballot;
};
/// Phase 2, with the promise of the proposer's next ballot asked for along with it.
struct AcceptOp {
  Ballot ballot;
  RegisterState state;
  Ballot
      next;  ///< at least `ballot`; none: at the only replica, which takes it on exactly `base`, needs no promise, and has chosen
  Ballot base;        ///< a ballot that the proposer knows to be chosen; or none
  bool fast = false;  ///< without phase 1: for a replica that has exactly `base`, or nothing. Chosen once all replicas took it
};
/// The ballot was chosen. `state`: for those who may not have accepted it.
struct LearnOp {
  Ballot ballot;
  std::optional<RegisterState> state;
};
struct ReadOp {
  enum class Want : std::uint8_t {
    ballots = 0,   ///< no state
    accepted = 1,  ///< the state accepted
    chosen = 2,    ///< the last state known to be chosen
    decided = 3,   ///< no state; refused while a change is decided and not yet on disk: see RegisterReplica::handle()
  };
  Want want = Want::ballots;
};
/// The tombstone of this ballot is held as chosen by every replica: forget it. `floor`: the highest ballot that any of them had
/// promised when it said so. A proposer with a promise up to it may have been told of what was before the tombstone, and must
/// find it refused by those that know nothing any more.
struct CollectOp {
  Ballot ballot;
  Ballot floor;
};
/// Part of a change of the replicas: what a majority of the old ones had accepted, taken over whatever was promised since.
struct AbsorbOp {
  Ballot ballot;
  RegisterState state;
};
using AcceptorOp = std::variant<PrepareOp, AcceptOp, LearnOp, ReadOp, CollectOp, AbsorbOp>;

struct AcceptorAnswer {
  bool ok = false;
  Ballot promised{};                     ///< when refused: the ballot to be above; otherwise what is promised now
  Ballot accepted{};                     ///< prepare, read
  std::optional<RegisterState> state{};  ///< prepare: the one of `accepted`; read: what was wanted
  bool chosen = false;                   ///< `accepted` (of a learn: its ballot) is held as chosen
  bool fast = false;                     ///< prepare, read: `accepted` is AcceptorRecord::fast
  Ballot base{};                         ///< prepare, of a fast accept: what it was taken over, which is chosen
  std::optional<RegisterState> base_state{};
  Ballot floor{};  ///< prepare, read: ballots up to it were collected in the partition
  /// Said by the link, not by the replica: round trips before this one that ended in a refusal of the whole message.
  std::uint32_t refusals = 0;
};

/// How a record changed, which decides what has to be on disk before the answer.
enum class RecordChange : std::uint8_t {
  none,
  lazy,     ///< may be lost in a crash: a learn
  durable,  ///< on disk first
  removed,  ///< the record is gone; the floor has to rise with it
};

struct AcceptorStep {
  AcceptorAnswer answer;
  RecordChange change = RecordChange::none;
};

/// One step. `floor`: ballots up to it were collected in this partition; nothing without a record takes them. A register that
/// nobody wrote is an empty record.
AcceptorStep step(AcceptorRecord& record, const Ballot& floor, const AcceptorOp& op);
/// The step of a read, which changes nothing.
AcceptorAnswer read_step(const AcceptorRecord& record, const Ballot& floor, const ReadOp& op);

/// Disk format: docs/formats.md.
Bytes encode_acceptor(const AcceptorRecord& record);
/// `corruption` on what encode_acceptor cannot have written.
Result<AcceptorRecord> decode_acceptor(BytesView stored);
/// decode_acceptor().last_chosen() without the rest of the record: what a local read needs.
Result<RegisterState> decode_last_chosen(BytesView stored);

}  // namespace latium
