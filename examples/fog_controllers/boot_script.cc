#include "examples/fog_controllers/boot_script.h"

#include <algorithm>
#include <utility>

namespace fog {

namespace {

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// "table.column" or "column" that is compared with, or set to, what stands at `place`. Empty: something else.
std::string_view compared(std::string_view sql, std::size_t place) {
  std::size_t end = place;
  while (end > 0 && (sql[end - 1] == ' ' || sql[end - 1] == '=')) --end;
  if (!sql.substr(end, place - end).contains('=')) return {};
  std::size_t begin = end;
  while (begin > 0 && (is_name(sql[begin - 1]) || sql[begin - 1] == '.')) --begin;
  return sql.substr(begin, end - begin);
}

// Whose id a column holds; empty: nobody's.
std::string owner_of(const Trace& trace, std::string_view table, std::string_view column) {
  for (const TableRecord& known : trace.tables) {
    if (known.name != table) continue;
    if (column == "id") return known.name;
    for (const Reference& key : known.references) {
      if (key.columns == std::vector<std::string>{std::string(column)} && key.referenced == std::vector<std::string>{"id"})
        return key.table;
    }
  }
  return {};
}

Parameter parameter_of(const Trace& trace, std::string_view table, std::string_view column) {
  std::string owner = owner_of(trace, table, column);
  return owner.empty() ? Parameter{} : Parameter{Role::row_id, std::move(owner)};
}

std::vector<Parameter> inserted(const Trace& trace, std::string_view sql) {
  const std::string_view head = "INSERT INTO ";
  const std::size_t open = sql.find('(');
  const std::string_view table = sql.substr(head.size(), open - 1 - head.size());
  std::vector<Parameter> out;
  std::string_view rest = sql.substr(open + 1, sql.find(')') - open - 1);
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(", "), rest.size());
    out.push_back(parameter_of(trace, table, rest.substr(0, comma)));
    rest.remove_prefix(std::min(comma + 2, rest.size()));
  }
  return out;
}

constexpr std::string_view kOfProvider = "UPDATE resource_providers SET updated_at=?, generation=?";
constexpr std::string_view kByHost = "SELECT instances.host, instances.uuid";

bool is_by_provider(const std::string& sql) {
  return sql.ends_with("WHERE a.resource_provider_id = ?");
}

}  // namespace

std::int64_t HostLedger::boots(const std::string& host) const {
  const auto found = boots_.find(host);
  return found == boots_.end() ? 0 : found->second;
}

std::vector<Parameter> parameters_of(const Trace& trace, const Shape& shape) {
  if (shape.kind == Kind::insert) return inserted(trace, shape.sql);
  std::vector<Parameter> out;
  for (std::size_t place = shape.sql.find('?'); place != std::string::npos; place = shape.sql.find('?', place + 1)) {
    const std::string_view left = compared(shape.sql, place);
    const std::size_t dot = left.find('.');
    Parameter parameter;
    if (shape.sql.starts_with(kOfProvider) && left.ends_with("generation")) {
      parameter.role = dot == std::string_view::npos ? Role::next_generation : Role::generation;
    } else if (dot != std::string_view::npos) {
      parameter = parameter_of(trace, left.substr(0, dot), left.substr(dot + 1));
    }
    out.push_back(std::move(parameter));
  }
  return out;
}

BootScript::BootScript(const Trace& trace, std::size_t boot, std::string name, const HostLedger& ledger, Random& random)
    : trace_(trace), number_(boot), boot_(trace.boots.at(boot)), name_(std::move(name)), ledger_(ledger) {
  for (const std::string& token : boot_.tokens) fresh_.emplace_back(token, fresh_token(token, name_, random));
}

std::string BootScript::replaced(std::string text) const {
  for (const auto& [recorded, fresh] : fresh_) {
    for (std::size_t at = text.find(recorded); at != std::string::npos; at = text.find(recorded, at + fresh.size())) {
      text.replace(at, recorded.size(), fresh);
    }
  }
  return text;
}

std::vector<Value> BootScript::bind(const std::string& database, const RecordedStatement& statement) const {
  const std::vector<Parameter>& roles = trace_.shapes[statement.shape].parameters;
  std::vector<Value> out = statement.parameters;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const Parameter role = i < roles.size() ? roles[i] : Parameter{};
    if (const auto* text = out[i].get_if<std::string>()) {
      out[i] = replaced(*text);
    } else if (role.role == Role::generation) {
      out[i] = generation_;
    } else if (role.role == Role::next_generation) {
      out[i] = generation_ + 1;
    } else if (const auto* id = out[i].get_if<std::int64_t>(); id != nullptr && role.role == Role::row_id) {
      const auto given = ids_.find({database, role.table, *id});
      if (given != ids_.end()) out[i] = given->second;
    }
  }
  return out;
}

std::int64_t BootScript::more_on(const std::string& host) const {
  std::int64_t recorded = 0;
  for (std::size_t i = 0; i < number_; ++i) recorded += trace_.boots[i].host == host ? 1 : 0;
  return ledger_.boots(host) - recorded;
}

Expected BootScript::expected(const RecordedStatement& statement) const {
  Expected out{.rows = statement.rows, .changes = statement.changes};
  const std::string& sql = trace_.shapes[statement.shape].sql;
  if (sql.starts_with(kByHost)) {
    out.rows += more_on(statement.parameters.at(1).get<std::string>());
  } else if (is_by_provider(sql)) {
    const auto provider = statement.parameters.at(0).get<std::int64_t>();
    const auto of = std::ranges::find(trace_.boots, provider, &RecordedBoot::provider);
    if (of != trace_.boots.end()) out.rows += of->allocations * more_on(of->host);
  }
  return out;
}

void BootScript::learn(const std::string& database, const RecordedStatement& statement, const Answer& answer) {
  const Shape& shape = trace_.shapes[statement.shape];
  if (statement.inserted_id) {
    const std::string_view rest = std::string_view(shape.sql).substr(std::string_view("INSERT INTO ").size());
    ids_[{database, std::string(rest.substr(0, rest.find(' '))), *statement.inserted_id}] = answer.last_insert_id;
  }
  if (std::ranges::find(answer.columns, "root_provider_uuid") == answer.columns.end() || answer.rows.empty()) return;
  const auto column = std::ranges::find(answer.columns, "generation");
  if (column == answer.columns.end()) return;
  const Value& read = answer.rows[0][static_cast<std::size_t>(column - answer.columns.begin())];
  if (const auto* number = read.get_if<std::int64_t>()) generation_ = *number;
}

}  // namespace fog
