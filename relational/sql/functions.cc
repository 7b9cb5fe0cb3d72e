#include "relational/sql/functions.h"

#include <re2/re2.h>

#include <memory>
#include <string>
#include <string_view>

namespace latium::sql {

namespace {

constexpr std::size_t kPatternMax = 1u << 10;

std::string_view text_of(sqlite3_value* value) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  return text == nullptr ? std::string_view() : std::string_view(text, static_cast<std::size_t>(sqlite3_value_bytes(value)));
}

// RE2: the time is linear in the text, whatever the pattern, so a session's limits hold.
void regexp(sqlite3_context* context, int, sqlite3_value** arguments) {
  if (sqlite3_value_type(arguments[0]) == SQLITE_NULL || sqlite3_value_type(arguments[1]) == SQLITE_NULL) {
    return sqlite3_result_null(context);
  }
  auto* pattern = static_cast<re2::RE2*>(sqlite3_get_auxdata(context, 0));
  std::unique_ptr<re2::RE2> made;
  if (pattern == nullptr) {
    const std::string_view text = text_of(arguments[0]);
    if (text.size() > kPatternMax) return sqlite3_result_error(context, "regexp: the pattern is longer than 1 KiB", -1);
    re2::RE2::Options options;
    options.set_log_errors(false);
    made = std::make_unique<re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
    if (!made->ok()) return sqlite3_result_error(context, ("regexp: " + made->error()).c_str(), -1);
    pattern = made.get();
  }
  const std::string_view subject = text_of(arguments[1]);
  const bool found = re2::RE2::PartialMatch(re2::StringPiece(subject.data(), subject.size()), *pattern);
  sqlite3_result_int(context, found ? 1 : 0);
  if (made) sqlite3_set_auxdata(context, 0, made.release(), [](void* kept) { delete static_cast<re2::RE2*>(kept); });
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
