// StatementCache: prepared statements of texts that may be run again. The one that was used longest ago goes first.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "relational/sql/connection.h"
#include "relational/sql/statement_kind.h"

namespace latium::sql {

class StatementCache {
 public:
  explicit StatementCache(std::size_t capacity) : capacity_(capacity) {}

  /// Null where there is none. The caller has it for himself.
  Prepared take(std::string_view sql) {
    const auto found = by_text_.find(sql);
    if (found == by_text_.end()) return {};
    const auto at = found->second;
    by_text_.erase(found);
    Prepared out = std::move(at->prepared);
    used_.erase(at);
    return out;
  }
  /// What kind it is. Null where there is none.
  const Classified* kind_of(std::string_view sql) const {
    const auto found = by_text_.find(sql);
    return found == by_text_.end() ? nullptr : &found->second->what;
  }
  /// Reset, and without values.
  void put(const std::string& sql, const Classified& what, Prepared statement) {
    if (capacity_ == 0 || by_text_.contains(sql)) return;
    sqlite3_reset(statement.get());
    sqlite3_clear_bindings(statement.get());
    used_.push_front({sql, what, std::move(statement)});
    by_text_.emplace(used_.front().sql, used_.begin());
    if (used_.size() <= capacity_) return;
    by_text_.erase(used_.back().sql);
    used_.pop_back();
  }
  void clear() {
    by_text_.clear();
    used_.clear();
  }
  std::size_t size() const { return used_.size(); }

 private:
  struct Kept {
    std::string sql;
    Classified what;
    Prepared prepared;
  };
  using Used = std::list<Kept>;

  std::size_t capacity_;
  Used used_;  // the last one in front
  std::unordered_map<std::string_view, Used::iterator> by_text_;
};

}  // namespace latium::sql
