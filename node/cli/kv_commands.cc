#include <CLI/CLI.hpp>
#include <fstream>
#include <istream>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/units.h"
#include "base/utf8.h"
#include "latium/bucket.h"
#include "node/cli/commands.h"
#include "node/cli/kv_options.h"
#include "proto/client.pb.h"
#include "proto/wire.pb.h"
#include "replication/bounds.h"

namespace latium::cli {

namespace {

struct KvOptions {
  std::string target;
  std::string key;
  std::string value;
  std::string encoding = "text";
  std::string durability = "sync";
  std::string level = "quorum";
  std::string context;
  std::string ttl;
  std::string prefix;
  std::string after;
  std::int64_t limit = 0;  // 0: all
  bool keys_only = false;
};

// A key or value as an argument.
Result<Bytes> decode_argument(const char* what, const std::string& text, Encoding encoding) {
  if (encoding == Encoding::text) return text;
  auto bytes = base64_decode(text);
  if (!bytes) return fail(ErrorCode::invalid_argument, std::string(what) + " is not valid base64: " + bytes.error().message);
  return bytes;
}

// One byte more than a value may have is enough to refuse it.
Bytes read_all(std::istream& in) {
  Bytes bytes;
  std::string block(64u << 10, '\0');
  while (bytes.size() <= kMaxValueBytes && in) {
    in.read(block.data(), static_cast<std::streamsize>(block.size()));
    bytes.append(block, 0, static_cast<std::size_t>(in.gcount()));
  }
  return bytes;
}

Result<Bytes> value_argument(Context& context, const std::string& text, Encoding encoding) {
  if (text == "-") return read_all(context.in);
  if (!text.starts_with('@')) return decode_argument("VALUE", text, encoding);
  const std::string path = text.substr(1);
  std::ifstream file(path, std::ios::binary);
  Bytes bytes = read_all(file);
  if (!file.is_open() || file.bad()) {
    return fail(ErrorCode::invalid_argument, "cannot read the value from file '" + path +
                                                 "': check the path; for a value that begins with @, use --encoding base64");
  }
  return bytes;
}

/// What get, put and delete have in common.
struct KeyRequest {
  Target target;
  Bytes key;
  Encoding encoding = Encoding::text;
};

Result<KeyRequest> key_request(const KvOptions& options) {
  KeyRequest request;
  LATIUM_TRY(request.target, parse_target(options.target));
  LATIUM_TRY(request.encoding, parse_encoding(options.encoding));
  LATIUM_TRY(request.key, decode_argument("KEY", options.key, request.encoding));
  LATIUM_CHECKED(check_key(request.key));
  return request;
}

std::string shown_key(const KeyRequest& request) {
  return request.encoding == Encoding::text ? for_one_line(request.key) : base64_encode(request.key);
}

Result<int> put(Context& context, const KvOptions& options) {
  LATIUM_TRY(KeyRequest key, key_request(options));
  client::KvPutRequest request;
  LATIUM_TRY(*request.mutable_value(), value_argument(context, options.value, key.encoding));
  LATIUM_CHECKED(check_value(key.key, request.value()));
  LATIUM_TRY(const auto durability, parse_durability(options.durability));
  request.set_tenant(key.target.tenant);
  request.set_bucket(key.target.bucket);
  request.set_key(key.key);
  request.set_durability(durability);
  LATIUM_TRY(const auto level, parse_level("--w", options.level));
  request.set_level(level);
  LATIUM_TRY(*request.mutable_context(), parse_context(options.context));
  if (!options.ttl.empty()) {
    LATIUM_TRY(const auto ttl, parse_duration(options.ttl));
    if (ttl.count() <= 0) return fail(ErrorCode::invalid_argument, "--ttl " + options.ttl + " must be more than nothing");
    request.set_ttl_ms(static_cast<std::uint64_t>(ttl.count()));
  }
  LATIUM_TRY(const auto response, context.write<client::KvPutResponse>(wire::METHOD_KV_PUT, request));
  if (context.options.json) {
    Json json = Json::object();
    add_key(json, key.key, key.encoding);
    json["version"] = to_hex(response.version());
    json["context"] = context_text(response.context());
    json["stats"] = to_json(response.stats());
    context.print(json);
  }
  return 0;
}

void print_value(Context& context, BytesView value, Encoding encoding) {
  if (encoding == Encoding::base64) {
    context.out << base64_encode(value) << '\n';
  } else if (context.environment.out_is_terminal) {
    context.out << for_terminal(value) << '\n';
  } else {
    context.out << value << '\n';
  }
}

Result<int> get(Context& context, const KvOptions& options) {
  LATIUM_TRY(const KeyRequest key, key_request(options));
  client::KvGetRequest request;
  request.set_tenant(key.target.tenant);
  request.set_bucket(key.target.bucket);
  request.set_key(key.key);
  LATIUM_TRY(const auto level, parse_level("--r", options.level));
  request.set_level(level);
  LATIUM_TRY(const auto response, context.read<client::KvGetResponse>(wire::METHOD_KV_GET, request));
  if (response.values().empty()) {
    return fail(ErrorCode::not_found, "key '" + shown_key(key) + "' not found in " + key.target.to_string());
  }
  if (!context.options.json) {
    for (const std::string& value : response.values()) print_value(context, value, key.encoding);
    return 0;
  }
  Json json = Json::object();
  add_key(json, key.key, key.encoding);
  add_values(json, {response.values().begin(), response.values().end()}, key.encoding);
  json["version"] = to_hex(response.version());
  json["context"] = context_text(response.context());
  const auto nodes = [](const auto& ids) {
    Json out = Json::array();
    for (const std::uint64_t id : ids) out.push_back(to_hex(id));
    return out;
  };
  json["replicas"] = nodes(response.replicas());
  json["behind"] = nodes(response.behind());
  json["stats"] = to_json(response.stats());
  context.print(json);
  return 0;
}

Result<int> remove(Context& context, const KvOptions& options) {
  LATIUM_TRY(const KeyRequest key, key_request(options));
  LATIUM_TRY(const auto durability, parse_durability(options.durability));
  client::KvDeleteRequest request;
  request.set_tenant(key.target.tenant);
  request.set_bucket(key.target.bucket);
  request.set_key(key.key);
  request.set_durability(durability);
  LATIUM_TRY(const auto level, parse_level("--w", options.level));
  request.set_level(level);
  LATIUM_TRY(*request.mutable_context(), parse_context(options.context));
  LATIUM_TRY(const auto response, context.write<client::KvDeleteResponse>(wire::METHOD_KV_DELETE, request));
  if (context.options.json) {
    Json json = Json::object();
    add_key(json, key.key, key.encoding);
    json["existed"] = response.existed();
    json["stats"] = to_json(response.stats());
    context.print(json);
  } else if (!response.existed()) {
    context.note("key '" + shown_key(key) + "' was not there");
  }
  return 0;
}

// Lines for people: the keys of a page aligned on a terminal, a tab behind them elsewhere.
void print_page(Context& context, const client::KvScanResponse& page, const KvOptions& options, Encoding encoding) {
  const auto shown = [encoding](BytesView bytes) {
    return encoding == Encoding::base64 ? base64_encode(bytes) : for_one_line(bytes);
  };
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : page.items()) {
    if (options.keys_only) {
      rows.push_back({shown(item.key())});
    } else if (context.environment.out_is_terminal) {
      rows.push_back({shown(item.key()), shown(item.value())});
      for (const std::string& sibling : item.siblings()) rows.push_back({shown(item.key()), shown(sibling)});
    } else {
      rows.push_back({shown(item.key()) + "\t" + shown(item.value())});
      for (const std::string& sibling : item.siblings()) rows.push_back({shown(item.key()) + "\t" + shown(sibling)});
    }
  }
  print_table(context.out, rows);
}

void print_page_as_json(Context& context, const client::KvScanResponse& page, const KvOptions& options, Encoding encoding) {
  for (const auto& item : page.items()) {
    Json json = Json::object();
    add_key(json, item.key(), encoding);
    std::vector<BytesView> values{item.value()};
    for (const std::string& sibling : item.siblings()) values.push_back(sibling);
    if (!options.keys_only) add_values(json, values, encoding);
    json["version"] = to_hex(item.version());
    context.print(json);
  }
}

Result<int> scan(Context& context, const KvOptions& options) {
  constexpr std::uint64_t kPage = 1000;
  LATIUM_TRY(const Target target, parse_target(options.target));
  LATIUM_TRY(const Encoding encoding, parse_encoding(options.encoding));
  client::KvScanRequest request;
  request.set_tenant(target.tenant);
  request.set_bucket(target.bucket);
  LATIUM_TRY(*request.mutable_prefix(), decode_argument("--prefix", options.prefix, encoding));
  LATIUM_TRY(*request.mutable_after(), decode_argument("--after", options.after, encoding));
  LATIUM_TRY(const auto level, parse_level("--r", options.level));
  request.set_level(level);
  if (options.limit < 0) return fail(ErrorCode::invalid_argument, "--limit must not be negative");
  std::uint64_t left = options.limit == 0 ? ~std::uint64_t{0} : static_cast<std::uint64_t>(options.limit);
  while (left > 0 && context.out) {
    request.set_limit(static_cast<std::uint32_t>(std::min(left, kPage)));
    LATIUM_TRY(const auto page, context.read<client::KvScanResponse>(wire::METHOD_KV_SCAN, request));
    if (context.options.json) {
      print_page_as_json(context, page, options, encoding);
    } else {
      print_page(context, page, options, encoding);
    }
    left -= std::min<std::uint64_t>(left, static_cast<std::uint64_t>(page.items_size()));
    if (!page.more() || page.items().empty()) break;
    request.set_after(page.items().rbegin()->key());
  }
  return 0;
}

using Run = Result<int> (*)(Context&, const KvOptions&);

CLI::App* add_command(CLI::App& kv, const char* name, const char* text, const std::shared_ptr<KvOptions>& options, Run run,
                      const Choose& choose) {
  CLI::App* command = kv.add_subcommand(name, text);
  command->add_option("BUCKET", options->target, "The bucket")->required()->option_text("TENANT/BUCKET");
  command->add_option("--encoding", options->encoding, "Of keys and values, given and shown: text (default) or base64")
      ->option_text("ENCODING");
  command->callback([choose, options, run] { choose([options, run](Context& context) { return run(context, *options); }); });
  return command;
}

void add_level(CLI::App& command, const char* option, KvOptions& options) {
  command.add_option(option, options.level, "Copies that have to answer: one, quorum (default), all, local_quorum")
      ->option_text("LEVEL");
}

void add_context(CLI::App& command, KvOptions& options, const char* text) {
  command.add_option("--context", options.context, text)->option_text("CONTEXT");
}

void add_durability(CLI::App& command, KvOptions& options) {
  command.add_option("--durability", options.durability, "sync (default): on the disk; buffered: in the operating system")
      ->option_text("DURABILITY");
}

}  // namespace

Result<Target> parse_target(const std::string& text) {
  LATIUM_CHECKED(check_text("the bucket", text));
  return Target::parse(text);
}

Result<Encoding> parse_encoding(const std::string& text) {
  if (text == "text") return Encoding::text;
  if (text == "base64") return Encoding::base64;
  return fail(ErrorCode::invalid_argument, "--encoding '" + text + "' must be text or base64");
}

Result<client::Durability> parse_durability(const std::string& text) {
  if (text == "sync") return client::DURABILITY_SYNC;
  if (text == "buffered") return client::DURABILITY_BUFFERED;
  return fail(ErrorCode::invalid_argument, "--durability '" + text + "' must be sync or buffered");
}

Result<client::Level> parse_level(const char* option, const std::string& text) {
  if (text == "quorum") return client::LEVEL_QUORUM;
  if (text == "one") return client::LEVEL_ONE;
  if (text == "all") return client::LEVEL_ALL;
  if (text == "local_quorum") return client::LEVEL_LOCAL_QUORUM;
  return fail(ErrorCode::invalid_argument, std::string(option) + " '" + text + "' must be one, quorum, all or local_quorum");
}

Result<Bytes> parse_context(const std::string& text) {
  auto bytes = base64_decode(text);
  if (bytes) return bytes;
  return fail(ErrorCode::invalid_argument, "--context '" + text + "' is none that latium kv get --json has shown");
}

void add_kv_commands(CLI::App& app, const Choose& choose) {
  const auto options = std::make_shared<KvOptions>();
  CLI::App* kv = app.add_subcommand("kv", "Keys and values of a bucket");
  kv->require_subcommand(1);
  CLI::App* put_command = add_command(*kv, "put", "Write a key", options, put, choose);
  put_command->add_option("KEY", options->key, "1 byte to 64 KiB")->required();
  put_command->add_option("VALUE", options->value, "At most 16 MiB; - reads it from stdin, @FILE from a file, byte by byte")
      ->required();
  add_durability(*put_command, *options);
  add_level(*put_command, "--w", *options);
  add_context(*put_command, *options, "As kv get --json shows it: the value replaces what was read");
  put_command->add_option("--ttl", options->ttl, "How long the value is seen (default: until it is deleted)")
      ->option_text("DURATION");
  CLI::App* get_command = add_command(*kv, "get", "Read a key", options, get, choose);
  get_command->add_option("KEY", options->key, "The key")->required();
  add_level(*get_command, "--r", *options);
  CLI::App* delete_command = add_command(*kv, "delete", "Remove a key", options, remove, choose);
  delete_command->add_option("KEY", options->key, "The key")->required();
  add_durability(*delete_command, *options);
  add_level(*delete_command, "--w", *options);
  add_context(*delete_command, *options, "Of a bucket with siblings: delete only what was read");
  CLI::App* scan_command = add_command(*kv, "scan", "Keys in order, with their values", options, scan, choose);
  scan_command->add_option("--prefix", options->prefix, "Only keys that begin with it");
  scan_command->add_option("--after", options->after, "Only keys above this one")->option_text("KEY");
  scan_command->add_option("--limit", options->limit, "At most that many keys (default: all)")->option_text("N");
  add_level(*scan_command, "--r", *options);
  scan_command->add_flag("--keys-only", options->keys_only, "Without values");
  add_import_command(*kv, choose);
  add_export_command(*kv, choose);
}

}  // namespace latium::cli
