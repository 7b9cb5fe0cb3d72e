// NodeOptions::validate: each rule beside the field's name.
#include "latium/options.h"

#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "net/transport.h"
#include "ring/placement.h"

namespace latium {

namespace {

std::unexpected<Error> bad(std::string_view field, const std::string& value, std::string_view rule) {
  return fail(ErrorCode::invalid_argument,
              "option " + std::string(field) + ": '" + value + "' is out of bounds: " + std::string(rule));
}

template <class T>
Result<void> within(std::string_view field, T value, T low, T high) {
  if (value >= low && value <= high) return {};
  return bad(field, std::to_string(value), "give " + std::to_string(low) + " to " + std::to_string(high));
}

Result<void> check_address(std::string_view field, const std::string& text) {
  if (text.empty()) return {};
  if (auto address = Address::parse(text); !address) {
    return fail(ErrorCode::invalid_argument, "option " + std::string(field) + ": " + address.error().message);
  }
  return {};
}

Result<void> check_identity(const NodeOptions& options) {
  if (options.data_dir.empty()) return fail(ErrorCode::invalid_argument, "option data_dir is missing: name a directory");
  if (options.site.empty()) return fail(ErrorCode::invalid_argument, "option site is missing: name the site of this node");
  LATIUM_CHECKED(check_name("option site:", options.site));
  if (!options.rack.empty()) LATIUM_CHECKED(check_name("option rack:", options.rack));
  if (!(options.weight >= 0.1 && options.weight <= 100.0))
    return bad("weight", std::to_string(options.weight), "give 0.1 to 100");
  if (!options.cluster_id.empty()) {
    const auto id = from_hex(options.cluster_id);
    if (!id || *id == 0 || options.cluster_id.size() != 16)
      return bad("cluster_id", options.cluster_id, "give 16 hexadecimal digits");
  }
  if (options.bootstrap && !options.seeds.empty()) {
    return fail(ErrorCode::invalid_argument, "options bootstrap and seeds exclude each other: begin a cluster, or join one");
  }
  return {};
}

Result<void> check_network(const NodeOptions& options) {
  LATIUM_CHECKED(check_address("listen", options.listen));
  LATIUM_CHECKED(check_address("advertise", options.advertise));
  LATIUM_CHECKED(check_address("metrics", options.metrics));
  for (const std::string& seed : options.seeds) LATIUM_CHECKED(check_address("seeds", seed));
  if (!options.advertise.empty() && options.listen.empty()) {
    return fail(ErrorCode::invalid_argument, "option advertise needs listen: a node that serves nobody has no address");
  }
  const TlsOptions& tls = options.tls;
  if (!tls.empty() && (tls.cert.empty() || tls.key.empty() || tls.ca.empty())) {
    return fail(ErrorCode::invalid_argument, "options tls_cert, tls_key and tls_ca go together: give all three or none");
  }
  const bool is_public = !options.listen.empty() && !Address::parse(options.listen)->is_loopback();
  if (tls.empty() && is_public && !options.plaintext) {
    return fail(ErrorCode::invalid_argument,
                "option listen: '" + options.listen +
                    "' can be reached by others, so give tls_cert, tls_key and tls_ca, or say plaintext");
  }
  if (options.enable_faults && options.listen.empty()) {
    return fail(ErrorCode::invalid_argument, "option enable_faults needs listen: faults are of the paths to other nodes");
  }
  if (options.enable_faults && tls.empty() && is_public) {
    return fail(ErrorCode::invalid_argument, "option enable_faults: '" + options.listen +
                                                 "' can be reached by others, so give tls_cert, tls_key and tls_ca, or listen "
                                                 "on 127.0.0.1");
  }
  LATIUM_CHECKED(within("max_requests_per_connection", options.max_requests_per_connection, 1u, 65536u));
  return within("max_connections", options.max_connections, 1u, 65536u);
}

Result<void> check_log(const LogOptions& log) {
  if (log.level != "debug" && log.level != "info" && log.level != "warn" && log.level != "error") {
    return bad("log_level", log.level, "give debug, info, warn or error");
  }
  if (log.format != "text" && log.format != "json") return bad("log_format", log.format, "give text or json");
  return {};
}

}  // namespace

Result<void> NodeOptions::validate() const {
  LATIUM_CHECKED(check_identity(*this));
  LATIUM_CHECKED(check_network(*this));
  LATIUM_CHECKED(check_log(log));
  LATIUM_CHECKED(within<std::uint64_t>("block_cache_bytes", block_cache_bytes, 1u << 20, 1ull << 40));
  LATIUM_CHECKED(within<std::uint64_t>("write_buffer_bytes", write_buffer_bytes, 1u << 20, 1ull << 30));
  LATIUM_CHECKED(within<std::uint64_t>("hints_max_bytes", hints_max_bytes, 0, 1ull << 40));
  LATIUM_CHECKED(within<std::uint64_t>("hints_max_bytes_a_node", hints_max_bytes_a_node, 0, 1ull << 40));
  LATIUM_CHECKED(within("blocking_threads", blocking_threads, 1u, 64u));
  LATIUM_CHECKED(within("max_clock_offset_ms", max_clock_offset_ms, 1u, 60000u));
  return within("stop_timeout_ms", stop_timeout_ms, 0u, 60000u);
}

}  // namespace latium
