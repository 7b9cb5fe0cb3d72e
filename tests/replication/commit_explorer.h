// Breadth first over all that can happen in a CommitSystem: every interleaving, each state once.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/hash.h"
#include "tests/replication/commit_system.h"

namespace latium::explorer {

struct Report {
  std::size_t states = 0;
  std::string violation;  ///< empty: none
  std::string trace;      ///< the steps to it
  bool complete = false;
};

class Explorer {
 public:
  explicit Explorer(const Plan& plan) : system_(plan) {}

  Report explore(std::size_t states_max) {
    add(system_.initial(), 0, {});
    std::vector<Successor> next;
    for (std::size_t at = 0; at < states_.size(); ++at) {
      const World world = states_[at];
      const char* wrong = system_.violation(world);
      if (wrong == nullptr && is_new_rest(world)) wrong = system_.stuck(world);
      if (wrong != nullptr) return {states_.size(), wrong, trace(at), false};
      if (states_.size() > states_max) return {states_.size(), "", "", false};
      system_.successors(world, next);
      for (const Successor& each : next) add(each.world, at, each.label);
    }
    return {states_.size(), "", "", true};
  }

 private:
  struct Origin {
    std::uint32_t from;
    std::array<std::uint8_t, 3> label;
  };
  static BytesView bytes_of(const World& world) { return {reinterpret_cast<const char*>(&world), sizeof(world)}; }

  struct Hash {
    const std::vector<World>* states;
    std::size_t operator()(std::uint32_t at) const { return xxh3_64(bytes_of((*states)[at])); }
  };
  struct Same {
    const std::vector<World>* states;
    bool operator()(std::uint32_t a, std::uint32_t b) const { return (*states)[a] == (*states)[b]; }
  };

  void add(const World& world, std::size_t from, const std::array<std::uint8_t, 3>& label) {
    states_.push_back(world);
    if (!known_.insert(static_cast<std::uint32_t>(states_.size() - 1)).second) {
      states_.pop_back();
      return;
    }
    origins_.push_back({static_cast<std::uint32_t>(from), label});
  }

  // What recoverers find when the committers are gone does not depend on the rest of the state.
  bool is_new_rest(const World& world) {
    World rest = world;
    rest.recoverers = {};
    for (Committer& each : rest.committers)
      each = {.sent = 0, .pc = kOver, .reads = each.reads, .saw = each.saw, .acks = 0, .told = each.told, .unused = 0};
    return rests_.insert(xxh3_64(bytes_of(rest))).second;
  }

  std::string trace(std::size_t at) const {
    std::string out;
    for (; at != 0; at = origins_[at].from) out = CommitSystem::describe(origins_[at].label) + "\n" + out;
    return out;
  }

  CommitSystem system_;
  std::vector<World> states_;
  std::vector<Origin> origins_;
  std::unordered_set<std::uint32_t, Hash, Same> known_{1u << 16, Hash{&states_}, Same{&states_}};
  std::unordered_set<std::uint64_t> rests_;
};

}  // namespace latium::explorer
