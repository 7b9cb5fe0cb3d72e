#include "store/fault_engine.h"

#include <utility>

namespace latium {
namespace {

bool possible(EngineOperation operation, EngineFault fault) {
  const bool writes = operation == EngineOperation::write || operation == EngineOperation::submit;
  switch (fault) {
    case EngineFault::none:
      return false;
    case EngineFault::io_error:
      return true;
    case EngineFault::corruption:
      return !writes && operation != EngineOperation::checkpoint;
    case EngineFault::unknown_applied:
    case EngineFault::unknown_lost:
    case EngineFault::read_only:
      return writes;
    case EngineFault::overloaded:
      return operation == EngineOperation::submit;
  }
  return false;
}

Error to_error(EngineFault fault) {
  switch (fault) {
    case EngineFault::none:
      break;
    case EngineFault::io_error:
      return {ErrorCode::io_error, "injected: the disk failed"};
    case EngineFault::corruption:
      return {ErrorCode::corruption, "injected: a block fails its checksum"};
    case EngineFault::unknown_applied:
    case EngineFault::unknown_lost:
      return {ErrorCode::io_error, Certainty::unknown, "injected: the log could not be synced"};
    case EngineFault::read_only:
      return {ErrorCode::read_only, "injected: the disk is full"};
    case EngineFault::overloaded:
      return {ErrorCode::overloaded, "injected: the commit queue is full"};
  }
  return {ErrorCode::internal, "no fault"};
}

/// Walks some way, then stops with an error.
class StoppingCursor final : public Cursor {
 public:
  StoppingCursor(std::unique_ptr<Cursor> inner, std::uint64_t steps, Error error)
      : inner_(std::move(inner)), steps_(steps), error_(std::move(error)) {}

  bool valid() const override { return steps_ > 0 && inner_->valid(); }
  void next() override {
    --steps_;
    inner_->next();
  }
  BytesView key() const override { return inner_->key(); }
  BytesView value() const override { return inner_->value(); }
  Result<void> status() const override {
    // A range that is shorter than the walk fails at its end: the fault that was drawn is always seen.
    if (!valid()) return fail(error_);
    return inner_->status();
  }

 private:
  std::unique_ptr<Cursor> inner_;
  std::uint64_t steps_;
  Error error_;
};

constexpr std::uint64_t kLongestWalk = 8;

}  // namespace

FaultEngine::FaultEngine(std::unique_ptr<Engine> inner, EngineFaultRates rates, Random random)
    : inner_(std::move(inner)), rates_(rates), random_(random) {}

void FaultEngine::set_rates(EngineFaultRates rates) {
  std::scoped_lock lock(mutex_);
  rates_ = rates;
}

void FaultEngine::script(EngineOperation operation, std::initializer_list<EngineFault> faults) {
  std::scoped_lock lock(mutex_);
  std::deque<EngineFault>& queue = scripts_[static_cast<std::size_t>(operation)];
  queue.insert(queue.end(), faults);
}

std::uint64_t FaultEngine::injected() const {
  std::scoped_lock lock(mutex_);
  return injected_;
}

EngineFault FaultEngine::draw(EngineOperation operation) {
  std::scoped_lock lock(mutex_);
  std::deque<EngineFault>& queue = scripts_[static_cast<std::size_t>(operation)];
  EngineFault fault;
  if (queue.empty()) {
    fault = draw_by_rate();
  } else {
    fault = queue.front();
    queue.pop_front();
  }
  if (!possible(operation, fault)) return EngineFault::none;
  ++injected_;
  return fault;
}

EngineFault FaultEngine::draw_by_rate() {
  if (random_.chance(rates_.io_error)) return EngineFault::io_error;
  if (random_.chance(rates_.corruption)) return EngineFault::corruption;
  if (random_.chance(rates_.unknown)) return random_.chance(0.5) ? EngineFault::unknown_applied : EngineFault::unknown_lost;
  if (random_.chance(rates_.read_only)) return EngineFault::read_only;
  if (random_.chance(rates_.overloaded)) return EngineFault::overloaded;
  return EngineFault::none;
}

Result<ReadResult> FaultEngine::get(Family family, BytesView key, ReadMode mode, const Snapshot* snapshot) {
  if (const EngineFault fault = draw(EngineOperation::get); fault != EngineFault::none) return fail(to_error(fault));
  return inner_->get(family, key, mode, snapshot);
}

std::vector<Result<ReadResult>> FaultEngine::multi_get(Family family, std::span<const Bytes> keys, const Snapshot* snapshot) {
  std::vector<Result<ReadResult>> results = inner_->multi_get(family, keys, snapshot);
  const EngineFault fault = draw(EngineOperation::multi_get);
  if (fault == EngineFault::none || results.empty()) return results;
  // One key fails, the others are answered.
  std::scoped_lock lock(mutex_);
  results[random_.below(results.size())] = fail(to_error(fault));
  return results;
}

Result<std::unique_ptr<Cursor>> FaultEngine::scan(Family family, KeyRange range, const Snapshot* snapshot) {
  LATIUM_TRY(std::unique_ptr<Cursor> cursor, inner_->scan(family, std::move(range), snapshot));
  const EngineFault fault = draw(EngineOperation::scan);
  if (fault == EngineFault::none) return cursor;
  std::scoped_lock lock(mutex_);
  return std::make_unique<StoppingCursor>(std::move(cursor), random_.below(kLongestWalk), to_error(fault));
}

Result<void> FaultEngine::write(WriteBatch batch, Durability durability) {
  const EngineFault fault = draw(EngineOperation::write);
  if (fault == EngineFault::none) return inner_->write(std::move(batch), durability);
  if (fault == EngineFault::unknown_applied) LATIUM_CHECKED(inner_->write(std::move(batch), durability));
  return fail(to_error(fault));
}

void FaultEngine::submit(WriteBatch batch, Durability durability, WriteDone done) {
  const EngineFault fault = draw(EngineOperation::submit);
  if (fault == EngineFault::none) return inner_->submit(std::move(batch), durability, std::move(done));
  // An empty batch goes through the inner engine's queue in the place of one that is not to be written: so the answer comes
  // through its executor, in its turn.
  if (fault != EngineFault::unknown_applied) batch = WriteBatch();
  inner_->submit(std::move(batch), Durability::buffered, [fault, done = std::move(done)](Result<void> result) mutable {
    done(result ? fail(to_error(fault)) : std::move(result));
  });
}

Result<void> FaultEngine::checkpoint(const std::string& directory) {
  if (const EngineFault fault = draw(EngineOperation::checkpoint); fault != EngineFault::none) return fail(to_error(fault));
  return inner_->checkpoint(directory);
}

}  // namespace latium
