// The engines that the conformance suite and the model test run on. A new kind of engine is one line in engine_kinds().
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "store/fault_engine.h"
#include "tests/store/engine_host.h"
#if __has_include("store/memory_engine.h")
#include "store/memory_engine.h"
#define LATIUM_TEST_MEMORY_ENGINE 1
#endif

namespace latium::testing {

class RocksHost final : public EngineHost {
 public:
  Result<std::unique_ptr<Engine>> open(CompletionExecutor executor) override {
    return open_rocks_engine(small_rocks_options(directory_ / "db", std::move(executor)));
  }
  std::string checkpoint_name() override { return directory_ / "copy"; }
  Result<std::unique_ptr<Engine>> open_checkpoint(CompletionExecutor executor) override {
    return open_rocks_engine(small_rocks_options(checkpoint_name(), std::move(executor)));
  }

 private:
  TempDirectory directory_;
};

/// Another host's engine behind a FaultEngine that never fails.
class FaultlessHost final : public EngineHost {
 public:
  explicit FaultlessHost(std::unique_ptr<EngineHost> inner) : inner_(std::move(inner)) {}

  Result<std::unique_ptr<Engine>> open(CompletionExecutor executor) override { return wrap(inner_->open(std::move(executor))); }
  std::string checkpoint_name() override { return inner_->checkpoint_name(); }
  Result<std::unique_ptr<Engine>> open_checkpoint(CompletionExecutor executor) override {
    return wrap(inner_->open_checkpoint(std::move(executor)));
  }

 private:
  static Result<std::unique_ptr<Engine>> wrap(Result<std::unique_ptr<Engine>> opened) {
    LATIUM_TRY(std::unique_ptr<Engine> engine, std::move(opened));
    return std::make_unique<FaultEngine>(std::move(engine), EngineFaultRates{}, Random(1));
  }

  std::unique_ptr<EngineHost> inner_;
};

#ifdef LATIUM_TEST_MEMORY_ENGINE
class MemoryHost final : public EngineHost {
 public:
  Result<std::unique_ptr<Engine>> open(CompletionExecutor executor) override { return open_on(disk_, std::move(executor)); }
  std::string checkpoint_name() override { return "copy"; }
  Result<std::unique_ptr<Engine>> open_checkpoint(CompletionExecutor executor) override {
    copy_ = disk_.directory("copy");
    return open_on(*copy_, std::move(executor));
  }

 private:
  static Result<std::unique_ptr<Engine>> open_on(SimulatedDisk& disk, CompletionExecutor executor) {
    MemoryEngine::Options options;
    options.completion = std::move(executor);
    return MemoryEngine::open(disk, std::move(options));
  }

  SimulatedDisk disk_;
  std::shared_ptr<SimulatedDisk> copy_;
};
#endif

inline std::vector<EngineKind> engine_kinds() {
  return {
      {"Rocks", [] { return std::make_unique<RocksHost>(); }},
      {"Faultless", [] { return std::make_unique<FaultlessHost>(std::make_unique<RocksHost>()); }},
#ifdef LATIUM_TEST_MEMORY_ENGINE
      {"Memory", [] { return std::make_unique<MemoryHost>(); }},
#endif
  };
}

}  // namespace latium::testing
