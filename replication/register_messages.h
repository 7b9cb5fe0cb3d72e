// The registers' messages between nodes, as values and as latium.replica messages.
#pragma once

#include <string>
#include <vector>

#include "replication/acceptor.h"
#include "replication/register_key.h"
#include "runtime/clock.h"

namespace latium::replica {
class Command;
class Item;
class ItemAnswer;
class Key;
class State;
class CallStats;
}  // namespace latium::replica

namespace latium {

/// One step on one register of one replica.
struct ReplicaItem {
  RegisterKey key;
  AcceptorOp op;

  /// About what it weighs in a message.
  std::size_t size_bytes() const;
};

/// What a call cost.
struct CallStats {
  std::uint32_t round_trips = 0;      ///< between nodes, one after another; a node's question to itself is none
  std::uint32_t wan_round_trips = 0;  ///< those of them that had to leave the site
  std::uint32_t replicas_asked = 0;   ///< most in one round trip
  std::uint64_t bytes = 0;            ///< keys and states sent and received, about
  std::uint64_t wan_bytes = 0;        ///< those of them that left or entered the site

  void add(const CallStats& other);
  void add_bytes(std::size_t count, bool wan) {
    bytes += count;
    if (wan) wan_bytes += count;
  }
};

void to_message(const RegisterKey& key, replica::Key& out);
void to_message(const RegisterState& state, replica::State& out);
void to_message(const ReplicaItem& item, replica::Item& out);
void to_message(const Result<AcceptorAnswer>& answer, replica::ItemAnswer& out);
void to_message(const RegisterCommand& command, replica::Command& out);
void to_message(const CallStats& stats, replica::CallStats& out);

/// `invalid_argument` on what to_message cannot have made.
Result<RegisterKey> from_message(const replica::Key& message);
Result<RegisterState> from_message(const replica::State& message);
Result<ReplicaItem> from_message(const replica::Item& message);
Result<AcceptorAnswer> from_message(const replica::ItemAnswer& message);
Result<RegisterCommand> from_message(const replica::Command& message);
CallStats from_message(const replica::CallStats& message);

}  // namespace latium
