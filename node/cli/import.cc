#include "node/cli/import.h"

#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "base/units.h"
#include "node/cli/atomic_file.h"
#include "node/cli/import_line.h"

namespace latium::cli {

namespace {

constexpr int kBatchLines = 256;
constexpr std::size_t kBatchBytes = 1u << 20;
constexpr std::uint64_t kBadLinesShown = 20;
constexpr Duration kCheckpointEvery = std::chrono::seconds(1);

}  // namespace

Importer::Importer(Context& context, RemoteClient& client, Plan plan)
    : context_(context),
      client_(client),
      plan_(std::move(plan)),
      sender_(client, {.timeout = context.options.timeout, .backoff = {}, .interrupted = plan_.interrupted},
              plan_.begin.progress),
      read_(plan_.begin.progress),
      last_sent_(plan_.begin.progress),
      started_(client.now()),
      next_checkpoint_(client.after(kCheckpointEvery)),
      saved_(plan_.begin.progress),
      progress_(context.err, client.runtime().clock, context.environment.err_is_terminal && !context.options.json) {}

Result<int> Importer::run(LineReader& reader) {
  Result<void> result = send_all(reader);
  progress_.clear();
  if (!result) {
    if (auto kept = keep_checkpoint(true); !kept) context_.note("latium: " + error_line(kept.error()));
    return fail(stopped(std::move(result).error()));
  }
  if (!plan_.checkpoint_path.empty()) LATIUM_CHECKED(remove_file(plan_.checkpoint_path));
  return finish(sender_.acknowledged());
}

Result<void> Importer::send_all(LineReader& reader) {
  std::string line;
  for (;;) {
    // Nobody may write for a while: what is there is not kept waiting.
    if (!reader.ready()) LATIUM_CHECKED(send_batch());
    const LineReader::Next kind = reader.next(line);
    // A line cut off by an interruption is none.
    if (plan_.interrupted != nullptr && plan_.interrupted->load()) return fail(ErrorCode::cancelled, "interrupted");
    if (kind == LineReader::Next::end) break;
    take_line(line, kind, reader.position().lines);
    read_.position = reader.position();
    if (batch_full()) LATIUM_CHECKED(send_batch());
    LATIUM_CHECKED(keep_checkpoint(false));
    show_progress();
  }
  // Even without items: its end is the end of the bad lines behind the last good one.
  LATIUM_CHECKED(send_batch());
  return sender_.drain();
}

void Importer::take_line(const std::string& line, LineReader::Next kind, std::uint64_t number) {
  if (kind == LineReader::Next::too_long) return report_bad_line(number, "longer than any line that can hold a value (128 MiB)");
  auto parsed = parse_import_line(line);
  if (!parsed) return report_bad_line(number, parsed.error().message);
  if (!*parsed) return;
  batch_bytes_ += (*parsed)->key.size() + (*parsed)->value.size();
  auto& item = *batch_.add_items();
  item.set_key(std::move((*parsed)->key));
  item.set_value(std::move((*parsed)->value));
  ++read_.imported;
}

void Importer::report_bad_line(std::uint64_t number, const std::string& reason) {
  ++read_.bad;
  if (++bad_in_run_ > kBadLinesShown) return;
  progress_.clear();
  if (context_.options.json) {
    Json json = to_json(Error(ErrorCode::invalid_argument, "line " + std::to_string(number) + ": " + reason));
    json["line"] = number;
    context_.err << json_line(json);
  } else {
    context_.err << "line " << number << ": " << for_one_line(reason) << "\n";
  }
}

bool Importer::batch_full() const {
  return batch_.items_size() >= kBatchLines || batch_bytes_ >= kBatchBytes;
}

Result<void> Importer::send_batch() {
  if (batch_.items().empty() && last_sent_ == read_) return {};
  batch_.set_tenant(plan_.target.tenant);
  batch_.set_bucket(plan_.target.bucket);
  batch_.set_durability(plan_.durability);
  LATIUM_CHECKED(sender_.send({batch_.items().empty() ? Bytes() : batch_.SerializeAsString(), read_}));
  last_sent_ = read_;
  batch_.Clear();
  batch_bytes_ = 0;
  return {};
}

Result<void> Importer::keep_checkpoint(bool now) {
  if (plan_.checkpoint_path.empty() || checkpoint_failed_) return {};
  if (!now && client_.now() < next_checkpoint_) return {};
  next_checkpoint_ = client_.after(kCheckpointEvery);
  if (!now && sender_.acknowledged() == saved_) return {};
  Checkpoint checkpoint = plan_.begin;
  checkpoint.progress = sender_.acknowledged();
  saved_ = checkpoint.progress;
  Result<void> written = write_file(plan_.checkpoint_path, encode_checkpoint(checkpoint));
  if (written || plan_.checkpoint_required) return written;
  checkpoint_failed_ = true;
  progress_.clear();
  context_.note("latium: no checkpoint is kept: " + error_line(written.error()));
  return {};
}

int Importer::finish(const ImportProgress& total) {
  const Duration took = client_.now() - started_;
  const std::uint64_t imported = total.imported - plan_.begin.progress.imported;
  const std::uint64_t bytes = total.position.offset - plan_.begin.progress.position.offset;
  if (context_.options.json) {
    context_.print({{"imported", imported},
                    {"bad", bad_in_run_},
                    {"lines", total.position.lines - plan_.begin.progress.position.lines},
                    {"bytes", bytes},
                    {"seconds", in_seconds(took)},
                    {"requests",
                     {{"count", sender_.latencies().count()},
                      {"p50_us", static_cast<double>(sender_.latencies().percentile(50)) / 1000},
                      {"p99_us", static_cast<double>(sender_.latencies().percentile(99)) / 1000}}},
                    {"total", {{"imported", total.imported}, {"bad", total.bad}, {"lines", total.position.lines}}}});
  } else {
    if (bad_in_run_ > kBadLinesShown) context_.note(std::to_string(bad_in_run_ - kBadLinesShown) + " more bad lines");
    context_.out << "imported " << imported << " keys into " << plan_.target.to_string() << ", " << bad_in_run_ << " bad lines, "
                 << format_size(bytes) << " in " << seconds_text(took) << " (" << rate_text(imported, took) << " keys/s)\n";
  }
  return total.bad == 0 ? 0 : 1;
}

Error Importer::stopped(Error error) const {
  const std::string line = std::to_string(sender_.acknowledged().position.lines);
  const bool kept = !plan_.checkpoint_path.empty() && !checkpoint_failed_;
  error.message += "; imported up to line " + line + (kept ? ": --resume goes on from there" : ": importing all again is safe");
  // Putting the same again changes nothing.
  error.certainty = Certainty::not_applied;
  return error;
}

void Importer::show_progress() {
  if (!progress_.due()) return;
  const Duration took = client_.now() - started_;
  const std::uint64_t offset = read_.position.offset;
  std::string text = std::to_string(read_.position.lines) + " lines, " + format_size(offset);
  if (const auto size = plan_.begin.file_size; size && *size > 0) text += " (" + std::to_string(offset * 100 / *size) + "%)";
  const std::uint64_t imported = read_.imported - plan_.begin.progress.imported;
  progress_.show(text + ", " + rate_text(imported, took) + " keys/s");
}

}  // namespace latium::cli
