#include "replication/replica_links.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "proto/replica.pb.h"
#include "proto/wire.pb.h"
#include "replication/envelope.h"

namespace latium {

namespace {

// To one replica. More than that only as old as kLinger: what comes meanwhile shares a message, and where an answer takes long
// nothing waits for one.
constexpr std::size_t kMessagesInFlight = 8;
constexpr Duration kLinger = std::chrono::milliseconds(1);
constexpr std::size_t kStepsWaiting = 16384;       // for one replica; above it `overloaded`
constexpr std::size_t kBytesUnderWay = 64u << 20;  // to one replica, waiting and sent, but for a single larger step
constexpr std::size_t kStepsAMessage = 1024;
constexpr std::size_t kBytesAMessage = 4u << 20;
constexpr std::size_t kTasks = 65536;

}  // namespace

const Method RegisterSteps::kMethod = wire::METHOD_REGISTERS;
const Method BucketSteps::kMethod = wire::METHOD_BUCKETS;

template <class Steps>
BatchLinks<Steps>::BatchLinks(Runtime& runtime, ClusterView& cluster, Transport& transport, Replica& local)
    : runtime_(runtime), cluster_(cluster), transport_(transport), local_(local), tasks_(runtime.executor, kTasks) {}

template <class Steps>
BatchLinks<Steps>::~BatchLinks() = default;

template <class Steps>
void BatchLinks<Steps>::send(NodeId node, Epoch epoch, Item item, StepDone done) {
  Link& link = link_to(node, Steps::has_lane(item));
  const std::size_t bytes = item.size_bytes();
  if (auto refused = refusal(link, 1, bytes)) return done(fail(*std::move(refused)));
  link.bytes += bytes;
  link.waiting.push_back({epoch, bytes, std::move(item), std::move(done)});
  schedule(link);
}

template <class Steps>
void BatchLinks<Steps>::send_as_one(NodeId node, Epoch epoch, std::vector<Item> items, StepsDone done) {
  Link& link = link_to(node, Steps::has_lane(items.front()));
  std::size_t bytes = 0;
  for (const Item& item : items) bytes += item.size_bytes();
  if (auto refused = refusal(link, items.size(), bytes)) {
    return done(std::vector<Result<Answer>>(items.size(), fail(*std::move(refused))));
  }
  link.bytes += bytes;
  struct Answered {
    std::vector<Result<Answer>> answers;
    StepsDone done;
  };
  const std::size_t count = items.size();
  const auto answered = std::make_shared<Answered>(Answered{.answers = {}, .done = std::move(done)});
  answered->answers.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto take = [answered, count](Result<Answer> answer) {
      answered->answers.push_back(std::move(answer));
      if (answered->answers.size() == count) answered->done(std::move(answered->answers));
    };
    link.waiting.push_back({epoch, items[i].size_bytes(), std::move(items[i]), take, i + 1 < count});
  }
  schedule(link);
}

template <class Steps>
auto BatchLinks<Steps>::link_to(NodeId node, bool lane) -> Link& {
  auto& link = links_[{node, lane}];
  if (!link) link = std::make_unique<Link>(Link{.node = node, .waiting = {}});
  return *link;
}

template <class Steps>
std::optional<Error> BatchLinks<Steps>::refusal(const Link& link, std::size_t items, std::size_t bytes) const {
  const auto why = [](ErrorCode code, std::string text) { return Error(code, Certainty::not_applied, std::move(text)); };
  if (stopped_) return why(ErrorCode::unavailable, "the node is stopping");
  const std::size_t waiting = link.waiting.size();
  const bool full = waiting > 0 && waiting + items > kStepsWaiting;
  if (full || (link.bytes > 0 && link.bytes + bytes > kBytesUnderWay)) {
    return why(ErrorCode::overloaded, "too much waits for node " + to_hex(link.node.value) + ": retry with backoff");
  }
  if (link.in_flight > 0 && is_down(link.node)) {
    return why(ErrorCode::unavailable, "node " + to_hex(link.node.value) + " is down, as far as is known here");
  }
  return std::nullopt;
}

template <class Steps>
bool BatchLinks<Steps>::is_down(NodeId node) const {
  const auto peer = cluster_.peer(node);
  return peer && peer->liveness == Liveness::down;
}

// Through a post: what else is ready now adds its steps to the same message.
template <class Steps>
void BatchLinks<Steps>::schedule(Link& link) {
  if (link.waiting.empty()) return;
  if (link.in_flight >= kMessagesInFlight) return linger(link);
  if (link.scheduled) return;
  link.scheduled = true;
  boost::asio::post(runtime_.executor, [this, &link, alive = std::weak_ptr(alive_)] {
    if (alive.expired()) return;
    link.scheduled = false;
    flush(link, false);
  });
}

template <class Steps>
void BatchLinks<Steps>::linger(Link& link) {
  if (link.lingering) return;
  link.lingering = true;
  const MonotonicTime end = saturating_add(runtime_.clock.monotonic_now(), kLinger);
  runtime_.timers.schedule(end, [this, &link, alive = std::weak_ptr(alive_)] {
    if (alive.expired()) return;
    link.lingering = false;
    flush(link, true);
  });
}

template <class Steps>
void BatchLinks<Steps>::flush(Link& link, bool overdue) {
  while (!link.waiting.empty() && (overdue || link.in_flight < kMessagesInFlight)) {
    std::vector<Waiting> batch = take_batch(link);
    if (batch.empty()) continue;
    if (!tasks_.has_room()) {
      for (Waiting& each : batch) {
        link.bytes -= each.bytes;
        each.done(fail(ErrorCode::unavailable, "the node is stopping"));
      }
      continue;
    }
    ++link.in_flight;
    const auto spawned = tasks_.spawn(exchange(link, std::move(batch)));
    LATIUM_CHECK(spawned.has_value(), "a group with room refuses nothing");
  }
}

// All of one epoch: that of the map in use. Steps worked out under another one end here.
template <class Steps>
auto BatchLinks<Steps>::take_batch(Link& link) -> std::vector<Waiting> {
  std::vector<Waiting> batch;
  batch.reserve(std::min(link.waiting.size(), kStepsAMessage));
  std::size_t bytes = 0;
  const auto is_full = [&] { return batch.size() >= kStepsAMessage || bytes >= kBytesAMessage; };
  while (!link.waiting.empty() && (!is_full() || batch.back().with_next)) {
    Waiting next = std::move(link.waiting.front());
    link.waiting.pop_front();
    if (const auto valid = check_epoch(next.epoch); !valid) {
      link.bytes -= next.bytes;
      next.done(fail(valid.error()));
      continue;
    }
    bytes += next.bytes;
    batch.push_back(std::move(next));
  }
  return batch;
}

template <class Steps>
Task<void> BatchLinks<Steps>::exchange(Link& link, std::vector<Waiting> batch) {
  std::vector<Item> items;
  items.reserve(batch.size());
  for (Waiting& each : batch) items.push_back(std::move(each.item));
  const Epoch epoch = batch.front().epoch;
  auto answers = link.node == cluster_.self() ? co_await ask_local(epoch, std::move(items))
                                              : co_await ask(link.node, epoch, std::move(items));
  --link.in_flight;
  if (answers && answers->size() != batch.size()) {
    answers =
        fail(ErrorCode::corruption, Certainty::unknown, "node " + to_hex(link.node.value) + " answers another number of steps");
  }
  // Of one tenant among several in the message: not what the others are to be told.
  if (!answers && answers.error().code == ErrorCode::unknown_tenant) answers.error().code = ErrorCode::unavailable;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    link.bytes -= batch[i].bytes;
    batch[i].done(answers ? std::move((*answers)[i]) : fail(answers.error()));
  }
  schedule(link);
  co_return Result<void>();
}

template <class Steps>
auto BatchLinks<Steps>::ask_local(Epoch epoch, std::vector<Item> items) -> Task<std::vector<Result<Answer>>> {
  return local_.handle(std::move(items), [this, epoch] { return check_epoch(epoch); });
}

template <class Steps>
auto BatchLinks<Steps>::ask_here(Epoch epoch, Item item) -> Task<Answer> {
  std::vector<Item> items;
  items.push_back(std::move(item));
  LATIUM_CO_TRY(auto answers, co_await ask_local(epoch, std::move(items)));
  co_return std::move(answers.front());
}

template <class Steps>
auto BatchLinks<Steps>::ask(NodeId node, Epoch epoch, std::vector<Item> items) -> Task<std::vector<Result<Answer>>> {
  typename Steps::Request request;
  for (const Item& item : items) to_message(item, *request.add_items());
  ++statistics_.messages;
  statistics_.steps += items.size();
  const CallOptions options{.deadline = saturating_add(runtime_.clock.monotonic_now(), kAnswerTimeout)};
  std::uint32_t refusals = 0;
  LATIUM_CO_TRY(const auto response,
                co_await call_enveloped<typename Steps::Request, typename Steps::Response>(
                    cluster_, transport_, node, epoch, Steps::kMethod, std::move(request), options, &refusals));
  std::vector<Result<Answer>> answers;
  answers.reserve(static_cast<std::size_t>(response.answers_size()));
  for (const auto& answer : response.answers()) {
    answers.push_back(from_message(answer));
    if (answers.back()) answers.back()->refusals = refusals;
  }
  co_return answers;
}

template <class Steps>
Result<void> BatchLinks<Steps>::check_epoch(Epoch epoch) const {
  if (epoch == cluster_.epoch()) return {};
  return fail(ErrorCode::stale_topology, "the map of the cluster has changed meanwhile: retry");
}

template <class Steps>
Task<void> BatchLinks<Steps>::stop() {
  stopped_ = true;
  tasks_.cancel();
  LATIUM_CO_CHECKED(co_await tasks_.join());
  for (auto& [lane, link] : links_) {
    while (!link->waiting.empty()) {
      Waiting next = std::move(link->waiting.front());
      link->waiting.pop_front();
      next.done(fail(ErrorCode::unavailable, "the node is stopping"));
    }
  }
  co_return Result<void>();
}

template class BatchLinks<RegisterSteps>;
template class BatchLinks<BucketSteps>;

}  // namespace latium
