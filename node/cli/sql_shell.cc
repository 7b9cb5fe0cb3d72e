#include "node/cli/sql_shell.h"

#include <algorithm>
#include <chrono>
#include <ostream>

namespace latium::cli {

namespace {

constexpr std::string_view kHelp =
    ".tables [LIKE]      tables and views\n"
    ".schema [LIKE]      the statements that made them\n"
    ".indexes [LIKE]     indexes of these tables\n"
    ".explain STATEMENT  what it would cost: plan, sites, round trips, bytes\n"
    ".stats [on|off]     what the session cost; on: after each statement what that cost\n"
    ".timer on|off       after each statement how long it took\n"
    ".mode MODE          table, csv, json or line\n"
    ".help, .quit\n"
    "Anything else is SQL in the dialect of SQLite; a statement ends with ;\n";

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n;") - begin + 1);
}

// As a text of SQL: quotes doubled.
std::string literal(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out.append(c == '\'' ? 2 : 1, c);
  return out + "'";
}

std::string like(std::string_view column, std::string_view pattern) {
  if (pattern.empty()) return "";
  return " AND " + std::string(column) + " LIKE " + literal(pattern);
}

std::string cost_line(const client::SqlStats& stats) {
  return "round trips " + std::to_string(stats.round_trips()) + " (" + std::to_string(stats.wan_round_trips()) +
         " between sites), bytes " + std::to_string(stats.bytes()) + ", batches " + std::to_string(stats.batches()) +
         ", rows read " + std::to_string(stats.rows_read()) + ", returned " + std::to_string(stats.rows_returned()) +
         ", cache hits " + std::to_string(stats.cache_hits());
}

std::string milliseconds(Duration duration) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  std::string fraction = std::to_string(us % 1000);
  fraction.insert(0, 3 - fraction.size(), '0');
  return std::to_string(us / 1000) + "." + fraction;
}

}  // namespace

std::string SqlShell::prompt() const {
  const std::string name = sql_.tenant() + (sql_.in_transaction() ? "*" : "");
  return splitter_.waits() ? std::string(name.size() > 3 ? name.size() - 3 : 0, ' ') + "...> " : name + "> ";
}

Result<void> SqlShell::line(const std::string& text) {
  if (!splitter_.waits() && trimmed(text).starts_with('.')) return dot(std::string(trimmed(text)));
  for (const std::string& statement : splitter_.add(text + "\n")) LATIUM_CHECKED(run(statement));
  return {};
}

Result<void> SqlShell::finish() {
  const std::string rest = splitter_.finish();
  return rest.empty() ? Result<void>() : run(rest);
}

Result<void> SqlShell::run(const std::string& statement) {
  LATIUM_CHECKED(check_text("the statement", statement));
  return show(statement);
}

Result<void> SqlShell::show(const std::string& statement) {
  const auto printer = make_sql_printer(mode_, context_.out);
  client::SqlStats stats;
  const MonotonicTime began = sql_.now();
  LATIUM_CHECKED(sql_.run(statement, [&](const client::SqlPage& page) {
    printer->page(page);
    stats.CopyFrom(page.stats());
  }));
  printer->finish();
  if (shows_stats_) context_.out << cost_line(stats) << '\n';
  if (shows_time_) context_.out << "took " << milliseconds(sql_.now() - began) << " ms\n";
  context_.out.flush();
  return {};
}

Result<void> SqlShell::set_flag(std::string_view name, std::string_view argument, bool& flag) {
  if (argument != "on" && argument != "off") return fail(ErrorCode::invalid_argument, std::string(name) + " wants on or off");
  flag = argument == "on";
  return {};
}

Result<void> SqlShell::totals() {
  LATIUM_TRY(const auto state, sql_.state());
  if (mode_ == SqlMode::json) {
    context_.print({{"in_transaction", state.in_transaction()}, {"stats", to_json(state.stats())}});
  } else {
    context_.out << cost_line(state.stats()) << '\n';
  }
  return {};
}

Result<void> SqlShell::dot(const std::string& text) {
  const std::size_t space = std::min(text.find_first_of(" \t"), text.size());
  const std::string_view name = std::string_view(text).substr(0, space);
  const std::string_view argument = trimmed(std::string_view(text).substr(space));
  const std::string own = " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
  if (name == ".quit" || name == ".exit") {
    ends_ = true;
    return {};
  }
  if (name == ".help") {
    context_.out << kHelp;
    return {};
  }
  if (name == ".tables") {
    return show("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')" + own + like("name", argument) +
                " ORDER BY name");
  }
  if (name == ".schema") {
    return show("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL" + own + like("tbl_name", argument) +
                " ORDER BY tbl_name, type DESC, name");
  }
  if (name == ".indexes") {
    return show("SELECT name, tbl_name AS \"table\" FROM sqlite_master WHERE type = 'index'" + like("tbl_name", argument) +
                " ORDER BY tbl_name, name");
  }
  if (name == ".explain") {
    if (argument.empty()) return fail(ErrorCode::invalid_argument, ".explain wants a statement behind it, in one line");
    return show("EXPLAIN LATIUM " + std::string(argument));
  }
  if (name == ".stats") return argument.empty() ? totals() : set_flag(name, argument, shows_stats_);
  if (name == ".timer") return set_flag(name, argument, shows_time_);
  if (name == ".mode") {
    LATIUM_TRY(mode_, parse_sql_mode(argument));
    return {};
  }
  return fail(ErrorCode::invalid_argument, "there is no command '" + for_one_line(name) + "': .help lists them");
}

}  // namespace latium::cli
