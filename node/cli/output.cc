#include "node/cli/output.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/base64.h"
#include "base/ids.h"
#include "base/utf8.h"
#include "proto/client.pb.h"

namespace latium::cli {

namespace {

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

// What a terminal shows as one character each.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string escaped(BytesView bytes) {
  return printable(bytes, 4 * bytes.size());
}

}  // namespace

void add_key(Json& object, BytesView key, Encoding encoding) {
  const bool text = encoding == Encoding::text && is_utf8(key);
  object["key"] = text ? std::string(key) : base64_encode(key);
  if (!text) object["key_encoding"] = "base64";
}

void add_values(Json& object, const std::vector<BytesView>& values, Encoding encoding) {
  const bool text = encoding == Encoding::text && std::ranges::all_of(values, is_utf8);
  Json array = Json::array();
  for (const BytesView value : values) array.push_back(text ? std::string(value) : base64_encode(value));
  object["values"] = std::move(array);
  if (!text) object["encoding"] = "base64";
}

void add_value(Json& object, const std::string& name, std::optional<BytesView> value) {
  const bool text = !value || is_utf8(*value);
  object[name] = !value ? Json(nullptr) : Json(text ? std::string(*value) : base64_encode(*value));
  if (!text) object[name + "_encoding"] = "base64";
}

std::string context_text(BytesView context) {
  return base64_encode(context);
}

Json to_json(const client::Stats& stats) {
  return {{"round_trips", stats.round_trips()},
          {"wan_round_trips", stats.wan_round_trips()},
          {"replicas_asked", stats.replicas_asked()},
          {"bytes", stats.bytes()}};
}

Json to_json(const client::Tenant& tenant) {
  Json buckets = Json::array();
  for (const std::string& bucket : tenant.buckets()) buckets.push_back(bucket);
  return {{"name", tenant.name()},
          {"placement", tenant.placement()},
          {"partitions", tenant.partitions()},
          {"buckets", std::move(buckets)},
          {"version", tenant.version()}};
}

Json to_json(const client::StatusResponse& status) {
  Json not_up = Json::array();
  for (const auto& node : status.not_up()) {
    not_up.push_back(
        {{"id", to_hex(node.id())}, {"address", node.address()}, {"site", node.site()}, {"liveness", node.liveness()}});
  }
  Json hints = Json::array();
  for (const auto& each : status.hints()) {
    hints.push_back({{"node", to_hex(each.node_id())},
                     {"address", each.address()},
                     {"count", each.count()},
                     {"bytes", each.bytes()},
                     {"age_ms", each.age_ms()},
                     {"dropped", each.dropped()}});
  }
  return {{"node", to_hex(status.node_id())},
          {"site", status.site()},
          {"state", status.state()},
          {"epoch", status.epoch()},
          {"uptime_ms", status.uptime_ms()},
          {"tenants", status.tenants()},
          {"keys", status.keys()},
          {"hints", {{"count", status.hints_count()}, {"bytes", status.hints_bytes()}, {"nodes", std::move(hints)}}},
          {"cluster", to_hex(status.cluster_id())},
          {"rack", status.rack()},
          {"role", status.role()},
          {"state_reason", status.state_reason()},
          {"incarnation", status.incarnation()},
          {"version", status.version()},
          {"listen", status.listen()},
          {"disk_bytes", status.disk_bytes()},
          {"memory_bytes", status.memory_bytes()},
          {"block_cache_bytes", status.block_cache_bytes()},
          {"requests", status.requests()},
          {"connections", status.connections()},
          {"work",
           {{"log_syncs", status.work().log_syncs()},
            {"commit_groups", status.work().commit_groups()},
            {"commit_batches", status.work().commit_batches()},
            {"requests_to_nodes", status.work().requests_to_nodes()},
            {"net_bytes_sent", status.work().net_bytes_sent()},
            {"net_bytes_received", status.work().net_bytes_received()}}},
          {"members",
           {{"up", status.members_up()},
            {"suspect", status.members_suspect()},
            {"down", status.members_down()},
            {"not_up", std::move(not_up)}}}};
}

Json to_json(const Error& error) {
  return {{"error", error_line(error)},
          {"code", std::string(to_string(error.code))},
          {"certainty", std::string(to_string(error.certainty))}};
}

std::string json_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string error_line(const Error& error) {
  return for_one_line(error.message);
}

std::string for_terminal(BytesView bytes) {
  const auto shown = [](char c) { return !is_control(c) || c == '\n' || c == '\t'; };
  return is_utf8(bytes) && std::ranges::all_of(bytes, shown) ? std::string(bytes) : escaped(bytes);
}

std::string for_one_line(BytesView bytes) {
  return is_utf8(bytes) && std::ranges::none_of(bytes, is_control) ? std::string(bytes) : escaped(bytes);
}

void print_table(std::ostream& out, const std::vector<std::vector<std::string>>& rows) {
  if (rows.empty()) return;
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - width_of(row[i]) + 2, ' ');
    }
    out << line << '\n';
  }
}

void print_fields(std::ostream& out, const std::vector<std::pair<std::string, std::string>>& fields) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, value] : fields) {
    if (!value.empty()) rows.push_back({name, value});
  }
  print_table(out, rows);
}

}  // namespace latium::cli
