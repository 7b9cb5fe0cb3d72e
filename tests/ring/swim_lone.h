// Lone: one core at a time, to which a test speaks for everybody else.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

#include "base/check.h"
#include "ring/swim.h"

namespace latium::testing {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = SwimMessage::Kind;

inline constexpr NodeId kSelf{1};

/// Node 1 of a site with nodes 1 to `local`, and a site with nodes 101 to 100 + `remote`. Everything it sends is decoded.
class Lone : public ::testing::Test {
 protected:
  void begin(std::uint64_t local, std::uint64_t remote = 0, SwimOptions options = {}) {
    std::vector<SwimMember> members;
    members.reserve(local + remote);
    for (std::uint64_t i = 1; i <= local; ++i) members.push_back({NodeId{i}, "here"});
    for (std::uint64_t i = 1; i <= remote; ++i) members.push_back({NodeId{100 + i}, "there"});
    swim_.emplace(kSelf, options, Random(7));
    swim_->set_members(members, now_);
  }

  struct Sent {
    NodeId to;
    SwimMessage message;
  };
  /// Ticks up to and at the next time something is due.
  std::vector<Sent> next() {
    now_ = std::max(now_, swim_->next_tick());
    return decoded(swim_->tick(now_));
  }
  /// Ticks until a message of `kind` goes out; LATIUM_CHECK fails when none does in a simulated minute.
  Sent next(Kind kind) {
    const MonotonicTime end = now_ + seconds(60);
    while (now_ < end) {
      for (const Sent& sent : next()) {
        if (sent.message.kind == kind) return sent;
      }
    }
    LATIUM_CHECK(false, "no such message");  // the test stands still otherwise
  }
  static std::vector<Sent> decoded(const std::vector<SwimSend>& sends) {
    std::vector<Sent> out;
    for (const SwimSend& send : sends) out.push_back({send.to, decode_swim(send.message).value()});
    return out;
  }
  SwimMessage ask(NodeId from, const SwimMessage& message) {
    std::vector<SwimSend> sends;
    const auto answer = swim_->on_request(from, encode_swim(message), now_, sends);
    more_ = decoded(sends);
    return answer.value().empty() ? SwimMessage{} : decode_swim(*answer).value();
  }
  void answer(NodeId from, const SwimMessage& message) {
    std::vector<SwimSend> sends;
    EXPECT_TRUE(swim_->on_answer(from, encode_swim(message), now_, sends).has_value());
    more_ = decoded(sends);
  }
  void ack(const Sent& ping) { answer(ping.to, {.kind = Kind::ack, .sequence = ping.message.sequence}); }
  SwimMessage tell(NodeId from, SwimUpdate update) { return ask(from, {.kind = Kind::ping, .updates = {update}}); }
  /// Everybody else answers everything, for so long.
  void everybody_answers(Duration time) {
    const MonotonicTime end = now_ + time;
    while (swim_->next_tick() <= end) {
      for (const Sent& sent : next()) {
        if (sent.message.kind == Kind::ping) ack(sent);
      }
    }
    now_ = end;
  }
  static bool has(const SwimMessage& message, const SwimUpdate& update) {
    return std::ranges::find(message.updates, update) != message.updates.end();
  }

  MonotonicTime now_{};
  std::optional<Swim> swim_;
  std::vector<Sent> more_;
};

}  // namespace latium::testing
