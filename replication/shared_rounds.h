// SharedRounds: several calls that ask the same at the same time are answered by one round of messages. A call joins a round only
// before that has sent anything, so it is told everything that was so when the call began.
#pragma once

#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/bytes.h"
#include "runtime/sync.h"

namespace latium {

/// Loop thread only. At most one round of a name waits to begin; those who come while it does are told what it finds.
template <class T>
class SharedRounds {
 public:
  struct Round {
    Event ended;
    std::optional<T> found;  ///< nothing: it failed, and those who waited for it ask themselves
  };
  class Lead;

  /// The round of this name that has not begun; null: there is none.
  std::shared_ptr<Round> open(const Bytes& name) const {
    const auto entry = entries_.find(name);
    return entry == entries_.end() ? nullptr : entry->second.open;
  }
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::shared_ptr<Round> open;
    std::shared_ptr<Round> under_way;  // the latest to begin
  };
  std::unordered_map<Bytes, Entry> entries_;
};

/// Of whoever carries a round out. The round ends with it, however that ends. `rounds` outlives it.
template <class T>
class SharedRounds<T>::Lead {
 public:
  /// Precondition: none is open under this name.
  Lead(SharedRounds& rounds, Bytes name) : rounds_(rounds), name_(std::move(name)), round_(std::make_shared<Round>()) {
    rounds_.entries_[name_].open = round_;
  }
  Lead(const Lead&) = delete;
  Lead& operator=(const Lead&) = delete;
  ~Lead() {
    Entry& entry = rounds_.entries_[name_];
    if (entry.open == round_) entry.open.reset();
    if (entry.under_way == round_) entry.under_way.reset();
    if (!entry.open && !entry.under_way) rounds_.entries_.erase(name_);
    round_->ended.set();
  }

  /// The round that began before this one and has not ended; null: there is none.
  std::shared_ptr<Round> before() const { return rounds_.entries_[name_].under_way; }
  /// From here on nobody joins.
  void begin() {
    Entry& entry = rounds_.entries_[name_];
    entry.open.reset();
    entry.under_way = round_;
  }
  void found(const T& what) { round_->found = what; }

 private:
  SharedRounds& rounds_;
  const Bytes name_;
  const std::shared_ptr<Round> round_;
};

}  // namespace latium
