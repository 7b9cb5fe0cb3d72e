// `kv import`: lines of JSON into a bucket, resumable.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "node/cli/batch_sender.h"
#include "node/cli/context.h"
#include "node/cli/progress.h"
#include "proto/client.pb.h"

namespace latium::cli {

struct ImportOptions {
  std::string target;
  std::string source;      ///< path, or "-" for stdin
  std::string checkpoint;  ///< path; empty: beside the source, if that is a file
  bool resume = false;
  std::string durability = "sync";
};

/// Exit status 0, or 1 when lines were left out. Errors as BatchSender; then the checkpoint says how far it came.
Result<int> run_import(Context& context, const ImportOptions& options);

/// Reads lines, batches and sends them, keeps the checkpoint.
class Importer {
 public:
  struct Plan {
    Target target;
    client::Durability durability = client::DURABILITY_SYNC;
    std::string checkpoint_path;       ///< empty: none is kept
    bool checkpoint_required = false;  ///< an error when it cannot be written
    Checkpoint begin;                  ///< progress: where to go on
    const std::atomic<bool>* interrupted = nullptr;
  };

  Importer(Context& context, RemoteClient& client, Plan plan);

  Result<int> run(LineReader& reader);

 private:
  Result<void> send_all(LineReader& reader);
  void take_line(const std::string& line, LineReader::Next kind, std::uint64_t number);
  void report_bad_line(std::uint64_t number, const std::string& reason);
  bool batch_full() const;
  Result<void> send_batch();
  Result<void> keep_checkpoint(bool now);
  int finish(const ImportProgress& total);
  Error stopped(Error error) const;
  void show_progress();

  Context& context_;
  RemoteClient& client_;
  const Plan plan_;
  BatchSender sender_;
  client::KvPutManyRequest batch_;
  std::size_t batch_bytes_ = 0;
  ImportProgress read_;       // all lines read so far
  ImportProgress last_sent_;  // with the last batch
  std::uint64_t bad_in_run_ = 0;
  const MonotonicTime started_;
  MonotonicTime next_checkpoint_;
  ImportProgress saved_;
  bool checkpoint_failed_ = false;
  ProgressLine progress_;
};

}  // namespace latium::cli
