// RemoteSql: a SQL session on a node, from this side of the client protocol.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "node/cli/context.h"
#include "proto/sql.pb.h"

namespace latium::cli {

struct SqlSessionOptions {
  std::string tenant;
  bool quorum = false;  ///< reads are linearizable
  bool foreign_keys = false;
};

/// One thread. A statement that runs when the command is interrupted is cancelled.
class RemoteSql {
 public:
  /// `unavailable`, `unknown_tenant`. The context outlives it.
  static Result<std::unique_ptr<RemoteSql>> open(Context& context, SqlSessionOptions options);
  /// Closes the session, if the node is there.
  ~RemoteSql();
  RemoteSql(const RemoteSql&) = delete;
  RemoteSql& operator=(const RemoteSql&) = delete;

  /// Runs one statement; `take` gets its pages as they come, at least one, the last one with more() false.
  Result<void> run(const std::string& sql, const std::function<void(const client::SqlPage&)>& take);
  Result<client::SqlStateResponse> state();

  MonotonicTime now() const { return client_->now(); }
  const std::string& tenant() const { return options_.tenant; }
  bool in_transaction() const { return in_transaction_; }

 private:
  RemoteSql(Context& context, std::unique_ptr<RemoteClient> client, SqlSessionOptions options)
      : context_(context), client_(std::move(client)), options_(std::move(options)) {}

  Result<void> begin();
  Result<client::SqlPage> page(Method method, Bytes request);
  Result<Bytes> call(Method method, Bytes request);
  void cancel();

  Context& context_;
  std::unique_ptr<RemoteClient> client_;
  const SqlSessionOptions options_;
  const std::atomic<bool>* interrupted_ = nullptr;
  std::uint64_t session_ = 0;
  bool in_transaction_ = false;
};

}  // namespace latium::cli
