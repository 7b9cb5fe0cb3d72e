#include "relational/row_turns.h"

#include <boost/asio/post.hpp>

#include "runtime/deadline.h"

namespace latium {

Task<RowTurns::Turn> RowTurns::take(Bytes row, MonotonicTime deadline) {
  auto& known = (*rows_)[row];
  if (!known) known = std::make_unique<Row>();
  Row& at = *known;
  ++at.users;
  auto permit = co_await with_deadline(runtime_, deadline, at.one.acquire());
  if (!permit) {
    leave(*rows_, row);
    co_return fail(std::move(permit).error());
  }
  at.given.emplace(*std::move(permit));
  co_return Turn({.executor = runtime_.executor, .rows = rows_, .row = std::move(row)});
}

void RowTurns::note_conflict(const Bytes& row) {
  constexpr std::size_t kConflictsMax = 4096;
  constexpr Duration kConflictsCountFor = std::chrono::seconds(10);
  // Those that are forgotten too early are met again.
  if (conflicts_.size() >= kConflictsMax) conflicts_.clear();
  conflicts_.insert_or_assign(row, saturating_add(runtime_.clock.monotonic_now(), kConflictsCountFor));
}

bool RowTurns::is_contended(const Bytes& row) const {
  if (conflicts_.empty()) return false;
  const auto found = conflicts_.find(row);
  return found != conflicts_.end() && runtime_.clock.monotonic_now() < found->second;
}

void RowTurns::leave(Rows& rows, const Bytes& row) {
  const auto at = rows.find(row);
  if (--at->second->users == 0) rows.erase(at);
}

void RowTurns::Turn::give_back() {
  if (!state_) return;
  const Executor executor = state_->executor;
  boost::asio::post(executor, [state = std::move(state_)] {
    const auto rows = state->rows.lock();
    if (!rows) return;
    // Out of the row first: the next one may put its own there as soon as this one goes.
    std::optional<Permit> given = std::exchange(rows->at(state->row)->given, std::nullopt);
    given.reset();
    leave(*rows, state->row);
  });
}

}  // namespace latium
