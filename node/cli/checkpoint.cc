#include "node/cli/checkpoint.h"

#include <nlohmann/json.hpp>

#include "node/cli/output.h"

namespace latium::cli {

namespace {

constexpr std::string_view kFormat = "latium-import-1";

std::unexpected<Error> no_checkpoint() {
  return fail(ErrorCode::invalid_argument, "it is no checkpoint of an import");
}

bool number_field(const Json& json, const char* name, std::uint64_t& out) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_number_unsigned()) return false;
  out = found->get<std::uint64_t>();
  return true;
}

bool text_field(const Json& json, const char* name, std::string& out) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_string()) return false;
  out = found->get<std::string>();
  return true;
}

std::unexpected<Error> differs(const std::string& what, const std::string& saved, const std::string& now) {
  return fail(ErrorCode::conflict, "cannot resume: the checkpoint is of " + what + " " + saved + ", not " + now +
                                       "; without --resume the import begins anew");
}

}  // namespace

std::string encode_checkpoint(const Checkpoint& checkpoint) {
  const LinePosition& position = checkpoint.progress.position;
  Json json = {{"format", std::string(kFormat)}, {"cluster", checkpoint.cluster}, {"target", checkpoint.target}};
  if (checkpoint.file_size) json["file_size"] = *checkpoint.file_size;
  json["offset"] = position.offset;
  json["lines"] = position.lines;
  json["crc32c"] = position.crc32c;
  json["imported"] = checkpoint.progress.imported;
  json["bad"] = checkpoint.progress.bad;
  return json_line(json);
}

Result<Checkpoint> decode_checkpoint(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return no_checkpoint();
  Checkpoint checkpoint;
  ImportProgress& progress = checkpoint.progress;
  std::string format;
  std::uint64_t crc = 0;
  const bool good = text_field(json, "format", format) && format == kFormat && text_field(json, "cluster", checkpoint.cluster) &&
                    text_field(json, "target", checkpoint.target) && number_field(json, "offset", progress.position.offset) &&
                    number_field(json, "lines", progress.position.lines) && number_field(json, "crc32c", crc) &&
                    crc <= UINT32_MAX && number_field(json, "imported", progress.imported) &&
                    number_field(json, "bad", progress.bad);
  if (!good) return no_checkpoint();
  progress.position.crc32c = static_cast<std::uint32_t>(crc);
  if (json.contains("file_size")) {
    std::uint64_t size = 0;
    if (!number_field(json, "file_size", size)) return no_checkpoint();
    checkpoint.file_size = size;
  }
  return checkpoint;
}

Result<void> check_resumable(const Checkpoint& saved, const Checkpoint& now) {
  if (saved.target != now.target) return differs("an import into", saved.target, now.target);
  if (saved.cluster != now.cluster) return differs("cluster", saved.cluster, now.cluster);
  if (saved.file_size != now.file_size) {
    const auto text = [](std::optional<std::uint64_t> size) { return size ? std::to_string(*size) + " bytes" : "a stream"; };
    return differs("a file of", text(saved.file_size), text(now.file_size));
  }
  return {};
}

}  // namespace latium::cli
