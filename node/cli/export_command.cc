// `kv export`: a bucket as lines of JSON that `kv import` takes back.
#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include <nlohmann/json.hpp>

#include "base/units.h"
#include "node/cli/atomic_file.h"
#include "node/cli/batch_sender.h"
#include "node/cli/commands.h"
#include "node/cli/import_line.h"
#include "node/cli/inbox.h"
#include "node/cli/kv_options.h"
#include "node/cli/progress.h"
#include "proto/wire.pb.h"

namespace latium::cli {

namespace {

constexpr std::uint32_t kPageKeys = 2000;

struct ExportOptions {
  std::string target;
  std::string destination;
  std::string prefix;
};

struct ExportTotals {
  std::uint64_t keys = 0;
  std::uint64_t bytes = 0;
};

/// Pages of a bucket, one asked for while the one before is written. A page that fails is asked for again until the timeout.
class PageReader {
 public:
  PageReader(RemoteClient& client, client::KvScanRequest request, Duration timeout, const std::atomic<bool>* interrupted)
      : client_(client), request_(std::move(request)), timeout_(timeout), interrupted_(interrupted), random_(1) {
    ask();
  }

  /// Nothing behind the last page.
  Result<std::optional<client::KvScanResponse>> next() {
    if (at_end_) return std::optional<client::KvScanResponse>();
    LATIUM_TRY(auto page, await_page());
    at_end_ = !page.more() || page.items().empty();
    if (!at_end_) {
      request_.set_after(page.items().rbegin()->key());
      ask();
    }
    return std::optional<client::KvScanResponse>(std::move(page));
  }

 private:
  void ask() {
    client_.start(0, wire::METHOD_KV_SCAN, request_.SerializeAsString(), client_.after(timeout_),
                  [inbox = inbox_](Result<Bytes> answer) { inbox->put(std::move(answer)); });
  }

  Result<client::KvScanResponse> await_page() {
    const MonotonicTime give_up = client_.after(timeout_);
    for (std::uint32_t attempt = 0;; ++attempt) {
      Result<Bytes> answer = *take(kNever);
      if (answer) return RemoteClient::parse<client::KvScanResponse>(*answer);
      answer.error().certainty = Certainty::not_applied;
      const MonotonicTime again = client_.after(BackoffPolicy().wait(attempt, random_));
      if (!is_transient(answer.error()) || again >= give_up) return fail(std::move(answer).error());
      if (auto interruption = take(again)) return fail(std::move(*interruption).error());
      ask();
    }
  }

  // The answer, or that it was interrupted; nothing when there is none before `until`.
  std::optional<Result<Bytes>> take(MonotonicTime until) {
    while (client_.now() < until) {
      if (interrupted_ != nullptr && interrupted_->load()) return fail(ErrorCode::cancelled, "interrupted: nothing was kept");
      if (auto answer = inbox_->take(kLookAround)) return answer;
    }
    return std::nullopt;
  }

  RemoteClient& client_;
  client::KvScanRequest request_;
  Duration timeout_;
  const std::atomic<bool>* interrupted_;
  Random random_;  // of the waits between tries
  bool at_end_ = false;
  const std::shared_ptr<Inbox<Result<Bytes>>> inbox_ = std::make_shared<Inbox<Result<Bytes>>>();
};

using Write = std::function<Result<void>(BytesView)>;

Result<ExportTotals> copy_pages(Context& context, RemoteClient& client, PageReader& pages, const Write& write) {
  ExportTotals totals;
  ProgressLine progress(context.err, client.runtime().clock, context.environment.err_is_terminal && !context.options.json);
  const MonotonicTime started = client.now();
  std::string lines;
  for (;;) {
    LATIUM_TRY(const auto page, pages.next());
    if (!page) return totals;
    lines.clear();
    for (const auto& item : page->items()) lines += format_import_line(item.key(), item.value());
    LATIUM_CHECKED(write(lines));
    totals.keys += static_cast<std::uint64_t>(page->items_size());
    totals.bytes += lines.size();
    if (progress.due()) {
      progress.show(std::to_string(totals.keys) + " keys, " + format_size(totals.bytes) + ", " +
                    rate_text(totals.keys, client.now() - started) + " keys/s");
    }
  }
}

Result<void> write_stdout(Context& context, BytesView lines) {
  context.out << lines;
  if (context.out) return {};
  return fail(ErrorCode::io_error, "cannot write to stdout: it is closed or its disk is full");
}

// To stderr when the lines went to stdout.
void summarize(Context& context, const ExportTotals& totals, Duration took, bool to_stdout) {
  std::ostream& out = to_stdout ? context.err : context.out;
  if (context.options.json) {
    out << json_line({{"exported", totals.keys}, {"bytes", totals.bytes}, {"seconds", in_seconds(took)}});
  } else {
    out << "exported " << totals.keys << " keys, " << format_size(totals.bytes) << " in " << seconds_text(took) << "\n";
  }
}

Result<int> run_export(Context& context, const ExportOptions& options) {
  LATIUM_TRY(const Target target, parse_target(options.target));
  client::KvScanRequest request;
  request.set_tenant(target.tenant);
  request.set_bucket(target.bucket);
  request.set_prefix(options.prefix);
  request.set_limit(kPageKeys);
  const std::atomic<bool>* interrupted = context.environment.watch_interrupts ? context.environment.watch_interrupts() : nullptr;
  LATIUM_TRY(const auto client, context.connect());
  const MonotonicTime started = client->now();
  PageReader pages(*client, std::move(request), context.options.timeout, interrupted);
  const bool to_stdout = options.destination == "-";
  ExportTotals totals;
  if (to_stdout) {
    LATIUM_TRY(totals, copy_pages(context, *client, pages, [&](BytesView lines) { return write_stdout(context, lines); }));
  } else {
    LATIUM_TRY(AtomicFile file, AtomicFile::create(options.destination));
    LATIUM_TRY(totals, copy_pages(context, *client, pages, [&](BytesView lines) { return file.write(lines); }));
    LATIUM_CHECKED(file.commit());
  }
  summarize(context, totals, client->now() - started, to_stdout);
  return 0;
}

}  // namespace

void add_export_command(CLI::App& kv, const Choose& choose) {
  const auto options = std::make_shared<ExportOptions>();
  CLI::App* command = kv.add_subcommand("export", "The whole bucket as lines of JSON");
  command->add_option("BUCKET", options->target, "The bucket")->required()->option_text("TENANT/BUCKET");
  command->add_option("FILE", options->destination, "Appears once it is complete; - is stdout")->required();
  command->add_option("--prefix", options->prefix, "Only keys that begin with it");
  command->callback([choose, options] { choose([options](Context& context) { return run_export(context, *options); }); });
}

}  // namespace latium::cli
