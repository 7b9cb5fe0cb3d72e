#include "node/cli/context.h"

#include <nlohmann/json.hpp>
#include <ostream>

#include "base/utf8.h"

namespace latium::cli {

Result<Target> Target::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == text.size()) {
    return fail(ErrorCode::invalid_argument, "'" + std::string(text) + "' names no bucket: give TENANT/BUCKET");
  }
  return Target{std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
}

Result<void> check_text(const std::string& what, std::string_view text) {
  if (is_utf8(text)) return {};
  return fail(ErrorCode::invalid_argument, what + " '" + printable(text) + "' is not valid UTF-8");
}

Result<std::unique_ptr<RemoteClient>> Context::connect(std::size_t connections) const {
  LATIUM_TRY(Address node, Address::parse(options.node));
  return RemoteClient::open({std::move(node), options.tls, connections});
}

void Context::print(const Json& json) {
  out << json_line(json);
}

int Context::report(const Error& error) {
  if (options.json) {
    err << json_line(to_json(error));
  } else {
    err << "latium: " << error_line(error) << "\n";
  }
  return error.certainty == Certainty::unknown ? exit_status(ErrorCode::unknown_outcome) : exit_status(error.code);
}

void Context::note(const std::string& text) {
  if (!options.json) err << text << "\n";
}

}  // namespace latium::cli
