#include "node/cli/bench_check.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "node/cli/acked_log.h"
#include "node/cli/atomic_file.h"
#include "node/cli/bench_data.h"
#include "node/cli/inbox.h"
#include "node/cli/kv_options.h"
#include "proto/wire.pb.h"

namespace latium::cli {

namespace {

constexpr std::size_t kInFlight = 128;
constexpr std::size_t kShown = 10;

struct Answer {
  Bytes key;
  std::uint64_t acknowledged = 0;
  Result<Bytes> bytes;
};

Result<void> judge(CheckReport& report, const Answer& answer) {
  // Nothing was ever put: then nothing is there.
  if (!answer.bytes && answer.bytes.error().code == ErrorCode::unknown_bucket) {
    report.missing.push_back(answer.key);
    return {};
  }
  if (!answer.bytes) return fail(answer.bytes.error().code, answer.bytes.error().message);
  LATIUM_TRY(const auto response, RemoteClient::parse<client::KvGetResponse>(*answer.bytes));
  if (response.values().empty()) {
    report.missing.push_back(answer.key);
  } else if (const auto found = BenchData::sequence_of(response.values(0)); !found || *found < answer.acknowledged) {
    report.stale.push_back(answer.key);
  }
  return {};
}

Json sample(const std::vector<std::string>& keys) {
  Json array = Json::array();
  for (std::size_t i = 0; i < keys.size() && i < kShown; ++i) array.push_back(keys[i]);
  return array;
}

}  // namespace

Result<CheckReport> check_acknowledged(RemoteClient& client, const Target& target, const std::map<Bytes, std::uint64_t>& log,
                                       Duration timeout) {
  CheckReport report;
  report.acknowledged = log.size();
  const auto inbox = std::make_shared<Inbox<Answer>>();
  client::KvGetRequest request;
  request.set_tenant(target.tenant);
  request.set_bucket(target.bucket);
  std::size_t in_flight = 0;
  for (auto next = log.begin(); next != log.end() || in_flight > 0;) {
    if (next != log.end() && in_flight < kInFlight) {
      request.set_key(next->first);
      client.start(0, wire::METHOD_KV_GET, request.SerializeAsString(), client.after(timeout),
                   [inbox, key = next->first, sequence = next->second](Result<Bytes> bytes) {
                     inbox->put({key, sequence, std::move(bytes)});
                   });
      ++in_flight;
      ++next;
      continue;
    }
    if (const auto answer = inbox->take(kLookAround)) {
      --in_flight;
      LATIUM_CHECKED(judge(report, *answer));
    }
  }
  return report;
}

Result<int> run_bench_check(Context& context, const std::string& target_text, const std::string& log_path) {
  LATIUM_TRY(const Target target, parse_target(target_text));
  auto text = read_file(log_path);
  if (!text) return fail(ErrorCode::invalid_argument, "--acked-log: " + text.error().message);
  auto log = parse_acked_log(*text);
  if (!log) return fail(log.error().code, "--acked-log '" + log_path + "': " + log.error().message);
  LATIUM_TRY(const auto client, context.connect());
  LATIUM_TRY(const CheckReport report, check_acknowledged(*client, target, *log, context.options.timeout));
  if (context.options.json) {
    context.print({{"acknowledged", report.acknowledged},
                   {"missing", report.missing.size()},
                   {"stale", report.stale.size()},
                   {"missing_keys", sample(report.missing)},
                   {"stale_keys", sample(report.stale)}});
  } else {
    context.out << "acknowledged " << report.acknowledged << ", missing " << report.missing.size() << ", stale "
                << report.stale.size() << "\n";
    for (std::size_t i = 0; i < report.missing.size() && i < kShown; ++i) context.err << "missing " << report.missing[i] << "\n";
    for (std::size_t i = 0; i < report.stale.size() && i < kShown; ++i) context.err << "stale " << report.stale[i] << "\n";
  }
  return report.missing.empty() && report.stale.empty() ? 0 : 1;
}

}  // namespace latium::cli
