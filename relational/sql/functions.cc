#include "relational/sql/functions.h"

#include <memory>
#include <regex>
#include <string>

namespace latium::sql {

namespace {

constexpr std::size_t kSubjectMax = 64u << 10;  // std::regex recurses: longer texts could run out of stack
constexpr std::size_t kPatternMax = 1u << 10;

std::string text_of(sqlite3_value* value) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  return text == nullptr ? std::string() : std::string(text, static_cast<std::size_t>(sqlite3_value_bytes(value)));
}

void regexp(sqlite3_context* context, int, sqlite3_value** arguments) {
  if (sqlite3_value_type(arguments[0]) == SQLITE_NULL || sqlite3_value_type(arguments[1]) == SQLITE_NULL) {
    return sqlite3_result_null(context);
  }
  auto* pattern = static_cast<std::regex*>(sqlite3_get_auxdata(context, 0));
  std::unique_ptr<std::regex> made;
  const std::string subject = text_of(arguments[1]);
  if (subject.size() > kSubjectMax) return sqlite3_result_error(context, "regexp: the text is longer than 64 KiB", -1);
  try {
    if (pattern == nullptr) {
      const std::string text = text_of(arguments[0]);
      if (text.size() > kPatternMax) return sqlite3_result_error(context, "regexp: the pattern is longer than 1 KiB", -1);
      made = std::make_unique<std::regex>(text, std::regex::ECMAScript);
      pattern = made.get();
    }
    sqlite3_result_int(context, std::regex_search(subject, *pattern) ? 1 : 0);
  } catch (const std::regex_error& error) {
    return sqlite3_result_error(context, error.what(), -1);
  }
  if (made) sqlite3_set_auxdata(context, 0, made.release(), [](void* kept) { delete static_cast<std::regex*>(kept); });
}

void site(sqlite3_context* context, int, sqlite3_value**) {
  const auto& hub = *static_cast<Hub*>(sqlite3_user_data(context));
  const std::string name = hub.access->site();
  sqlite3_result_text(context, name.c_str(), static_cast<int>(name.size()), SQLITE_TRANSIENT);
}

void stats(sqlite3_context* context, int, sqlite3_value**) {
  const auto& hub = *static_cast<Hub*>(sqlite3_user_data(context));
  const SqlStats cost = hub.access->cost();
  std::string out = "{";
  const auto add = [&](const char* name, std::uint64_t value) {
    out += (out.size() > 1 ? ",\"" : "\"") + std::string(name) + "\":" + std::to_string(value);
  };
  add("round_trips", cost.round_trips);
  add("wan_round_trips", cost.wan_round_trips);
  add("bytes", cost.bytes);
  add("batches", hub.stats.batches);
  add("rows_read", hub.stats.rows_read);
  add("rows_returned", hub.stats.rows_returned);
  add("cache_hits", hub.stats.cache_hits);
  out += "}";
  sqlite3_result_text(context, out.c_str(), static_cast<int>(out.size()), SQLITE_TRANSIENT);
}

}  // namespace

Result<void> add_functions(sqlite3* db, Hub& hub) {
  constexpr int kPure = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  int code = sqlite3_create_function_v2(db, "regexp", 2, kPure, nullptr, regexp, nullptr, nullptr, nullptr);
  if (code == SQLITE_OK)
    code = sqlite3_create_function_v2(db, "latium_site", 0, SQLITE_UTF8, &hub, site, nullptr, nullptr, nullptr);
  if (code == SQLITE_OK)
    code = sqlite3_create_function_v2(db, "latium_stats", 0, SQLITE_UTF8, &hub, stats, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(error_of(db, code));
  return {};
}

}  // namespace latium::sql
