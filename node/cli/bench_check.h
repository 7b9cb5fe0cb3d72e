// `bench check`: whether a bucket still holds what was acknowledged.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "node/cli/context.h"

namespace latium::cli {

struct CheckReport {
  std::uint64_t acknowledged = 0;    ///< keys
  std::vector<std::string> missing;  ///< keys that are not there
  std::vector<std::string> stale;    ///< keys with an older value, or one that no benchmark wrote
};

/// Reads every key of the log; several in flight. The node's errors.
Result<CheckReport> check_acknowledged(RemoteClient& client, const Target& target, const std::map<Bytes, std::uint64_t>& log,
                                       Duration timeout);

/// Prints; exit status 0, or 1 when an acknowledged write is lost. Errors: the log file's, the node's.
Result<int> run_bench_check(Context& context, const std::string& target, const std::string& log_path);

}  // namespace latium::cli
