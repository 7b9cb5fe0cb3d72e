// StatementCache: prepared statements of texts that may be run again. The one that was used longest ago goes first.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "relational/sql/connection.h"

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
    Prepared out = std::move(at->second);
    used_.erase(at);
    return out;
  }
  /// Reset, and without values.
  void put(const std::string& sql, Prepared statement) {
    if (capacity_ == 0 || by_text_.contains(sql)) return;
    sqlite3_reset(statement.get());
    sqlite3_clear_bindings(statement.get());
    used_.emplace_front(sql, std::move(statement));
    by_text_.emplace(used_.front().first, used_.begin());
    if (used_.size() <= capacity_) return;
    by_text_.erase(used_.back().first);
    used_.pop_back();
  }
  void clear() {
    by_text_.clear();
    used_.clear();
  }
  std::size_t size() const { return used_.size(); }

 private:
  using Used = std::list<std::pair<std::string, Prepared>>;

  std::size_t capacity_;
  Used used_;  // the last one in front
  std::unordered_map<std::string_view, Used::iterator> by_text_;
};

}  // namespace latium::sql
