// RowTurns: transactions of one node that are after the same row go one after the other, once they have got in each other's way.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "runtime/runtime.h"
#include "runtime/sync.h"
#include "runtime/task.h"

namespace latium {

/// First come, first served. No lock: it spares this node's transactions work that would end as a conflict, and one that goes
/// ahead without a turn is only in the way. Loop thread only.
class RowTurns {
  struct Row {
    Semaphore one{1, 4096};
    std::size_t users = 0;
    std::optional<Permit> given{};
  };
  using Rows = std::map<Bytes, std::unique_ptr<Row>>;  // with users

 public:
  /// Somebody's turn at a row, until it dies; on any thread.
  class [[nodiscard]] Turn {
   public:
    Turn() = default;
    Turn(Turn&& other) noexcept = default;
    Turn& operator=(Turn&& other) noexcept {
      give_back();
      state_ = std::exchange(other.state_, nullptr);
      return *this;
    }
    ~Turn() { give_back(); }

    bool is_at(const Bytes& row) const { return state_ != nullptr && state_->row == row; }

   private:
    friend class RowTurns;
    struct State {
      Executor executor;
      std::weak_ptr<Rows> rows;
      Bytes row;
    };
    explicit Turn(State state) : state_(std::make_unique<State>(std::move(state))) {}
    void give_back();

    std::unique_ptr<State> state_;
  };

  explicit RowTurns(Runtime& runtime) : runtime_(runtime) {}

  /// `row`: its register's stored key. Errors: `deadline_exceeded`, `overloaded`, `cancelled`.
  Task<Turn> take(Bytes row, MonotonicTime deadline);
  /// Somebody has a turn at the row, or is about to.
  bool is_taken(const Bytes& row) const { return rows_->contains(row); }

  /// A commit was a conflict at the row.
  void note_conflict(const Bytes& row);
  /// One was, a little while ago: others change the row too.
  bool is_contended(const Bytes& row) const;

 private:
  static void leave(Rows& rows, const Bytes& row);

  Runtime& runtime_;
  std::map<Bytes, MonotonicTime> conflicts_;  // until when they count
  std::shared_ptr<Rows> rows_ = std::make_shared<Rows>();
};

}  // namespace latium
