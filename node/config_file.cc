#include "node/config_file.h"

#include <toml++/toml.h>
#include <cstdint>
#include <fstream>
#include <functional>
#include <limits>
#include <map>

#include "base/bytes.h"
#include "base/units.h"

namespace latium {

namespace {

// What a key does with its value; an error says which type it wants.
using Setter = std::function<Result<void>(const toml::node&)>;
using Setters = std::map<std::string, Setter, std::less<>>;

std::unexpected<Error> wants(std::string_view what) {
  return fail(ErrorCode::invalid_argument, "wants " + std::string(what));
}

Setter text(std::string& field) {
  return [&field](const toml::node& node) -> Result<void> {
    const auto value = node.value_exact<std::string>();
    if (!value) return wants("a string");
    field = *value;
    return {};
  };
}

Setter flag(bool& field) {
  return [&field](const toml::node& node) -> Result<void> {
    const auto value = node.value_exact<bool>();
    if (!value) return wants("true or false");
    field = *value;
    return {};
  };
}

Setter number(std::uint32_t& field) {
  return [&field](const toml::node& node) -> Result<void> {
    const auto value = node.value_exact<std::int64_t>();
    if (!value || *value < 0 || *value > std::numeric_limits<std::uint32_t>::max()) return wants("a whole number, not negative");
    field = static_cast<std::uint32_t>(*value);
    return {};
  };
}

Setter real(double& field) {
  return [&field](const toml::node& node) -> Result<void> {
    const auto value = node.value<double>();
    if (!value) return wants("a number");
    field = *value;
    return {};
  };
}

Setter size(std::uint64_t& field) {
  return [&field](const toml::node& node) -> Result<void> {
    if (const auto value = node.value_exact<std::int64_t>(); value && *value >= 0) {
      field = static_cast<std::uint64_t>(*value);
      return {};
    }
    const auto written = node.value_exact<std::string>();
    if (!written) return wants("bytes: a whole number, or a string such as \"64MiB\"");
    LATIUM_TRY(field, parse_size(*written));
    return {};
  };
}

Setter strings(std::vector<std::string>& field) {
  return [&field](const toml::node& node) -> Result<void> {
    const toml::array* array = node.as_array();
    if (array == nullptr) return wants("an array of strings");
    field.clear();
    for (const toml::node& item : *array) {
      const auto value = item.value_exact<std::string>();
      if (!value) return wants("an array of strings");
      field.push_back(*value);
    }
    return {};
  };
}

Setter role(NodeRole& field) {
  return [&field](const toml::node& node) -> Result<void> {
    const auto value = node.value_exact<std::string>();
    if (value == "storage") {
      field = NodeRole::storage;
    } else if (value == "client") {
      field = NodeRole::client;
    } else {
      return wants("\"storage\" or \"client\"");
    }
    return {};
  };
}

Setters setters_of(NodeOptions& o) {
  return {
      {"data_dir", text(o.data_dir)},
      {"site", text(o.site)},
      {"rack", text(o.rack)},
      {"weight", real(o.weight)},
      {"role", role(o.role)},
      {"bootstrap", flag(o.bootstrap)},
      {"seeds", strings(o.seeds)},
      {"cluster_id", text(o.cluster_id)},
      {"listen", text(o.listen)},
      {"advertise", text(o.advertise)},
      {"tls_cert", text(o.tls.cert)},
      {"tls_key", text(o.tls.key)},
      {"tls_ca", text(o.tls.ca)},
      {"plaintext", flag(o.plaintext)},
      {"enable_faults", flag(o.enable_faults)},
      {"metrics", text(o.metrics)},
      {"max_requests_per_connection", number(o.max_requests_per_connection)},
      {"max_connections", number(o.max_connections)},
      {"block_cache_bytes", size(o.block_cache_bytes)},
      {"write_buffer_bytes", size(o.write_buffer_bytes)},
      {"hints_max_bytes", size(o.hints_max_bytes)},
      {"hints_max_bytes_a_node", size(o.hints_max_bytes_a_node)},
      {"blocking_threads", number(o.blocking_threads)},
      {"max_clock_offset_ms", number(o.max_clock_offset_ms)},
      {"stop_timeout_ms", number(o.stop_timeout_ms)},
      {"log_level", text(o.log.level)},
      {"log_format", text(o.log.format)},
      {"log_file", text(o.log.file)},
  };
}

std::string known_keys(const Setters& setters) {
  std::string out;
  for (const auto& [key, setter] : setters) out += (out.empty() ? "" : ", ") + key;
  return out;
}

std::string place(std::string_view name, const toml::source_region& source) {
  return std::string(name) + ":" + std::to_string(source.begin.line);
}

}  // namespace

Result<void> apply_config(std::string_view text, std::string_view name, NodeOptions& options) {
  toml::table table;
  // toml++ reports errors by exception; this is the edge where they become values.
  try {
    table = toml::parse(text, name);
  } catch (const toml::parse_error& error) {
    // It quotes the text around the error as it stands there, line ends included: a message is one line.
    return fail(ErrorCode::invalid_argument, place(name, error.source()) + ": " + printable(error.description(), 300));
  }
  const Setters setters = setters_of(options);
  for (const auto& [key, node] : table) {
    const auto setter = setters.find(key.str());
    if (setter == setters.end()) {
      return fail(ErrorCode::invalid_argument, place(name, key.source()) + ": unknown option '" + printable(key.str()) +
                                                   "'; there are: " + known_keys(setters));
    }
    if (auto set = setter->second(node); !set) {
      return fail(ErrorCode::invalid_argument,
                  place(name, node.source()) + ": option " + setter->first + " " + set.error().message);
    }
  }
  return {};
}

Result<void> load_config(const std::string& path, NodeOptions& options) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorCode::invalid_argument, "cannot read the configuration file '" + path + "': check that it exists");
  // Read by blocks: an iterator would throw on what is no file, such as a directory.
  std::string text;
  char block[4096];
  while (file.read(block, sizeof block) || file.gcount() > 0) text.append(block, static_cast<std::size_t>(file.gcount()));
  if (file.bad())
    return fail(ErrorCode::invalid_argument,
                "cannot read the configuration file '" + path + "': check that it is a file, not a directory");
  return apply_config(text, path, options);
}

}  // namespace latium
