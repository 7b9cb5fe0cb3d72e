#include "tests/sim/workloads/transaction_worker.h"

#include <algorithm>
#include <utility>

#include "runtime/deadline.h"

namespace latium::sim {

namespace {

constexpr std::size_t kKeysAtOnce = 4;
// Rows whose names end so are removed at times. Only these: of them "absent" has more than one meaning, so they are judged less.
constexpr char kRemovable = '0';
constexpr Duration kTimeout = std::chrono::seconds(4);

KeyValue value_of(const std::optional<Bytes>& row) {
  if (!row) return std::nullopt;
  std::vector<Bytes> elements(1);
  for (const char c : *row) {
    if (c == ',') {
      elements.emplace_back();
    } else {
      elements.back().push_back(c);
    }
  }
  return elements;
}

Bytes row_of(const std::vector<Bytes>& elements) {
  Bytes row;
  for (const Bytes& element : elements) row += (row.empty() ? "" : ",") + element;
  return row;
}

}  // namespace

Task<void> TransactionWorker::any() {
  return one(false);
}

Task<void> TransactionWorker::final() {
  return one(true);
}

MonotonicTime TransactionWorker::in(Duration time) const {
  return saturating_add(runtime_.clock.monotonic_now(), time);
}
std::vector<PartitionId> TransactionWorker::all_partitions() const {
  std::vector<PartitionId> out;
  for (std::uint16_t i = 0; i < partitions_; ++i) out.push_back(PartitionId{i});
  return out;
}

Bytes TransactionWorker::generation(std::int64_t back) const {
  const std::int64_t now = run_.now() / run_.new_keys_every;
  const std::string digits = std::to_string(std::max<std::int64_t>(now - back, 0));
  return "k" + std::string(4 - std::min<std::size_t>(digits.size(), 4), '0') + digits;
}
Bytes TransactionWorker::any_key() {
  return generation(random_.chance(0.25) ? 1 : 0) + std::to_string(random_.below(kKeysAtOnce));
}

Task<void> TransactionWorker::one(bool last) {
  Operation begun;
  begun.process = process_;
  begun.op = last ? "final_transaction" : "transaction";
  begun.read_committed = !last && random_.chance(0.15);
  TransactionOptions options{
      .isolation = begun.read_committed ? Isolation::read_committed : Isolation::serializable,
      .reading = last || random_.chance(0.4) ? Reading::latest : Reading::local,
      .contended = random_.chance(0.1),
  };
  id_ = run_.history->begin(std::move(begun), run_.now());
  deadline_ = in(!last && random_.chance(0.15) ? std::chrono::milliseconds(random_.between(50, 1'000)) : kTimeout);
  Transaction transaction(shared_, options);
  const auto acted = last ? co_await range(transaction, "k", "l", 1'000) : co_await act(transaction);
  if (!acted) {
    end(acted.error(), true);
    co_return acted;
  }
  const auto done = co_await transaction.commit(deadline_);
  if (!done) {
    end(done.error(), false);
    co_return done;
  }
  run_.history->end_ok(id_, run_.now());
  co_return done;
}

// Before the commit nothing can have happened. Of one that the node's end has cut off nobody knows.
void TransactionWorker::end(Error error, bool before_commit) {
  if (before_commit) {
    error.certainty = Certainty::not_applied;
  } else if (error.code == ErrorCode::unknown_outcome || error.code == ErrorCode::cancelled) {
    error.certainty = Certainty::unknown;
  }
  run_.history->end_error(id_, error, run_.now());
}

Task<void> TransactionWorker::act(Transaction& transaction) {
  const auto steps = random_.between(1, 5);
  for (int i = 0; i < steps; ++i) {
    const double choice = random_.unit();
    if (choice < 0.15) {
      LATIUM_CO_CHECKED(co_await some_range(transaction));
    } else if (choice < 0.45) {
      LATIUM_CO_CHECKED(co_await read(transaction, any_key()));
    } else if (choice < 0.55) {
      LATIUM_CO_CHECKED(co_await try_out(transaction));
    } else {
      LATIUM_CO_CHECKED(co_await change(transaction, any_key()));
    }
  }
  co_return Result<void>();
}

Task<void> TransactionWorker::read(Transaction& transaction, Bytes key) {
  LATIUM_CO_TRY(const auto found, co_await transaction.get({row(key)}, deadline_));
  note({.kind = MicroOp::Kind::read, .key = std::move(key), .value = value_of(found[0])});
  co_return Result<void>();
}

Task<void> TransactionWorker::some_range(Transaction& transaction) {
  const Bytes begin = generation(random_.chance(0.3) ? 1 : 0);
  const Bytes end = random_.chance(0.5) ? generation(0) + "9" : begin + std::to_string(1 + random_.below(kKeysAtOnce));
  return range(transaction, begin, end, random_.chance(0.3) ? 2 : 100);
}

Task<void> TransactionWorker::range(Transaction& transaction, Bytes begin, Bytes end, std::size_t limit) {
  LATIUM_CO_TRY(const auto page, co_await transaction.range(tenant_, all_partitions(), {begin, end}, limit, deadline_));
  MicroOp op{.kind = MicroOp::Kind::range, .key = std::move(begin), .end = std::move(end)};
  for (const auto& found : page.rows) op.rows.emplace_back(found.key.key.substr(1), value_of(found.row));
  if (page.more) op.end = op.rows.back().first + '\0';
  note(std::move(op));
  co_return Result<void>();
}

Task<void> TransactionWorker::change(Transaction& transaction, Bytes key) {
  // Values that nobody else writes, so that who reads one knows where it is from.
  const Bytes value = std::to_string(++run_.values);
  LATIUM_CO_CHECKED(co_await read(transaction, key));
  const KeyValue before = operation().ops.back().value;
  if (run_.lists) {
    std::vector<Bytes> elements = before.value_or(std::vector<Bytes>());
    elements.push_back(value);
    transaction.put(row(key), row_of(elements));
    note({.kind = MicroOp::Kind::append, .key = std::move(key), .value = std::vector{value}});
  } else if (key.back() == kRemovable && random_.chance(0.4)) {
    transaction.remove(row(key));
    note({.kind = MicroOp::Kind::write, .key = std::move(key)});
  } else {
    transaction.put(row(key), value);
    note({.kind = MicroOp::Kind::write, .key = std::move(key), .value = std::vector{value}});
  }
  co_return Result<void>();
}

// Changes that are taken back: nobody may ever see them, and what was read meanwhile is as if it had not been.
Task<void> TransactionWorker::try_out(Transaction& transaction) {
  const auto savepoint = transaction.savepoint();
  const std::size_t ops = operation().ops.size();
  LATIUM_CO_CHECKED(co_await change(transaction, any_key()));
  if (random_.chance(0.5)) LATIUM_CO_CHECKED(co_await change(transaction, any_key()));
  transaction.rollback_to(savepoint);
  operation().ops.resize(ops);
  co_return Result<void>();
}

}  // namespace latium::sim
