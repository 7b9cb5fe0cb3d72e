// Which tables and views a session knows.
#include <algorithm>
#include <map>

#include "relational/key_codec.h"
#include "relational/sql/engine.h"
#include "relational/sql/module.h"
#include "relational/sql_tokens.h"

namespace latium::sql {

void Engine::tables_changed() {
  ++hub_.tables_version;
  ++generation_;
  statements_.clear();
}

Result<void> Engine::take(const Schema& schema) {
  LATIUM_CHECKED(hub_.shadow.put(*schema));
  LATIUM_TRY(SqlTable described, hub_.shadow.describe(schema));
  auto table = std::make_shared<const SqlTable>(std::move(described));
  LATIUM_CHECKED(register_table(db_.get(), hub_, table));
  hub_.tables.insert_or_assign(fold_nocase(schema->name), std::move(table));
  tables_changed();
  return {};
}

void Engine::drop(const std::string& folded) {
  const auto known = hub_.tables.find(folded);
  if (known == hub_.tables.end()) return;
  unregister_table(db_.get(), known->second->name);
  (void)hub_.shadow.drop(known->second->name);
  hub_.tables.erase(known);
  tables_changed();
}

Result<void> Engine::refresh() {
  LATIUM_TRY(const std::vector<Schema> all, hub_.access->tables());
  std::map<std::string, Schema> there;
  for (const Schema& schema : all) there.emplace(fold_nocase(schema->name), schema);
  std::vector<std::string> gone;
  for (const auto& [folded, table] : hub_.tables) {
    const auto now = there.find(folded);
    if (now == there.end()) {
      gone.push_back(folded);
    } else if (*now->second == *table->schema) {
      there.erase(now);
    } else {
      // The name of an index that it has lost may be another table's by now: what goes, goes before anything comes.
      LATIUM_CHECKED(hub_.shadow.drop(table->name));
    }
  }
  for (const std::string& folded : gone) drop(folded);
  for (const auto& [folded, schema] : there) LATIUM_CHECKED(take(schema));
  return refresh_views();
}

Result<void> Engine::refresh_views() {
  LATIUM_TRY(const auto all, hub_.access->views());
  for (const std::string& name : views_) {
    const bool same = std::ranges::any_of(
        all, [&](const auto& view) { return view.first == name && view.second == hub_.shadow.text_of("view", name); });
    if (same) continue;
    LATIUM_CHECKED(run(db_.get(), "DROP VIEW IF EXISTS " + quote_name(name)));
    LATIUM_CHECKED(run(hub_.shadow.db(), "DROP VIEW IF EXISTS " + quote_name(name)));
    tables_changed();
  }
  views_.clear();
  for (const auto& [name, sql] : all) {
    views_.push_back(name);
    if (!hub_.shadow.text_of("view", name).empty()) continue;
    LATIUM_CHECKED(run(db_.get(), sql));
    LATIUM_CHECKED(run(hub_.shadow.db(), sql));
    tables_changed();
  }
  return {};
}

}  // namespace latium::sql
