#include "node/cli/bench_register.h"

#include <utility>

#include "proto/wire.pb.h"

namespace latium::cli {

RegisterRun::RegisterRun(RemoteClient& client, const RegisterBenchOptions& options, std::size_t clients, std::size_t first)
    : client_(client),
      options_(options),
      clients_(clients),
      first_(first),
      data_(options.value_bytes, first + 1, client.runtime().clock.wall_ms()),
      random_(first + 1) {}

void RegisterRun::start() {
  client_.post([this] { begin(); });
}

BenchReport RegisterRun::finish(const std::atomic<bool>* interrupted) {
  while (!ended_->take(kLookAround)) {
    if (interrupted != nullptr && interrupted->load()) stop_ = true;
  }
  report_.interrupted = stop_;
  return std::move(report_);
}

void RegisterRun::begin() {
  started_ = client_.now();
  end_ = saturating_add(started_, options_.duration);
  active_ = clients_;
  for (std::size_t i = 0; i < clients_; ++i) issue(i, started_);
}

void RegisterRun::issue(std::size_t connection, MonotonicTime now) {
  if (stop_.load(std::memory_order_relaxed) || report_.ended_by || now >= end_) {
    if (--active_ > 0) return;
    report_.took = client_.now() - started_;
    ended_->put(true);
    return;
  }
  const std::uint64_t number = first_ + connection;
  const std::uint64_t own = (options_.keys - number + options_.clients - 1) / options_.clients;
  const Bytes key = BenchData::key(random_.below(own) * options_.clients + number);
  const bool read = random_.below(100) < options_.reads_percent;
  Bytes request;
  if (read) {
    client::RegisterGetRequest get;
    get.set_tenant(options_.tenant);
    get.set_key(key);
    request = get.SerializeAsString();
  } else {
    client::RegisterCasRequest cas;
    cas.set_tenant(options_.tenant);
    cas.set_key(key);
    cas.set_has_value(true);
    cas.set_value(data_.value(data_.next_sequence()));
    request = cas.SerializeAsString();
  }
  client_.start(connection, read ? wire::METHOD_REGISTER_GET : wire::METHOD_REGISTER_CAS, std::move(request),
                saturating_add(now, options_.timeout),
                [this, connection, read, now](const Result<Bytes>& answer) { done(connection, read, now, answer); });
}

void RegisterRun::done(std::size_t connection, bool read, MonotonicTime started, const Result<Bytes>& answer) {
  BenchReport::Kind& kind = read ? report_.reads : report_.writes;
  if (!answer) {
    ++kind.errors;
    ++report_.codes[std::string(to_string(answer.error().code))];
    if (!report_.ended_by) report_.ended_by = answer.error();
    // Not from here: the failure may have come from within issue().
    return client_.post([this, connection] { issue(connection, client_.now()); });
  }
  const MonotonicTime now = client_.now();
  kind.latency.record(static_cast<std::uint64_t>((now - started).count()));
  if (read) {
    const auto response = RemoteClient::parse<client::RegisterGetResponse>(*answer);
    if (response && !response->exists()) ++kind.misses;
  }
  report_.bytes += options_.value_bytes;
  issue(connection, now);
}

}  // namespace latium::cli
