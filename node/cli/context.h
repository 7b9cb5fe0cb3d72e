// What a command is given: its options, its surroundings, and the node that it talks to.
#pragma once

#include <atomic>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>

#include "base/result.h"
#include "latium/options.h"
#include "node/cli/output.h"
#include "node/cli/run_latium.h"
#include "node/remote_client.h"

namespace latium::cli {

/// Options that every command takes.
struct GlobalOptions {
  std::string node;
  bool json = false;
  Duration timeout = std::chrono::seconds(10);
  TlsOptions tls;
};

/// A bucket as commands name it.
struct Target {
  std::string tenant;
  std::string bucket;

  /// "TENANT/BUCKET"; `invalid_argument` otherwise.
  static Result<Target> parse(std::string_view text);
  std::string to_string() const { return tenant + "/" + bucket; }
};

/// Names travel as UTF-8: `invalid_argument` naming `what` when `text` is not.
Result<void> check_text(const std::string& what, std::string_view text);

class Context {
 public:
  Context(GlobalOptions options, std::istream& in, std::ostream& out, std::ostream& err, const Environment& environment)
      : options(std::move(options)), in(in), out(out), err(err), environment(environment) {}

  const GlobalOptions options;
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  const Environment& environment;

  /// A client of the node that the options name, with that many connections. `invalid_argument`.
  Result<std::unique_ptr<RemoteClient>> connect(std::size_t connections = 1) const;

  /// A request that changes nothing, or whose repetition changes nothing: its failures are certain. Blocks for one round
  /// trip, at most the timeout.
  template <class Response, class Request>
  Result<Response> read(Method method, const Request& request) {
    auto response = write<Response>(method, request);
    if (!response) response.error().certainty = Certainty::not_applied;
    return response;
  }
  /// A request whose failure may leave open whether it was done.
  template <class Response, class Request>
  Result<Response> write(Method method, const Request& request) {
    if (!client_) {
      LATIUM_TRY(client_, connect());
    }
    return client_->call<Response>(method, request, client_->after(options.timeout));
  }

  /// Prints one JSON line.
  void print(const Json& json);
  /// Prints an error as the options ask for it, one line; returns the exit status for it.
  int report(const Error& error);
  /// One line for people; nothing with --json.
  void note(const std::string& text);

 private:
  std::unique_ptr<RemoteClient> client_;
};

/// What a command returns: its exit status.
using Command = std::function<Result<int>(Context&)>;

}  // namespace latium::cli
