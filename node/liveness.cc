#include "node/liveness.h"

#include <utility>

#include "proto/wire.pb.h"
#include "runtime/deadline.h"

namespace latium {

namespace {

/// Above it messages are left out, which Swim takes for loss: so many wait only where nobody answers.
constexpr std::size_t kMaxWaiting = 1024;
/// Later answers are of no use to any probe.
constexpr Duration kAnswerWithin = std::chrono::seconds(3);

}  // namespace

LivenessService::LivenessService(Runtime& runtime, Transport& transport, NodeId self, SwimOptions options)
    : runtime_(runtime),
      transport_(transport),
      swim_(self, options, runtime.random.fork("swim")),
      tasks_(runtime.executor, kMaxWaiting) {}

void LivenessService::update(const std::vector<LivenessMember>& members, Epoch epoch) {
  std::vector<SwimMember> known;
  known.reserve(members.size());
  members_.clear();
  for (const LivenessMember& member : members) {
    known.push_back({member.id, member.site});
    members_.emplace(member.id, member.address);
  }
  swim_.set_epoch(epoch);
  swim_.set_members(known, now());
  follow_up({});
}

Task<void> LivenessService::run() {
  LATIUM_CHECK(!running_, "run() once at a time");
  running_ = true;
  for (;;) {
    sooner_.clear();
    follow_up(swim_.tick(now()));
    awake_at_ = swim_.next_tick();
    const Result<void> woken = co_await with_deadline(runtime_, awake_at_, sooner_.wait());
    if (!woken && woken.error().code != ErrorCode::deadline_exceeded) break;
  }
  running_ = false;
  tasks_.cancel();
  LATIUM_CO_CHECKED(co_await tasks_.join());
  co_return fail(ErrorCode::cancelled, "liveness was stopped");
}

Result<Bytes> LivenessService::handle(NodeId from, BytesView message) {
  ++statistics_.messages_received;
  statistics_.bytes_received += message.size();
  std::vector<SwimSend> sends;
  Result<Bytes> answer = swim_.on_request(from, message, now(), sends);
  if (answer && !answer->empty()) {
    ++statistics_.messages_sent;
    statistics_.bytes_sent += answer->size();
  }
  follow_up(std::move(sends));
  return answer;
}

LivenessCounts LivenessService::counts() const {
  LivenessCounts counts;
  for (const auto& [node, address] : members_) {
    const Liveness held = swim_.liveness(node);
    ++(held == Liveness::up ? counts.up : held == Liveness::suspect ? counts.suspect : counts.down);
  }
  return counts;
}

void LivenessService::follow_up(std::vector<SwimSend> sends) {
  for (SwimSend& send : sends) {
    const auto member = members_.find(send.to);
    if (!running_ || member == members_.end() || !member->second) continue;
    if (!tasks_.has_room()) {
      ++statistics_.not_sent;
      continue;
    }
    ++statistics_.messages_sent;
    statistics_.bytes_sent += send.message.size();
    const auto spawned = tasks_.spawn(deliver(send.to, *member->second, std::move(send.message)));
    LATIUM_CHECK(spawned.has_value(), "a group with room refuses nothing");
  }
  for (const SwimChange& change : swim_.take_changes()) {
    if (on_change_) on_change_(change.node, change.liveness);
  }
  if (const auto newer = swim_.take_newer_epoch()) {
    if (on_newer_epoch_) on_newer_epoch_(newer->epoch, newer->from);
  }
  if (swim_.next_tick() < awake_at_) sooner_.set();
}

Task<void> LivenessService::deliver(NodeId to, Address address, Bytes message) {
  const CallOptions options{.deadline = saturating_add(now(), kAnswerWithin)};
  const Result<Bytes> answer = co_await transport_.call(std::move(address), wire::METHOD_GOSSIP, std::move(message), options);
  // An error says no more than silence does: whether the node is there is for the probes to tell.
  if (!answer || !running_ || answer->empty()) co_return Result<void>();
  ++statistics_.messages_received;
  statistics_.bytes_received += answer->size();
  std::vector<SwimSend> sends;
  if (!swim_.on_answer(to, *answer, now(), sends)) ++statistics_.garbage;
  follow_up(std::move(sends));
  co_return Result<void>();
}

}  // namespace latium
