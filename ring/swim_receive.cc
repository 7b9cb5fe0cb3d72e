// Messages in, answers out; and anti-entropy: nodes compare digests of what they know, so that news that missed one still gets
// there.
#include <algorithm>
#include <utility>

#include "ring/swim.h"

namespace latium {

Result<Bytes> Swim::on_request(NodeId from, BytesView bytes, MonotonicTime now, std::vector<SwimSend>& sends) {
  LATIUM_TRY(const SwimMessage message, decode_swim(bytes));
  advance_budgets(now);
  if (message.kind == Kind::ack || message.kind == Kind::sync_answer) {
    return fail(ErrorCode::invalid_argument, "gossip message: an answer came as a request: the sender is faulty");
  }
  absorb(from, message, Source::gossip, now);
  switch (message.kind) {
    case Kind::ping:
      return with_news(from, {.kind = Kind::ack, .sequence = message.sequence});
    case Kind::ping_req:
      probe_for(from, message, now, sends);
      return Bytes();
    case Kind::relay:
      if (directory_->site_of(from)) relay(from, message, now, sends);
      return Bytes();
    case Kind::sync:
      return encode_swim(sync_answer(message));
    case Kind::gossip:
    case Kind::ack:
    case Kind::sync_answer:
      return Bytes();
  }
  return Bytes();
}

Result<void> Swim::on_answer(NodeId from, BytesView bytes, MonotonicTime now, std::vector<SwimSend>& sends) {
  if (bytes.empty()) {
    if (directory_->site_of(from) && from != self_) heard(now);
    return {};
  }
  LATIUM_TRY(const SwimMessage message, decode_swim(bytes));
  advance_budgets(now);
  if (message.kind != Kind::ack && message.kind != Kind::sync_answer) {
    return fail(ErrorCode::invalid_argument, "gossip message: a request came as an answer: the sender is faulty");
  }
  absorb(from, message, message.kind == Kind::ack ? Source::gossip : Source::sync, now);
  if (message.kind == Kind::ack) answered(message.sequence, from, now, sends);
  return {};
}

void Swim::start_sync(MonotonicTime now, std::vector<SwimSend>& sends) {
  next_sync_ = now + options_.sync_interval;
  // Delegates look across sites every third time; a node that is alone in its site always.
  const bool across = am_delegate_ && (order_.empty() || ++syncs_ % 3 == 0);
  const auto with = across ? pick_remote(1, self_) : pick_local(1, self_, false);
  if (with.empty()) return;
  SwimMessage message{.kind = Kind::sync};
  for (const auto& [site, digest] : table_.digests(*directory_)) {
    message.digests.push_back(std::uint64_t{directory_->sites()[site].hash} << 32 | digest);
  }
  sends.push_back(compose(with.front(), std::move(message)));
}

SwimMessage Swim::sync_answer(const SwimMessage& request) {
  std::vector<std::uint64_t> theirs = request.digests;
  std::ranges::sort(theirs);
  std::vector<bool> same(directory_->sites().size());
  for (const auto& [site, digest] : table_.digests(*directory_)) {
    same[site] = std::ranges::binary_search(theirs, std::uint64_t{directory_->sites()[site].hash} << 32 | digest);
  }
  std::vector<SwimUpdate> down;
  std::vector<SwimUpdate> up;
  for (const auto& [node, state] : table_.known()) {
    const auto site = directory_->site_of(node);
    const bool nothing = state.shared() == Liveness::up && state.incarnation == 0;
    if (!site || nothing || same[*site]) continue;
    (state.shared() == Liveness::down ? down : up).push_back({node, state.shared(), state.incarnation, {}});
  }
  // As much as may be sent: who is down first, as everybody else is up for who never heard of them. Another part each time, so
  // that the rest comes with the next ones.
  SwimMessage answer{.kind = Kind::sync_answer, .epoch = epoch_};
  for (auto* updates : {&down, &up}) {
    const std::size_t start = updates->empty() ? 0 : random_.below(updates->size());
    for (std::size_t i = 0; i < updates->size(); ++i) {
      const SwimUpdate& update = (*updates)[(start + i) % updates->size()];
      if (encoded_size(update) > sync_budget_.left()) return answer;
      sync_budget_.spend(encoded_size(update));
      answer.updates.push_back(update);
    }
  }
  return answer;
}

}  // namespace latium
