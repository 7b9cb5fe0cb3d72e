// FaultEngine: an engine that fails on purpose, over another that works. For tests of whatever stands on an engine.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "base/random.h"
#include "store/engine.h"

namespace latium {

enum class EngineOperation : std::uint8_t { get, multi_get, scan, write, submit, checkpoint };
inline constexpr std::size_t kEngineOperationCount = 6;

enum class EngineFault : std::uint8_t {
  none,
  io_error,         ///< not_applied; a scan: the cursor stops short with it
  corruption,       ///< of reads; a scan: as above
  unknown_applied,  ///< of write and submit: io_error with certainty unknown, though the batch was written
  unknown_lost,     ///< of write and submit: io_error with certainty unknown, and the batch was not written
  read_only,        ///< of write and submit
  overloaded,       ///< of submit
};

/// Probabilities of each operation, drawn in this order; the rest succeeds.
struct EngineFaultRates {
  double io_error = 0;
  double corruption = 0;
  double unknown = 0;  ///< half of them applied
  double read_only = 0;
  double overloaded = 0;
};

/// Any thread. Faults come from a script while it lasts, then from the rates. A fault that an operation cannot have (see
/// EngineFault) counts as none.
class FaultEngine final : public Engine {
 public:
  FaultEngine(std::unique_ptr<Engine> inner, EngineFaultRates rates, Random random);

  void set_rates(EngineFaultRates rates);
  /// The next operations of this kind take these faults, one each, before the rates count again.
  void script(EngineOperation operation, std::initializer_list<EngineFault> faults);
  /// Faults injected so far.
  std::uint64_t injected() const;
  Engine& inner() { return *inner_; }

  Result<ReadResult> get(Family family, BytesView key, ReadMode mode, const Snapshot* snapshot) override;
  std::vector<Result<ReadResult>> multi_get(Family family, std::span<const Bytes> keys, const Snapshot* snapshot) override;
  Result<std::unique_ptr<Cursor>> scan(Family family, KeyRange range, const Snapshot* snapshot) override;
  std::shared_ptr<const Snapshot> snapshot() override { return inner_->snapshot(); }
  Result<void> write(WriteBatch batch, Durability durability) override;
  void submit(WriteBatch batch, Durability durability, WriteDone done) override;
  Result<void> checkpoint(const std::string& directory) override;
  EngineHealth health() override { return inner_->health(); }
  EngineStatistics statistics() override { return inner_->statistics(); }
  Result<void> close() override { return inner_->close(); }

 private:
  EngineFault draw(EngineOperation operation);
  EngineFault draw_by_rate();  // mutex held

  const std::unique_ptr<Engine> inner_;
  mutable std::mutex mutex_;
  EngineFaultRates rates_;
  Random random_;
  std::array<std::deque<EngineFault>, kEngineOperationCount> scripts_;
  std::uint64_t injected_ = 0;
};

}  // namespace latium
