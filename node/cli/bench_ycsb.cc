#include "node/cli/bench_ycsb.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "proto/wire.pb.h"

namespace latium::cli {

namespace {

constexpr std::uint64_t kLongestScan = 100;

// This run's part of all operations.
std::uint64_t share_of(const YcsbOptions& options, std::size_t clients, std::size_t first) {
  if (options.operations == 0) return std::numeric_limits<std::uint64_t>::max();
  const auto before = [&](std::size_t client) { return options.operations * client / options.clients; };
  return before(first + clients) - before(first);
}

template <class Request>
void name_bucket(Request& request, const Target& target) {
  request.set_tenant(target.tenant);
  request.set_bucket(target.bucket);
}

}  // namespace

void YcsbReport::merge(const YcsbReport& other) {
  for (std::size_t i = 0; i < kYcsbKinds; ++i) {
    Kind& kind = kinds[i];
    const Kind& more = other.kinds[i];
    kind.counts.latency.merge(more.counts.latency);
    kind.counts.errors += more.counts.errors;
    kind.counts.misses += more.counts.misses;
    for (const auto& [code, count] : more.codes) kind.codes[code] += count;
    kind.scanned += more.scanned;
    kind.round_trips += more.round_trips;
    kind.replicas_asked += more.replicas_asked;
  }
  took = std::max(took, other.took);
  if (!ended_by) ended_by = other.ended_by;
  interrupted = interrupted || other.interrupted;
}

YcsbRun::YcsbRun(RemoteClient& client, const YcsbOptions& options, KeyChooser& keys, std::size_t clients, std::size_t first)
    : client_(client),
      options_(options),
      keys_(keys),
      clients_(clients),
      data_(options.value_bytes, options.seed + first, client.runtime().clock.wall_ms()),
      random_(options.seed + first),
      operations_left_(share_of(options, clients, first)) {}

void YcsbRun::start() {
  client_.post([this] { begin(); });
}

YcsbReport YcsbRun::finish(const std::atomic<bool>* interrupted) {
  while (!ended_->take(kLookAround)) {
    if (interrupted != nullptr && interrupted->load()) stop_ = true;
  }
  report_.interrupted = stop_;
  return std::move(report_);
}

void YcsbRun::begin() {
  started_ = client_.now();
  if (options_.operations == 0) end_ = saturating_add(started_, options_.duration);
  active_ = clients_;
  for (std::size_t i = 0; i < clients_; ++i) issue(i, started_);
}

bool YcsbRun::over(MonotonicTime now) const {
  return stop_.load(std::memory_order_relaxed) || report_.ended_by || now >= end_ || operations_left_ == 0;
}

void YcsbRun::issue(std::size_t connection, MonotonicTime now) {
  if (over(now)) {
    if (--active_ > 0) return;
    report_.took = client_.now() - started_;
    ended_->put(true);
    return;
  }
  --operations_left_;
  Operation operation{.connection = connection, .kind = draw_kind(options_.mix, random_), .item = 0, .started = now, .spent = {}};
  operation.item = operation.kind == YcsbKind::insert ? keys_.begin_insert() : keys_.choose(random_);
  switch (operation.kind) {
    case YcsbKind::read:
    case YcsbKind::read_modify_write:
      return send_get(std::move(operation));
    case YcsbKind::update:
    case YcsbKind::insert:
      return send_put(std::move(operation), {});
    case YcsbKind::scan:
      return send_scan(operation);
  }
}

void YcsbRun::send_get(Operation operation) {
  client::KvGetRequest request;
  name_bucket(request, options_.target);
  request.set_key(BenchData::key(operation.item));
  request.set_level(options_.read_level);
  client_.start(operation.connection, wire::METHOD_KV_GET, request.SerializeAsString(),
                saturating_add(operation.started, options_.timeout),
                [this, operation](const Result<Bytes>& answer) { got(operation, answer); });
}

void YcsbRun::send_put(Operation operation, Bytes context) {
  client::KvPutRequest request;
  name_bucket(request, options_.target);
  request.set_key(BenchData::key(operation.item));
  request.set_value(data_.value(data_.next_sequence()));
  request.set_level(options_.write_level);
  request.set_durability(options_.durability);
  request.set_context(std::move(context));
  client_.start(operation.connection, wire::METHOD_KV_PUT, request.SerializeAsString(),
                saturating_add(operation.started, options_.timeout),
                [this, operation](const Result<Bytes>& answer) { put(operation, answer); });
}

void YcsbRun::send_scan(const Operation& operation) {
  client::KvScanRequest request;
  name_bucket(request, options_.target);
  // The page begins with the key: keys are in the order of their numbers.
  if (operation.item > 0) request.set_after(BenchData::key(operation.item - 1));
  request.set_limit(static_cast<std::uint32_t>(1 + random_.below(kLongestScan)));
  request.set_level(options_.read_level);
  client_.start(operation.connection, wire::METHOD_KV_SCAN, request.SerializeAsString(),
                saturating_add(operation.started, options_.timeout),
                [this, operation](const Result<Bytes>& answer) { scanned(operation, answer); });
}

void YcsbRun::got(Operation operation, const Result<Bytes>& answer) {
  if (!answer) return failed(operation, answer.error());
  auto response = RemoteClient::parse<client::KvGetResponse>(*answer);
  if (!response) return failed(operation, response.error());
  if (response->values().empty()) ++report_.of(operation.kind).counts.misses;
  if (operation.kind == YcsbKind::read) return succeeded(operation, response->stats());
  operation.spent = response->stats();
  send_put(std::move(operation), std::move(*response->mutable_context()));
}

void YcsbRun::put(const Operation& operation, const Result<Bytes>& answer) {
  if (operation.kind == YcsbKind::insert) keys_.end_insert(operation.item);
  if (!answer) return failed(operation, answer.error());
  auto response = RemoteClient::parse<client::KvPutResponse>(*answer);
  if (!response) return failed(operation, response.error());
  client::Stats& stats = *response->mutable_stats();
  stats.set_round_trips(stats.round_trips() + operation.spent.round_trips());
  stats.set_replicas_asked(stats.replicas_asked() + operation.spent.replicas_asked());
  succeeded(operation, stats);
}

void YcsbRun::scanned(const Operation& operation, const Result<Bytes>& answer) {
  if (!answer) return failed(operation, answer.error());
  const auto response = RemoteClient::parse<client::KvScanResponse>(*answer);
  if (!response) return failed(operation, response.error());
  YcsbReport::Kind& kind = report_.of(operation.kind);
  if (response->items().empty()) ++kind.counts.misses;
  kind.scanned += static_cast<std::uint64_t>(response->items_size());
  succeeded(operation, response->stats());
}

void YcsbRun::succeeded(const Operation& operation, const client::Stats& stats) {
  const MonotonicTime now = client_.now();
  YcsbReport::Kind& kind = report_.of(operation.kind);
  kind.counts.latency.record(static_cast<std::uint64_t>((now - operation.started).count()));
  kind.round_trips += stats.round_trips();
  kind.replicas_asked += stats.replicas_asked();
  issue(operation.connection, now);
}

void YcsbRun::failed(const Operation& operation, const Error& error) {
  YcsbReport::Kind& kind = report_.of(operation.kind);
  ++kind.counts.errors;
  ++kind.codes[std::string(to_string(error.code))];
  if (error.code != ErrorCode::overloaded && !report_.ended_by) report_.ended_by = error;
  // Not from here: the failure may have come from within issue().
  client_.post([this, connection = operation.connection] { issue(connection, client_.now()); });
}

}  // namespace latium::cli
