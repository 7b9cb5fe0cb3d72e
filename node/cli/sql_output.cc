#include "node/cli/sql_output.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/base64.h"
#include "base/utf8.h"

namespace latium::cli {

namespace {

std::string hex_literal(BytesView bytes) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out = "X'";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out + "'";
}

// The shortest that reads back as the same number; always as a real.
std::string text_of(double real) {
  if (std::isinf(real)) return real > 0 ? "Inf" : "-Inf";
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), real).ptr;
  std::string out(buffer.data(), end);
  if (out.find_first_of(".e") == std::string::npos) out += ".0";
  return out;
}

std::string text_of(const client::SqlValue& value) {
  switch (value.kind_case()) {
    case client::SqlValue::kInteger:
      return std::to_string(value.integer());
    case client::SqlValue::kReal:
      return text_of(std::bit_cast<double>(value.real()));
    case client::SqlValue::kText:
      return value.text();
    case client::SqlValue::kBlob:
      return hex_literal(value.blob());
    case client::SqlValue::KIND_NOT_SET:
      break;
  }
  return "";
}

Json json_of(const client::SqlValue& value) {
  switch (value.kind_case()) {
    case client::SqlValue::kInteger:
      return value.integer();
    case client::SqlValue::kReal:
      return std::bit_cast<double>(value.real());
    case client::SqlValue::kText:
      if (is_utf8(value.text())) return value.text();
      return {{"base64", base64_encode(value.text())}};
    case client::SqlValue::kBlob:
      return {{"base64", base64_encode(value.blob())}};
    case client::SqlValue::KIND_NOT_SET:
      break;
  }
  return nullptr;
}

class TablePrinter final : public SqlPrinter {
 public:
  explicit TablePrinter(std::ostream& out) : out_(out) {}

  // Pages after the first are aligned among themselves: what came before is printed.
  void page(const client::SqlPage& page) override {
    std::vector<std::vector<std::string>> rows;
    if (page.columns_size() > 0) {
      auto& head = rows.emplace_back();
      for (const std::string& column : page.columns()) head.push_back(for_one_line(column));
      auto& rule = rows.emplace_back();
      for (const std::string& column : page.columns())
        rule.emplace_back(std::max<std::size_t>(for_one_line(column).size(), 1), '-');
    }
    for (const client::SqlRow& row : page.rows()) {
      auto& cells = rows.emplace_back();
      for (const client::SqlValue& value : row.values()) {
        cells.push_back(value.kind_case() == client::SqlValue::KIND_NOT_SET ? "NULL" : for_one_line(text_of(value)));
      }
    }
    print_table(out_, rows);
  }

 private:
  std::ostream& out_;
};

class CsvPrinter final : public SqlPrinter {
 public:
  explicit CsvPrinter(std::ostream& out) : out_(out) {}

  void page(const client::SqlPage& page) override {
    std::vector<std::string> fields(page.columns().begin(), page.columns().end());
    if (!fields.empty()) line(fields);
    for (const client::SqlRow& row : page.rows()) {
      fields.clear();
      for (const client::SqlValue& value : row.values()) fields.push_back(text_of(value));
      line(fields);
    }
  }

 private:
  void line(const std::vector<std::string>& fields) {
    std::string text;
    for (const std::string& field : fields) {
      if (&field != &fields.front()) text += ',';
      if (field.find_first_of(",\"\r\n") == std::string::npos) {
        text += field;
        continue;
      }
      text += '"';
      for (const char c : field) text.append(c == '"' ? 2 : 1, c);
      text += '"';
    }
    out_ << text << "\r\n";
  }

  std::ostream& out_;
};

class JsonPrinter final : public SqlPrinter {
 public:
  explicit JsonPrinter(std::ostream& out) : out_(out) {}

  void page(const client::SqlPage& page) override {
    for (const std::string& column : page.columns()) columns_.push_back(column);
    for (const client::SqlRow& row : page.rows()) {
      Json values = Json::array();
      for (const client::SqlValue& value : row.values()) values.push_back(json_of(value));
      rows_.push_back(std::move(values));
    }
    last_.CopyFrom(page);
    last_.clear_rows();
  }
  void finish() override {
    out_ << json_line({{"columns", std::move(columns_)},
                       {"rows", std::move(rows_)},
                       {"changes", last_.changes()},
                       {"last_insert_id", last_.last_insert_id()},
                       {"in_transaction", last_.in_transaction()},
                       {"stats", to_json(last_.stats())}});
  }

 private:
  std::ostream& out_;
  Json columns_ = Json::array();
  Json rows_ = Json::array();
  client::SqlPage last_;
};

class LinePrinter final : public SqlPrinter {
 public:
  explicit LinePrinter(std::ostream& out) : out_(out) {}

  void page(const client::SqlPage& page) override {
    columns_.insert(columns_.end(), page.columns().begin(), page.columns().end());
    std::size_t width = 0;
    for (const std::string& column : columns_) width = std::max(width, column.size());
    for (const client::SqlRow& row : page.rows()) {
      if (!std::exchange(first_, false)) out_ << '\n';
      for (int i = 0; i < row.values_size(); ++i) {
        const std::string& column = columns_.at(static_cast<std::size_t>(i));
        out_ << std::string(width - column.size(), ' ') << for_one_line(column) << " = " << for_terminal(text_of(row.values(i)))
             << '\n';
      }
    }
  }

 private:
  std::ostream& out_;
  std::vector<std::string> columns_;
  bool first_ = true;
};

}  // namespace

Result<SqlMode> parse_sql_mode(std::string_view text) {
  for (const SqlMode mode : {SqlMode::table, SqlMode::csv, SqlMode::json, SqlMode::line}) {
    if (text == to_string(mode)) return mode;
  }
  return fail(ErrorCode::invalid_argument, "mode '" + std::string(text) + "' is unknown: give table, csv, json or line");
}

std::string_view to_string(SqlMode mode) {
  switch (mode) {
    case SqlMode::table:
      return "table";
    case SqlMode::csv:
      return "csv";
    case SqlMode::json:
      return "json";
    case SqlMode::line:
      break;
  }
  return "line";
}

Json to_json(const client::SqlStats& stats) {
  return {{"round_trips", stats.round_trips()},
          {"wan_round_trips", stats.wan_round_trips()},
          {"replicas_asked", stats.replicas_asked()},
          {"bytes", stats.bytes()},
          {"batches", stats.batches()},
          {"rows_read", stats.rows_read()},
          {"rows_returned", stats.rows_returned()},
          {"cache_hits", stats.cache_hits()}};
}

std::unique_ptr<SqlPrinter> make_sql_printer(SqlMode mode, std::ostream& out) {
  switch (mode) {
    case SqlMode::csv:
      return std::make_unique<CsvPrinter>(out);
    case SqlMode::json:
      return std::make_unique<JsonPrinter>(out);
    case SqlMode::line:
      return std::make_unique<LinePrinter>(out);
    case SqlMode::table:
      break;
  }
  return std::make_unique<TablePrinter>(out);
}

}  // namespace latium::cli
