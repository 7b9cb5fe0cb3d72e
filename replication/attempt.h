// One command on its way through the proposer: what it knows of its own tries. Of Registers alone.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "replication/registers.h"
#include "runtime/sync.h"

namespace latium {

// A majority's refusals end a phase: those of the others are waited for this often, about a second, before an outcome is unknown.
inline constexpr std::uint32_t kRefusalsWaitedFor = 8;

// One command on its way, over all its tries.
struct Registers::Attempt {
  RegisterKey key;
  std::optional<RegisterCommand> command;  // none: only finish what is pending, and say what the register holds
  RequestId request{};
  MonotonicTime deadline;
  bool may_forward = true;
  bool may_be_fast = true;  // nothing was tried yet

  Ballot above{};  // what the replicas have promised to others
  std::uint32_t refusals = 0;
  /// An accept of this command of which it is not known whether it took effect.
  struct UnsureAccept {
    Ballot ballot;
    std::uint64_t version;               // that it would have made
    std::shared_ptr<PhaseAnswers> said;  // answers still come in
    bool fast = false;
  };
  std::vector<UnsureAccept> unsure_accepts{};  // by ballot
  /// Given to another node, and no answer came: it may still be run there.
  bool unsure_elsewhere = false;
  std::shared_ptr<PhaseAnswers> said{};  // in the phase that was refused last
  CommandOutcome outcome{};

  bool unsure() const { return !unsure_accepts.empty() || unsure_elsewhere; }
  /// It may still be run there, and must not be run here or by a third node too.
  bool left_elsewhere() const { return unsure_elsewhere && !(command && is_repeatable(*command)); }
  /// It may turn out yet that no replica took any of the accepts: the answers that are missing are only late.
  bool may_still_be_refused() const {
    if (left_elsewhere() || refusals >= kRefusalsWaitedFor) return false;
    return std::ranges::all_of(unsure_accepts, [](const UnsureAccept& accept) {
      const PhaseAnswers& phase = *accept.said;
      for (std::size_t member = 0; member < phase.answers.size(); ++member) {
        const auto& answer = phase.answers[member];
        if ((answer && answer->ok) || phase.errors[member] || phase.attempts[member] > 1) return false;
      }
      return true;
    });
  }
};

// What a round writes, and what the command's caller is told once that is chosen.
struct Registers::Decision {
  RegisterState next;
  CommandResult told;
};

// The commands on one register from this node take turns: two rounds of one proposer would only refuse each other.
struct Registers::Turn {
  static constexpr std::size_t kWaiters = 4096;
  Semaphore one{1, kWaiters};
  std::size_t users = 0;
};

struct Registers::Proposal {
  RegisterPlace place;
  Ballot ballot;
  Ballot base;  // known to be chosen; or none
  Decision decision;
  bool fast = false;  // without promises
};

}  // namespace latium
