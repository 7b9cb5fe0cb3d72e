// EngineHost: how a test opens one kind of engine, again and again, on the same storage.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "tests/store/engine_kit.h"

namespace latium::testing {

/// A storage on which one kind of engine is opened, closed and opened again.
class EngineHost {
 public:
  virtual ~EngineHost() = default;
  virtual Result<std::unique_ptr<Engine>> open(CompletionExecutor executor) = 0;
  /// A name for Engine::checkpoint, which open_checkpoint() opens.
  virtual std::string checkpoint_name() = 0;
  virtual Result<std::unique_ptr<Engine>> open_checkpoint(CompletionExecutor executor) = 0;
};

struct EngineKind {
  std::string name;
  std::function<std::unique_ptr<EngineHost>()> make_host;
};

}  // namespace latium::testing
