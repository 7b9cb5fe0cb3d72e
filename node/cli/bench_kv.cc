#include "node/cli/bench_kv.h"

#include <utility>

#include "proto/wire.pb.h"

namespace latium::cli {

BenchRun::BenchRun(RemoteClient& client, const BenchOptions& options, const Zipfian& zipfian, BenchData& data, AckedLog* log)
    : client_(client),
      options_(options),
      zipfian_(zipfian),
      data_(data),
      log_(log),
      random_(options.seed),
      writing_(log != nullptr ? options.keys : 0) {}

Result<BenchReport> BenchRun::run(const std::atomic<bool>* interrupted, const std::function<void(std::uint64_t)>& on_tick) {
  client_.post([this] { begin(); });
  while (!ended_->take(kLookAround)) {
    if (interrupted != nullptr && interrupted->load()) stop_ = true;
    on_tick(completed_.load(std::memory_order_relaxed));
  }
  if (log_error_) return fail(*std::move(log_error_));
  report_.interrupted = stop_;
  return std::move(report_);
}

void BenchRun::begin() {
  started_ = client_.now();
  if (options_.operations == 0) end_ = saturating_add(started_, options_.duration);
  active_ = options_.clients * options_.pipeline;
  for (std::size_t i = 0; i < options_.clients * options_.pipeline; ++i) issue(i % options_.clients, started_);
}

bool BenchRun::over(MonotonicTime now) const {
  return stop_.load(std::memory_order_relaxed) || report_.ended_by || log_error_ || now >= end_ ||
         (options_.operations != 0 && issued_ >= options_.operations);
}

void BenchRun::issue(std::size_t connection, MonotonicTime now) {
  if (over(now)) return slot_ended();
  ++issued_;
  Operation operation{.connection = connection, .item = zipfian_.item(random_), .sequence = 0, .started = now};
  const bool read = random_.below(100) < options_.reads_percent;
  if (read || (log_ != nullptr && !choose_free_item(operation.item))) return send_read(operation);
  operation.sequence = data_.next_sequence();
  send_write(operation);
}

// The item, or the next one after it that has no write in flight.
bool BenchRun::choose_free_item(std::uint64_t& item) {
  for (std::uint64_t tried = 0; tried < options_.keys; ++tried) {
    if (!writing_[item]) {
      writing_[item] = true;
      return true;
    }
    item = (item + 1) % options_.keys;
  }
  return false;
}

void BenchRun::send_read(Operation operation) {
  client::KvGetRequest request;
  request.set_tenant(options_.target.tenant);
  request.set_bucket(options_.target.bucket);
  request.set_key(BenchData::key(operation.item));
  client_.start(operation.connection, wire::METHOD_KV_GET, request.SerializeAsString(),
                saturating_add(operation.started, options_.timeout),
                [this, operation](const Result<Bytes>& answer) { read_done(operation, answer); });
}

void BenchRun::send_write(Operation operation) {
  client::KvPutRequest request;
  request.set_tenant(options_.target.tenant);
  request.set_bucket(options_.target.bucket);
  request.set_key(BenchData::key(operation.item));
  request.set_value(data_.value(operation.sequence));
  request.set_durability(options_.durability);
  client_.start(operation.connection, wire::METHOD_KV_PUT, request.SerializeAsString(),
                saturating_add(operation.started, options_.timeout),
                [this, operation](const Result<Bytes>& answer) { write_done(operation, answer); });
}

void BenchRun::read_done(const Operation& operation, const Result<Bytes>& answer) {
  // The first write makes the bucket: until then there is nothing to find.
  const bool no_bucket_yet = !answer && answer.error().code == ErrorCode::unknown_bucket && options_.reads_percent < 100;
  if (!answer && !no_bucket_yet) return failed(operation, report_.reads, answer.error());
  const MonotonicTime now = client_.now();
  const auto response = RemoteClient::parse<client::KvGetResponse>(no_bucket_yet ? BytesView() : BytesView(*answer));
  if (!response) return failed(operation, report_.reads, response.error());
  report_.reads.latency.record(static_cast<std::uint64_t>((now - operation.started).count()));
  report_.bytes += response->stats().bytes();
  if (response->values().empty()) ++report_.reads.misses;
  completed_.fetch_add(1, std::memory_order_relaxed);
  issue(operation.connection, now);
}

void BenchRun::write_done(const Operation& operation, const Result<Bytes>& answer) {
  if (!answer) {
    if (log_ != nullptr && answer.error().certainty == Certainty::not_applied) writing_[operation.item] = false;
    return failed(operation, report_.writes, answer.error());
  }
  const MonotonicTime now = client_.now();
  report_.writes.latency.record(static_cast<std::uint64_t>((now - operation.started).count()));
  report_.bytes += BenchData::key(operation.item).size() + options_.value_bytes;
  if (log_ != nullptr) {
    writing_[operation.item] = false;
    if (auto written = log_->add(BenchData::key(operation.item), operation.sequence); !written) log_error_ = written.error();
  }
  completed_.fetch_add(1, std::memory_order_relaxed);
  issue(operation.connection, now);
}

void BenchRun::failed(const Operation& operation, BenchReport::Kind& kind, const Error& error) {
  ++kind.errors;
  ++report_.codes[std::string(to_string(error.code))];
  if (error.code != ErrorCode::overloaded && !report_.ended_by) report_.ended_by = error;
  // Not from here: the failure may have come from within issue().
  client_.post([this, connection = operation.connection] { issue(connection, client_.now()); });
}

void BenchRun::slot_ended() {
  if (--active_ > 0) return;
  report_.took = client_.now() - started_;
  ended_->put(true);
}

}  // namespace latium::cli
